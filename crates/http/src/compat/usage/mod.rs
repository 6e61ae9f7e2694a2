//! `/api/usage`

pub(crate) mod log;
