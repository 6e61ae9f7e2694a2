//! `/api/billing`

pub(crate) mod checkout;
