//! `GET /v1/rate-cards`: all cards, newest first.

use chargly_api::Problem;
use chargly_engine::ledger::Position;

use super::write_card;
use crate::answer::Answer;
use crate::call::Call;
use crate::query::next_cursor;

const LIST: &str = "rate_cards";

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let page = call.page()?;
    let catalogue = call.env.catalogue();
    let cards = catalogue.rates.cards();
    // The cursor counts cards from the oldest, so that a new one does not move it.
    let below = page.index(LIST)?;
    let below = if below == 0 { cards.len() } else { below.min(cards.len()) };
    let from = below.saturating_sub(page.limit());
    let next = (from > 0).then_some(Position(from as u64));
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for card in cards[from..below].iter().rev() {
                data.object(|o| write_card(o, card, &catalogue));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, LIST, next));
    }))
}
