//! Bugs planted on purpose. A simulation that does not find them proves nothing.

/// A mistake that an engine could make, made by the simulation around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bug {
    /// A failed append is taken for a durable one, so that callers are answered before their flush.
    HastyAnswers,
    /// A group that is undone keeps its keys bound.
    KeysKeptOnUndo,
    /// A restart forgets the last chunk of the journal.
    FrameLostAtRestart,
    /// After a restart a command that was acknowledged is run again.
    CommandRunAgain,
    /// A restart believes the wall clock, whatever it says.
    ClockBelieved,
    /// A balance is answered from a copy that is one read old.
    StaleReads,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::HastyAnswers,
        Self::KeysKeptOnUndo,
        Self::FrameLostAtRestart,
        Self::CommandRunAgain,
        Self::ClockBelieved,
        Self::StaleReads,
    ];
}
