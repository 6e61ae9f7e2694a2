//! `/v1/recommendations`

use chargly_api::{IdKind, Problem};
use chargly_engine::ledger::{Advised, Catalogue, Millis};
use chargly_engine::views::Zone;

use crate::call::Call;

pub(crate) mod apply;
mod evidence;
pub(crate) mod explain;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod look;
mod numbers;
pub(crate) mod reject;
pub(crate) mod roll_back;
pub(crate) mod track_record;
mod view;

pub use explain::explanation_json;
pub use look::look_json;
pub use track_record::track_record_json;
pub use view::{recommendation_json, recommendation_summary_json};

pub(crate) const KIND: IdKind = IdKind::Recommendation;

/// The recommendation that the path names, by its whole id.
fn find<'c>(call: &Call, catalogue: &'c Catalogue) -> Result<&'c Advised, Problem> {
    let id = call.id(KIND)?;
    let known = catalogue.recommendation(id.position).filter(|known| known.id == id);
    known.ok_or_else(|| Problem::not_found(KIND.noun()))
}

/// The time zone that days are told in.
fn zone(catalogue: &Catalogue) -> Zone {
    Zone::named(&catalogue.settings.time_zone).unwrap_or_else(Zone::utc)
}

/// Now, as statuses are told by.
fn now(call: &Call) -> Millis {
    Millis(call.env.wall_ms())
}
