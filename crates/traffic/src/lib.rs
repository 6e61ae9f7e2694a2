//! Recorded usage traces and the seeded generator of sample traffic.
