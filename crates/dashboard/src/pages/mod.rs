//! The pages, one per file.

pub(crate) mod overview;
mod parts;
