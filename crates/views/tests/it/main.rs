//! The views, seen from outside: hand-made facts against hand-made sums.

mod disk;
mod facts;
mod folding;
mod queries;
mod swapping;
