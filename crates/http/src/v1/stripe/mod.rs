//! `/v1/stripe`

pub(crate) mod webhook;
