//! `GET /api/credit-packs`: what is for sale, in the order in which it is shown.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::ledger::{Money, PackVersion};

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

/// Cents of a unit of money.
const CENTS: i128 = 100;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| {
        o.array("items", |list| {
            for pack in catalogue.packs_for_sale() {
                list.object(|o| into_view(o, pack));
            }
        });
    }))
}

fn into_view(o: &mut ObjectWriter<'_>, pack: &PackVersion) {
    let terms = &pack.terms;
    o.shown("id", view::id(IdKind::Pack, pack.id)).text("code", &terms.code).text("name", &terms.name);
    o.number("credits", terms.credits_in_all());
    o.number("priceCents", Money::amount_of(i128::from(terms.price.nano) * CENTS));
    o.text("currency", terms.price.currency.as_str());
}
