//! The load generator of the published benchmark.
