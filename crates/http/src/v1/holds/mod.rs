//! `/v1/holds`

pub(crate) mod capture;
pub(crate) mod extend;
pub(crate) mod get;
pub(crate) mod increase;
pub(crate) mod place;
pub(crate) mod void;
