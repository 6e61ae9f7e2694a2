//! The engine under test: the writer alone on a faulty disk, and whole environments on a real one.

mod environment;
mod erase;
mod runs;
mod world;
mod writer;
