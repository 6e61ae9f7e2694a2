//! Pages for people, and the files that belong to them.

pub(crate) mod assets;
