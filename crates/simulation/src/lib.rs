//! Seeded simulation of the engine core under faults, with an independent auditor.
