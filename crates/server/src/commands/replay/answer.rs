//! What came of one event, whichever way it was metered.

use std::borrow::Cow;

/// What came of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Charged now.
    Accepted(Charged),
    /// Charged by an earlier replay.
    Replayed(Charged),
    /// Not charged; the code of the error.
    Refused(Cow<'static, str>),
    /// Not taken up for now: to be sent again.
    Later,
}

/// The numbers of a charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charged {
    /// Micro-credits.
    pub(crate) credits_micro: i64,
    /// Nano-units recognised; `None` where the answer does not say.
    pub(crate) revenue_nano: Option<i128>,
}
