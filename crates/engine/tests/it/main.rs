//! The engine under test: the writer alone on a faulty disk, and whole environments on a real one.

mod advice;
mod advice_on_servegen;
mod corrections;
mod environment;
mod erase;
mod expiring_lots;
mod figures;
mod fixtures;
mod keeper;
mod price_impact;
mod refold;
mod runs;
mod simulate;
mod split;
mod time;
mod uncharged;
mod world;
mod writer;
