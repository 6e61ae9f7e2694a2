//! What the reports have in common: how they are asked for and how they are answered.

pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod table;
