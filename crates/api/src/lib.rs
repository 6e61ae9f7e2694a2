//! The wire contract: how requests are read, how answers are written, what errors are called, how ids look.
//!
//! Everything here is total on any bytes: whatever a caller sends is read or refused with the field named, and
//! nothing panics. Amounts cross as text, exactly; there is no float.
//!
//! Not owned here: what a request means (`ledger`), who may send it and over which transport (the doors).

mod base32;
mod cloud_event;
mod code;
mod cursor;
mod digits;
mod fields;
mod ids;
mod json;
pub mod limits;
mod nearest;
mod object;
mod problem;
pub mod product;
mod properties;
mod scan;
#[cfg(test)]
mod testing;
pub mod text;
pub mod time;
mod value;

pub use cloud_event::{CloudEvent, is_attribute_header};
pub use code::ErrorCode;
pub use cursor::{Cursor, CursorError};
pub use fields::{Fields, Path};
pub use ids::{Id, IdKind};
pub use json::{ArrayWriter, ObjectWriter, array, object, object_of_about};
pub use nearest::nearest;
pub use object::{BodyError, Item, body_text, each_item, items};
pub use problem::{FieldProblem, Problem, Problems};
pub use properties::Properties;
pub use value::Value;
