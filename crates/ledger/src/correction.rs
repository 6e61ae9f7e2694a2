//! Corrections: many events put right by one decision, each by a fact of its own. What is decided is recorded before
//! the first of those facts, so that it can be gone on with after a crash, and read for ever.
//!
//! Invariants: one correction runs at a time, so that no two look at the same event at once; a correction is undone at
//! most once, by another one; a record of the catalogue stays small, since the catalogue is copied at every change.
//!
//! Not owned here: which events a filter finds, and the work of going through them (the engine).

use compact_str::CompactString;

use crate::codec::{boxed_codec, codec_enum, codec_struct, encode_one};
use crate::{
    Catalogue, Dimension, EntryId, EventTypeNo, Fields, Grid, KeyHash, KeyNo, Millis, Position, PriceNo,
    Rejection, Rounding, Rule, WalletNo,
};

/// Events that one correction may name one by one. They stand in its fact, which has to fit a frame.
pub const CORRECTION_EVENTS_NAMED_MAX: usize = 1_000;

/// Which events a correction is about. What is not given lets every event pass.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CorrectionFilter {
    /// Of this type.
    pub event_type: Option<EventTypeNo>,
    /// Of this wallet. Its customer's own id is no part of a fact.
    pub wallet: Option<WalletNo>,
    /// That occurred at this instant or later.
    pub from: Option<Millis>,
    /// That occurred before this instant.
    pub to: Option<Millis>,
    /// Charged by this price version.
    pub price: Option<PriceNo>,
    /// With this declared dimension.
    pub dimension: Option<Dimension>,
    /// Only these, ascending; any when empty.
    pub events: Vec<Position>,
}
codec_struct!(CorrectionFilter { event_type, wallet, from, to, price, dimension, events });

/// What a correction does with its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectionAction {
    /// Gives back what is left of each.
    Reverse,
    /// Puts each at what this version would have charged.
    Reprice {
        /// Which version.
        price: PriceNo,
    },
    /// Puts each at what this rule would have charged.
    RepriceBy {
        /// The rule.
        rule: Rule,
        /// To what it is rounded.
        grid: Grid,
        /// Which way.
        rounding: Rounding,
    },
    /// Takes back what another correction did. Its events are those of the other one, whatever the filter says.
    Undo {
        /// Which correction, by the place of its fact.
        correction: Position,
    },
}
codec_enum!(CorrectionAction, "action of a correction" {
    1 => Reverse,
    2 => Reprice { price },
    3 => RepriceBy { rule, grid, rounding },
    4 => Undo { correction },
});

impl CorrectionAction {
    /// As it was asked for: rate cards that nobody named are the newest, whichever that was.
    fn as_asked(&self) -> Self {
        match self {
            Self::RepriceBy { rule, grid, rounding } => {
                Self::RepriceBy { rule: rule.as_asked(), grid: *grid, rounding: *rounding }
            }
            other => other.clone(),
        }
    }

    /// The correction that this one undoes.
    pub const fn undoes(&self) -> Option<Position> {
        match self {
            Self::Undo { correction } => Some(*correction),
            Self::Reverse | Self::Reprice { .. } | Self::RepriceBy { .. } => None,
        }
    }
}

/// Put many events right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionRequest {
    /// Which events.
    pub filter: CorrectionFilter,
    /// What is done with them.
    pub action: CorrectionAction,
    /// Why.
    pub note: CompactString,
    /// Only events below this position: the journal's head as the preview saw it.
    pub up_to: Position,
    /// What the preview found, as a digest.
    pub digest: [u8; 16],
    /// How many events the preview would change.
    pub events: u64,
}
codec_struct!(CorrectionRequest { filter, action, note, up_to, digest, events });

boxed_codec!(CorrectionRequest, CorrectionSums);

impl CorrectionRequest {
    /// The bytes that a preview's digest begins with: which events, and what is done with them.
    pub fn scope_bytes(filter: &CorrectionFilter, action: &CorrectionAction, up_to: Position) -> Vec<u8> {
        let mut bytes = encode_one(filter);
        bytes.extend(encode_one(action));
        bytes.extend(encode_one(&up_to));
        bytes
    }

    /// The operation and fields of this request.
    pub(crate) fn asked_fields(&self) -> (&'static str, Fields) {
        let digest: String = self.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let fields = vec![
            ("filter", format!("{:?}", self.filter)),
            ("action", format!("{:?}", self.action.as_asked())),
            ("note", self.note.to_string()),
            ("preview", format!("{}.{digest}", self.up_to)),
        ];
        ("open_correction", fields)
    }

    pub(crate) fn check(&self, catalogue: &Catalogue) -> Result<(), Rejection> {
        if catalogue.open_correction().is_some() {
            return Err(Rejection::CorrectionRunning);
        }
        if self.filter.events.len() > CORRECTION_EVENTS_NAMED_MAX {
            let problem = format!("must not be more than {CORRECTION_EVENTS_NAMED_MAX}");
            return Err(Rejection::invalid("filter.ids", problem));
        }
        match &self.action {
            CorrectionAction::Reverse => Ok(()),
            CorrectionAction::Reprice { price } => {
                catalogue.price(*price).map(|_| ()).ok_or(Rejection::NotFound { kind: "price_version" })
            }
            CorrectionAction::RepriceBy { rule, rounding, .. } => {
                catalogue.checked_rule(rule, *rounding).map(|_| ())
            }
            CorrectionAction::Undo { correction } => {
                catalogue.correction(*correction).ok_or(Rejection::NotFound { kind: "correction" })?;
                match catalogue.undone_by(*correction) {
                    None => Ok(()),
                    Some(_) => Err(Rejection::invalid(
                        "correction",
                        "was undone already: to have it back, undo the correction that undid it",
                    )),
                }
            }
        }
    }
}

/// What a correction did, all in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CorrectionSums {
    /// Events that it changed.
    pub events: u64,
    /// Micro-credits that it gave back. 128 bits, because a sum over many wallets passes 64.
    pub returned_micro: i128,
    /// Micro-credits that it charged.
    pub charged_micro: i128,
    /// Events that it found and could not change.
    pub left_alone: u64,
}
codec_struct!(CorrectionSums { events, returned_micro, charged_micro, left_alone });

/// What is remembered of a correction. The rest is in its fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The fact that opened it.
    pub id: EntryId,
    /// The idempotency key's hash.
    pub key: Option<KeyHash>,
    /// Who decided it.
    pub author: KeyNo,
    /// When.
    pub opened_at: Millis,
    /// The correction that it undoes.
    pub undoes: Option<Position>,
    /// Where its last fact stands, when, and what it did; `None` while it goes on.
    pub closed: Option<ClosedCorrection>,
}
codec_struct!(Correction { id, key, author, opened_at, undoes, closed });

/// How a correction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedCorrection {
    /// The fact that closed it: all its changes stand between this and its opening.
    pub position: Position,
    /// When.
    pub at: Millis,
    /// What it did.
    pub sums: CorrectionSums,
}
codec_struct!(ClosedCorrection { position, at, sums });

impl Catalogue {
    /// A correction by the place of the fact that opened it.
    pub fn correction(&self, position: Position) -> Option<&Correction> {
        let at = self.corrections.binary_search_by_key(&position, |known| known.id.position).ok()?;
        self.corrections.get(at)
    }

    /// The one that goes on.
    pub fn open_correction(&self) -> Option<&Correction> {
        self.corrections.last().filter(|last| last.closed.is_none())
    }

    /// The correction that undid this one.
    pub fn undone_by(&self, position: Position) -> Option<&Correction> {
        self.corrections.iter().find(|known| known.undoes == Some(position))
    }

    pub(crate) fn close_correction(&mut self, position: Position, closed: ClosedCorrection) {
        if let Some(known) = self.corrections.iter_mut().find(|known| known.id.position == position) {
            known.closed = Some(closed);
        }
    }
}
