//! `/v1/events`

pub(crate) mod batch;
mod batch_body;
pub(crate) mod collect;
pub(crate) mod cost;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod meter;
pub(crate) mod request;
pub(crate) mod reverse;
pub(crate) mod sent_cost;
pub(crate) mod view;
