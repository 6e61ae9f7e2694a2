//! `GET /v1/events`: events that pass a filter, newest first.

use chargly_api::{ObjectWriter, Problem, Problems, time};
use chargly_engine::ledger::{Amended, Catalogue, Fact, Millis, Money, WalletNo};
use chargly_engine::{EventFilter, StoredFact};

use super::get::{Known, attached_to, write_stored_event};
use crate::answer::Answer;
use crate::call::Call;
use crate::query::{Page, next_cursor};

struct Request {
    filter: EventFilter,
    /// The list with its filters, which a cursor belongs to.
    list: String,
    page: Page,
}

fn from_request(call: &mut Call) -> Result<Request, Problem> {
    let catalogue = call.env.catalogue();
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let customer = query.customer(&mut problems);
    let event = query.event_type(&catalogue, &mut problems);
    let from = query.optional("from", &mut problems, |at| time::parse(at).map(Millis));
    let to = query.optional("to", &mut problems, |at| time::parse(at).map(Millis));
    let uncharged = query.optional("uncharged", &mut problems, |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    });
    let uncharged = uncharged.unwrap_or(false);
    let page = Page::read(&mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    let list = format!("events|{customer:?}|{event:?}|{from:?}|{to:?}|{uncharged}");
    Ok(Request { filter: EventFilter { customer, event_type: event, from, to, uncharged }, list, page })
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let Request { filter, list, page } = from_request(&mut call)?;
    let is_of_uncharged = filter.uncharged;
    let below = page.position(&call.env, &list).await?;
    let found =
        call.env.list_events(filter, below, page.limit()).await.map_err(|error| call.problem(error))?;
    let ids: Vec<_> = found.events.iter().map(|stored| stored.id).collect();
    let amended = call.env.amended(&ids).await.map_err(|error| call.problem(error))?;
    let mut attached = Vec::with_capacity(amended.len());
    for amended in &amended {
        attached.push(attached_to(&call, amended).await?);
    }
    let mut numbers: Vec<_> = found.events.iter().map(|stored| wallet_of(&stored.fact)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let wallets = call.env.wallets(&numbers).await.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    let next = next_cursor(&call.env, &list, found.next);
    let mut totals = Totals::default();
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for ((stored, amended), attached) in found.events.iter().zip(&amended).zip(&attached) {
                // What was collected since is none of them any more.
                if is_of_uncharged && !totals.add(stored, amended) {
                    continue;
                }
                let wallet = numbers.binary_search(&wallet_of(&stored.fact)).ok();
                let wallet = wallet.and_then(|index| wallets[index].as_deref());
                data.object(|o| {
                    write_stored_event(o, stored, (amended, attached.as_deref()), wallet, &catalogue);
                });
            }
        });
        if is_of_uncharged {
            totals.write(o, &catalogue);
        }
        o.shown_or_null("next_cursor", next);
    }))
}

/// Sums of the events of a page that are not charged wholly.
#[derive(Default)]
struct Totals {
    events: u32,
    credits_micro: i128,
    cost_nano: i128,
    cost_missing: u32,
}

impl Totals {
    /// Adds an event; `false` where nothing of it is left uncharged.
    fn add(&mut self, stored: &StoredFact, amended: &Amended) -> bool {
        let Some(known) = Known::of(stored) else { return false };
        let left = amended.uncharged_left(known.charge);
        if !left.is_positive() {
            return false;
        }
        self.events += 1;
        self.credits_micro += i128::from(left.micro());
        match amended.cost.or(known.cost) {
            Some(cost) => self.cost_nano += i128::from(cost.nano),
            None => self.cost_missing += 1,
        }
        true
    }

    fn write(&self, o: &mut ObjectWriter<'_>, catalogue: &Catalogue) {
        o.object("totals", |o| {
            // As money, which has three places more.
            o.number("events", self.events).number("uncharged", Money::amount_of(self.credits_micro * 1_000));
            o.object("unbilled_cost", |o| {
                o.shown("amount", Money::amount_of(self.cost_nano));
                o.shown("currency", catalogue.currency.as_str()).number("missing", self.cost_missing);
            });
        });
    }
}

fn wallet_of(fact: &Fact) -> WalletNo {
    match fact {
        Fact::Wallet(fact) => fact.header.wallet,
        _ => WalletNo(u32::MAX),
    }
}
