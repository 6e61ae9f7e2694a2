//! The HTTP door: one endpoint per file.
