//! A journal in memory.

use chargly_ledger::{
    DecodeError, EntryId, Fact, Millis, Payload, PayloadOf, Position, Recorded, Recorder, RecorderFull, State,
};
use compact_str::CompactString;

/// A fact as a journal would store it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it stands: dense, from 0.
    pub position: Position,
    /// The time of its frame.
    pub at: Millis,
    /// Its binary form.
    pub fact: Vec<u8>,
    /// The binary form of its payload, where it has one.
    pub payload: Option<Vec<u8>>,
}

impl Stored {
    /// The customer's own id, where the payload has it.
    fn customer(&self) -> Result<Option<CompactString>, DecodeError> {
        self.payload.as_deref().map_or(Ok(None), Payload::decode_customer)
    }
}

/// Records facts in memory, encoded, in the order in which they happen.
#[derive(Clone, Debug, Default)]
pub struct VecRecorder {
    /// The time of the frame being filled; the owner moves it.
    pub now: Millis,
    /// What the caller of the next call brings along, stored with that call's own fact.
    pub payload: Payload,
    /// How many more facts fit; `None` for no end.
    pub room: Option<usize>,
    stored: Vec<Stored>,
}

impl VecRecorder {
    /// Everything recorded, in order.
    pub fn stored(&self) -> &[Stored] {
        &self.stored
    }

    /// The fact at a position, decoded.
    pub fn fact(&self, position: Position) -> Option<Fact> {
        let stored = self.stored.get(usize::try_from(position.0).ok()?)?;
        Some(Fact::decode(&stored.fact).expect("a fact recorded here decodes"))
    }

    /// The customer's own id beside the fact at a position.
    pub fn customer(&self, position: Position) -> Option<String> {
        let stored = self.stored.get(usize::try_from(position.0).ok()?)?;
        stored.customer().expect("a payload recorded here decodes").map(Into::into)
    }

    /// The public id of the fact at a position.
    pub fn id(&self, position: Position) -> Option<EntryId> {
        let stored = self.stored.get(usize::try_from(position.0).ok()?)?;
        Some(EntryId::seal(position, stored.at, &stored.fact))
    }

    /// When the fact at a position was recorded.
    pub fn recorded_at(&self, position: Position) -> Option<Millis> {
        self.stored.get(usize::try_from(position.0).ok()?).map(|stored| stored.at)
    }

    /// Forgets everything behind the first `len` facts, as a failed append would.
    pub fn truncate(&mut self, len: usize) {
        self.stored.truncate(len);
    }

    /// Folds everything recorded into a fresh state.
    pub fn replay(&self) -> Result<State, DecodeError> {
        let mut state = State::new();
        fold(&mut state, &self.stored)?;
        Ok(state)
    }
}

/// Applies stored facts to a state, in order.
pub fn fold(state: &mut State, stored: &[Stored]) -> Result<(), DecodeError> {
    for one in stored {
        let fact = Fact::decode(&one.fact)?;
        let recorded = Recorded::new(one.position, one.at, &fact, &one.fact);
        state.apply(recorded, &fact, one.customer()?.as_deref());
    }
    Ok(())
}

impl Recorder for VecRecorder {
    fn record(&mut self, fact: &Fact, payload: PayloadOf<'_>) -> Result<Recorded, RecorderFull> {
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(1).ok_or(RecorderFull)?;
        }
        let payload = match payload {
            PayloadOf::Nothing => None,
            PayloadOf::Call => Some(std::mem::take(&mut self.payload)).filter(|p| !p.is_empty()),
            PayloadOf::Customer(id) => Some(Payload { customer: Some(id.into()), ..Payload::default() }),
        };
        let position = Position(self.stored.len() as u64);
        let bytes = fact.encode();
        let recorded = Recorded::new(position, self.now, fact, &bytes);
        let payload = payload.map(|p| p.encode());
        self.stored.push(Stored { position, at: self.now, fact: bytes, payload });
        Ok(recorded)
    }
}
