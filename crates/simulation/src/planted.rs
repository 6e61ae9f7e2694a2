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
    /// What changed after a checkpoint was handed over leaves memory all the same.
    ChangedRecordEvicted,
    /// Records that a call brings back are believed, however old they are.
    StaleWarmAccepted,
    /// Some keys are not found in the run that holds them.
    RunForgotKey,
    /// Keys leave the writer when their run is full, and not when it is published.
    KeysForgottenEarly,
    /// Used-up lots leave memory without being written.
    ClosedLotLost,
    /// What a checkpoint holds leaves memory although it could not be written.
    FailedCheckpointEvicted,
    /// A checkpoint is written although the one before it failed, whose changes it does not hold.
    CheckpointBehindAFailedOne,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::HastyAnswers,
        Self::KeysKeptOnUndo,
        Self::FrameLostAtRestart,
        Self::CommandRunAgain,
        Self::ClockBelieved,
        Self::StaleReads,
        Self::ChangedRecordEvicted,
        Self::StaleWarmAccepted,
        Self::RunForgotKey,
        Self::KeysForgottenEarly,
        Self::ClosedLotLost,
        Self::FailedCheckpointEvicted,
        Self::CheckpointBehindAFailedOne,
    ];
}
