//! The file: what is there after it is closed, copied, opened by an older build, or opened with another key.

mod file;
mod notices;
mod queue;
