//! The wire contract: request reading, error codes, ids, limits.
