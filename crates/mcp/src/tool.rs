//! What a tool is: one route, its arguments by the names that a model reads, and how the answer is shown.

use chargly_api::Problem;
use serde_json::Value;

use crate::args::Sent;

/// A tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// For a model: when to use it, what it costs, what may go wrong.
    pub(crate) description: &'static str,
    pub(crate) method: &'static str,
    /// The path of the route, with `{…}` for what varies.
    pub(crate) path: &'static str,
    /// The scope that the route asks a key for, as it is told to whoever makes keys.
    pub(crate) scope: &'static str,
    pub(crate) effect: Effect,
    pub(crate) fields: &'static [Field],
    /// The schema of what [`Tool::present`] gives.
    pub(crate) output: fn() -> Value,
    /// From the route's answer to the tool's.
    pub(crate) present: fn(&Value, &Sent) -> Result<Value, Problem>,
}

/// What calling a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// Sets something aside or opens something, which is undone by letting it lapse.
    Adds,
    /// Takes credits, ends a hold, or decides something.
    Takes,
}

/// An argument.
pub(crate) struct Field {
    /// Its name for the model.
    pub(crate) name: &'static str,
    pub(crate) to: To,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

/// Where the route takes an argument, and by which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Path(&'static str),
    Query(&'static str),
    Body(&'static str),
}

impl To {
    /// The route's name of the argument.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Path(name) | Self::Query(name) | Self::Body(name) => name,
        }
    }
}

/// What an argument looks like. The route decides; what stands here is promised by the schema and checked by type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Text of 1 to so many characters.
    Text(usize),
    /// An event type's name.
    Event,
    /// A point in time.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Credits or a quantity, more than zero.
    Amount,
    /// Credits, zero or more.
    Credits,
    /// A whole number within these bounds.
    Whole(u64, u64),
    Boolean,
    /// An object of text, numbers and yes-or-no.
    Object,
    /// The key under which a call is made once.
    Key(WithoutKey),
}

/// What stands in for a key that a caller leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutKey {
    /// A random one.
    Fresh,
    /// The id of the hold, which ends once; a random one for a step, of which there may be many.
    TheHold,
}

impl Field {
    /// An argument that has to be given.
    pub(crate) const fn required(name: &'static str, to: To, shape: Shape, about: &'static str) -> Self {
        Self { name, to, shape, required: true, about }
    }

    /// An argument that may be left out.
    pub(crate) const fn optional(name: &'static str, to: To, shape: Shape, about: &'static str) -> Self {
        Self { name, to, shape, required: false, about }
    }
}
