//! Everything found by key: idempotency keys, checkpoints.
