//! `GET /v1/rate-cards/models`: the rates in force, of one model or of all.

use chargly_api::{ObjectWriter, Problem, Problems, time};
use chargly_engine::ledger::{CardNo, DatedRates, Millis, Position, Rate};
use chargly_ratecards::rate_text;

use crate::answer::Answer;
use crate::call::Call;
use crate::query::{Page, Query, next_cursor};
use crate::view;

/// Where in a cursor the number of a card begins; below it stands how many models came before.
const CARD_SHIFT: u32 = 32;

struct Request {
    provider: Option<String>,
    model: Option<String>,
    at: Option<Millis>,
    page: Page,
}

fn from_request(mut query: Query) -> Result<Request, Problem> {
    let mut problems = Problems::default();
    let provider = query.optional("provider", &mut problems, |name| Ok(name.to_owned()));
    let model = query.optional("model", &mut problems, |name| Ok(name.to_owned()));
    let at = query.optional("at", &mut problems, |at| time::parse(at).map(Millis));
    let page = Page::read(&mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    Ok(Request { provider, model, at, page })
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let Request { provider, model, at, page } = from_request(std::mem::take(&mut call.query))?;
    let list = format!("rates|{provider:?}|{model:?}|{at:?}");
    let at = at.unwrap_or_else(|| Millis(call.env.wall_ms()));
    let catalogue = call.env.catalogue();
    let book = &catalogue.rates;
    // All pages show the rates as the newest card of the first page left them, so that a card published meanwhile
    // moves no model from one page to another.
    let (newest, from) = match page.index(&list)? {
        0 => (book.newest(), 0),
        cursor => (u32::try_from(cursor >> CARD_SHIFT).ok().map(CardNo), cursor & (u32::MAX as usize)),
    };
    let is_asked_for =
        |asked: &Option<String>, name: &str| asked.as_deref().is_none_or(|asked| asked == name);
    let in_force = book
        .models()
        .filter(|(p, m, _)| is_asked_for(&provider, p) && is_asked_for(&model, m))
        .filter_map(|(p, m, _)| Some((p, m, book.entry(p, m, at, newest)?)));
    let mut found: Vec<_> = in_force.skip(from).take(page.limit() + 1).collect();
    let next = (found.len() > page.limit()).then(|| {
        found.truncate(page.limit());
        let card = newest.map_or(0, |card| u64::from(card.0));
        Position((card << CARD_SHIFT) | (from + page.limit()) as u64)
    });
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for (provider, model, dated) in found {
                data.object(|o| write_model(o, provider, model, dated));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, &list, next));
    }))
}

fn write_model(o: &mut ObjectWriter<'_>, provider: &str, model: &str, dated: &DatedRates) {
    o.text("provider", provider).text("model", model).number("card", dated.card.0);
    view::instant(o, "effective_at", dated.effective_at);
    o.array("rates", |list| {
        for Rate { unit, is_batch, above_input_tokens, pico } in &dated.rates {
            list.object(|o| {
                o.text("unit", unit.as_str()).shown("rate", rate_text(*pico));
                if *is_batch {
                    o.boolean("batch", true);
                }
                if *above_input_tokens > 0 {
                    o.number("above_input_tokens", above_input_tokens);
                }
            });
        }
    });
}
