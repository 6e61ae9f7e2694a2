//! `/v1/events`

pub(crate) mod batch;
mod batch_body;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod meter;
pub(crate) mod request;
pub(crate) mod reverse;
pub(crate) mod view;
