//! The dashboard, asked through its router over real environments, by people who signed in by a link.

mod prices;
