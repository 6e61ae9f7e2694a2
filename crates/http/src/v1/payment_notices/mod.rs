//! `/v1/payment-notices`

pub(crate) mod list;
