//! The views, seen from outside: hand-made facts against hand-made sums.

mod active;
mod books;
mod corrections;
mod dimensions;
mod disk;
mod encoded;
mod facts;
mod flushing;
mod folding;
mod kept;
mod queries;
mod rankings;
mod sales;
mod swapping;
mod zones;
