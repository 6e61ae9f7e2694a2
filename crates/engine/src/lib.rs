//! The running environment: writer, group commit, timers, live tail; one use case per file.
