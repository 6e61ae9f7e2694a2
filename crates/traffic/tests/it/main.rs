//! The crate as its callers see it: files on disk, the committed example mappings, the real traces.

mod files;
mod real_traces;
