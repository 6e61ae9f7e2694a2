//! All words that a group's file is written with, for one `use`.

pub(crate) use chargly_api::ErrorCode::*;
pub(crate) use chargly_api::limits::*;
pub(crate) use chargly_ledger::Scope;

pub(crate) use crate::kinds::*;
pub(crate) use crate::operation::{Group, any_number, delete, get, post, put};
pub(crate) use crate::schema::{
    Schema, any_object, any_of, boolean, count, gives, list, list_up_to, map, may, must, named, prose, reads,
    some_of, some_text, takes, text, whole, within, words,
};

/// An answer as a file of `samples/` has it: real, and taken from the tests.
macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../samples/", $name, ".json"))
    };
}
pub(crate) use sample;
