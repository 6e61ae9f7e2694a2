//! The append-only, hash-chained journal: frames, chain, head witness, SQLite and in-memory backends.
