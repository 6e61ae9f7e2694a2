//! What a correction did, read back from the journal: one fact for each event, between its opening and its end.

use chargly_ledger::{Asked, Fact, Position, WalletEvent, WalletNo};

use crate::facts::{Facts, ReadFactError};
use crate::outcome::CallError;

/// One fact of a correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) event: Position,
    pub(super) wallet: WalletNo,
    /// Micro-credits given back; charged, where negative; `None` where the ledger refused it.
    pub(super) returned_micro: Option<i64>,
}

/// Reads the changes of a correction from `next` on, below `end`, until there are `limit`; moves `next` on. Reads the
/// disk.
pub(super) fn read_changes(
    facts: &Facts,
    correction: Position,
    next: &mut Position,
    end: Position,
    limit: usize,
) -> Result<Vec<Change>, CallError> {
    let mut found = Vec::new();
    while *next < end && found.len() < limit {
        let chunks = facts.chunks_from(*next)?;
        let Some(last) = chunks.last() else { break };
        let (from, chunks_end) = (*next, Position(last.end().0));
        *next = chunks_end.min(end);
        for entry in chunks.iter().flat_map(|chunk| chunk.entries()) {
            let position = Position(entry.position.0);
            if position < from || position >= end {
                continue;
            }
            if found.len() >= limit {
                *next = position;
                return Ok(found);
            }
            let fail = |source| ReadFactError::Decode { position, source };
            // Nearly every fact of a busy journal is an event, and none of ours.
            if Fact::decode_metered(entry.fact).map_err(fail)?.is_none() {
                let fact = Fact::decode(entry.fact).map_err(fail)?;
                found.extend(change_of(&fact, correction));
            }
        }
    }
    Ok(found)
}

fn change_of(fact: &Fact, correction: Position) -> Option<Change> {
    let Fact::Wallet(fact) = fact else { return None };
    let wallet = fact.header.wallet;
    let (of, event, returned_micro) = match &fact.event {
        WalletEvent::Reversed { request, credits, .. } => {
            (request.correction, request.event, Some(credits.micro()))
        }
        WalletEvent::Recharged { request, charge, .. } => {
            (Some(request.correction), request.event, Some(-charge.charged().micro()))
        }
        WalletEvent::Refused { asked: Asked::Reverse(request), .. } => {
            (request.correction, request.event, None)
        }
        WalletEvent::Refused { asked: Asked::Recharge(request), .. } => {
            (Some(request.correction), request.event, None)
        }
        _ => return None,
    };
    (of == Some(correction)).then_some(Change { event, wallet, returned_micro })
}
