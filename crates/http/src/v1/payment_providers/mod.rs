//! `/v1/payment-providers`: who takes payments, and whether that works. No secret is in any answer.

pub(crate) mod list;
pub(crate) mod test;
