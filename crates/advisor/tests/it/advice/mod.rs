//! Advice on products made by hand, where every figure can be worked out on paper.

mod books;
mod kinds;
mod products;
mod sparse;
