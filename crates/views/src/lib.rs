//! Rollups folded from the journal, and the queries over them.
