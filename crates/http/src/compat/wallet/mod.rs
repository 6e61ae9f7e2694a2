//! `/api/wallet`

pub(crate) mod balance;
pub(crate) mod consume;
