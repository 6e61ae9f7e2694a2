//! The advisor against hand-worked figures, and against a simulated product whose truth is known.

mod advice;
mod beliefs;
mod cases;
mod claims;
mod costs;
mod coverage;
mod draw;
mod drifts;
mod looks;
mod pairs;
mod simulator;
mod tally;

/// Runs of a long table: as many as the environment variable says, or so many.
fn runs(otherwise: u64) -> u64 {
    std::env::var("CHARGLY_ADVISOR_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(otherwise)
}
