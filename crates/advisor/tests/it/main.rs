//! The advisor against hand-worked figures, and against a simulated product whose truth is known.

mod advice;
mod cases;
mod coverage;
mod simulator;
