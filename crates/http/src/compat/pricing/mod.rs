//! `/api/pricing`

pub(crate) mod recommendations;
pub(crate) mod rules;
