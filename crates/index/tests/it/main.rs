//! Sealed runs and recent keys, through their public interface.

mod damage;
mod recent_keys;
mod runs;
mod runs_set;
mod world;
