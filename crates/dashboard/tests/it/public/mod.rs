//! Pages that open without signing in: what visitors and end users see, and what they must never reach.

mod try_it;
mod wallet;
mod world;
