//! `/v1/grants`

pub(crate) mod void;
