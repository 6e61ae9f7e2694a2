//! The rules: amounts, lots, holds, prices, decide and apply. Pure, synchronous, no I/O.
