//! The pages, one per file.

pub(crate) mod health;
pub(crate) mod overview;
mod parts;
pub(crate) mod settings;
