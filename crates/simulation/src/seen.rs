//! What runs have met. A green run that met none of it would prove nothing.

use std::collections::BTreeMap;

/// What the fixed seeds together must have met, beside the milestones of the rules
/// (`chargly_testkit::script::MILESTONES`): how calls, disks, clocks and crashes came together.
pub const MILESTONES: [&str; 66] = [
    "acknowledged",
    "refused",
    "rejected",
    "several calls in one group",
    "duplicate within one group",
    "replayed",
    "replayed after a restart",
    "refusal replayed",
    "conflict",
    "conflict: operation",
    "key of an undone call used again",
    "key of a rejected call used again",
    "batch split over groups",
    "batch failed in a later group",
    "atomic batch accepted",
    "atomic batch refused",
    "atomic batch rejected",
    "atomic batch too large",
    "atomic batch replayed",
    "group undone: not applied",
    "group undone: disk full",
    "unknown outcome: was applied",
    "unknown outcome: was not applied",
    "unknown outcome: unreadable, was applied",
    "unknown outcome: unreadable, was not applied",
    "flush failed: frame survived",
    "flush failed: frame lost",
    "overtaken by another writer",
    "epoch could not be recorded",
    "crash before answer",
    "crash with calls waiting",
    "lost answer: was applied",
    "lost answer: was not applied",
    "restart from a checkpoint",
    "clock jump refused",
    "clock set back",
    "long stop not believed",
    "idle wallet swept",
    "wallet read",
    "unknown customer read",
    "read held back by an undone group",
    "census read",
    "call never arrived",
    "answer lost on the way",
    "call overtaken by a later one",
    "sent to the index",
    "sent to the runs",
    "records brought back were too old",
    "ended hold brought back",
    "amended event brought back",
    "used-up lot brought back",
    "records left memory",
    "record changed before it could leave memory",
    "checkpoint written",
    "checkpoint failed",
    "checkpoint written after one that failed",
    "checkpoint refused: another is under way",
    "checkpoint lost in a crash",
    "checkpoint found damaged",
    "run sealed",
    "run sealed in a restart",
    "runs found damaged",
    "key found in a run",
    "keys left memory",
    "asked after it stopped",
    "only urgent calls taken up",
];

/// Counts of what was met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(pub(crate) BTreeMap<&'static str, u64>);

impl Seen {
    pub(crate) fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn note_if(&mut self, is: bool, what: &'static str) {
        if is {
            self.note(what);
        }
    }
}
