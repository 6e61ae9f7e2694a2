//! How the engine names orders to those outside: as this door does.

use chargly_api::{Id, IdKind};
use chargly_engine::ledger::EntryId;
use chargly_engine::payments::WireNames;

use crate::call::entry_id;

/// Ids as they stand in answers.
pub const WIRE_NAMES: WireNames = WireNames { write, read };

fn write(prefix: &str, id: EntryId) -> String {
    kind_of(prefix).map(|kind| Id::new(kind, id.position.0, id.tag).to_string()).unwrap_or_default()
}

fn read(prefix: &str, name: &str) -> Option<EntryId> {
    entry_id(name, kind_of(prefix)?)
}

fn kind_of(prefix: &str) -> Option<IdKind> {
    IdKind::ALL.into_iter().find(|kind| kind.prefix() == prefix)
}
