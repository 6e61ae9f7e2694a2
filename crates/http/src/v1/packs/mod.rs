//! `/v1/packs`

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::ledger::{Catalogue, PackVersion};

use crate::call::Call;
use crate::view;

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
pub(crate) mod retire;

/// The newest version of the pack that the path names.
fn find<'c>(call: &Call, catalogue: &'c Catalogue) -> Result<&'c PackVersion, Problem> {
    catalogue.pack_by_code(call.param("code")).ok_or_else(|| Problem::not_found("pack"))
}

/// Writes a version of a pack.
pub(crate) fn write_pack(o: &mut ObjectWriter<'_>, pack: &PackVersion) {
    let terms = &pack.terms;
    o.shown("id", view::id(IdKind::Pack, pack.id)).text("code", &terms.code).number("version", pack.version);
    o.text("name", &terms.name).text("audience", &terms.audience);
    o.number("credits", terms.credits).number("bonus_credits", terms.bonus);
    view::money_or_null(o, "price", Some(terms.price));
    o.text("discount_line", &terms.discount_line).number("order", terms.order);
    match terms.valid_days {
        Some(days) => o.number("valid_days", days),
        None => o.null("valid_days"),
    };
    o.boolean("active", terms.is_active);
    view::instant(o, "published_at", pack.published_at);
}
