//! Figures: reports made of the rollups, and of what the lots still owe.

mod lots;

pub use lots::{LotSums, LotsSlice};
