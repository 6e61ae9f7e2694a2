//! The dashboard door: what people look at. One page per file; the module path is the URL path.
//!
//! A page is put together from answers of the API, asked in this process in the name of whoever is signed in, and what a
//! page does is a call of the API too: figures, scopes, rules and audit are those of the HTTP door, and stand nowhere
//! twice. A page is made on the server, whole, and works without a script.
//!
//! Invariants: a file behind a chart has exactly what is drawn; all state of a page stands in its address; links are
//! relative, so that everything holds behind a proxy's prefix; what is not known is never shown as 0; nothing is said by
//! colour alone; nothing changes but by a form of the person's own session.
//!
//! Not owned here: figures and rules (the HTTP door and what is behind it), sockets.

mod api;
mod charts;
mod exports;
mod json;
mod live;
mod look;
mod own_key;
mod page;
mod pages;
mod people;
mod pressed;
mod routes;
mod sample;
mod serve;
mod state;
mod trouble;
mod try_it;
mod visit;
mod wallet;

pub use people::{PEOPLE_FILE, People, PeopleError, Person, Role, copy_people};
pub use routes::page_paths;
pub use sample::{SAMPLE, SampleData, SampleState};
pub use serve::{Dashboard, router};
