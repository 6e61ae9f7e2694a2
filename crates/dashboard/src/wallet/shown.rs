//! What a wallet page shows, read from the API in the name of the wallet pages and for one customer only.

use futures_util::future::try_join_all;
use jiff::tz::TimeZone;

use super::history::{Bought, Day, Move, days};
use crate::api::{Api, Target};
use crate::json::Json;
use crate::look::{Amount, Currency, Unit, say};
use crate::state::zone_of;
use crate::trouble::Trouble;

/// Lines of the history on one page.
const LINES_SHOWN: &str = "200";
/// Orders that are looked through for what was bought and what is pending.
const ORDERS_SEEN: &str = "100";

/// Everything on a wallet page.
pub(super) struct Shown {
    pub(super) available: Amount,
    pub(super) held: Amount,
    pub(super) is_frozen: bool,
    /// Credits and until when, the soonest first.
    pub(super) expiring: Vec<(Amount, String)>,
    pub(super) packs: Vec<Pack>,
    pub(super) days: Vec<Day>,
    /// Where older lines begin.
    pub(super) older: Option<String>,
    /// What was ordered and is not here yet, in credits.
    pub(super) pending: Option<Amount>,
    /// Credits and time of the newest purchase that arrived.
    pub(super) arrived: Option<(Amount, String)>,
    pub(super) zone: TimeZone,
    /// Where the page may be framed, and asked from.
    pub(super) origins: Vec<String>,
}

/// A pack for sale.
pub(super) struct Pack {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) audience: String,
    pub(super) credits: Amount,
    pub(super) price: String,
    pub(super) discount_line: String,
}

impl Shown {
    /// Reads it; `cursor` is where older lines begin. `came_back` says that the customer comes from a checkout: only then
    /// an order that was begun is one that is awaited.
    pub(super) async fn read(
        api: &Api,
        customer: &str,
        cursor: Option<&str>,
        came_back: bool,
    ) -> Result<Self, Trouble> {
        let of_customer = || Target::new("/v1/customers").part(customer);
        let orders = Target::new("/v1/orders").with("customer", customer).with("limit", ORDERS_SEEN);
        let asked = [
            of_customer().then("wallet"),
            of_customer().then("ledger").with("limit", LINES_SHOWN).with_some("cursor", cursor),
            Target::new("/v1/packs").with("all", "true"),
            orders,
            Target::new("/v1/settings"),
        ];
        let answers = try_join_all(asked.map(|target| api.get(target))).await?;
        let [wallet, ledger, packs, orders, settings] = answers.as_slice() else {
            return Err(Trouble::Internal);
        };
        let zone = zone_of(settings.get("time_zone").text());
        let bought = bought(orders, packs);
        let moves = ledger.get("data").list().iter().map(|line| Move::of(line, &bought)).collect();
        let find = |statuses: &[&str]| {
            let orders = orders.get("data").list().iter();
            orders.clone().find(|order| statuses.contains(&order.get("status").text()))
        };
        let awaited: &[&str] = if came_back { &["pending", "created"] } else { &["pending"] };
        let is_newest = |order: &&Json| orders.get("data").list().first() == Some(*order);
        let pending =
            find(awaited).filter(|order| order.get("status").text() == "pending" || is_newest(order));
        Ok(Self {
            available: wallet.get("available").sum(),
            held: wallet.get("held").sum(),
            is_frozen: wallet.get("frozen").is_true(),
            expiring: expiring(wallet),
            packs: packs
                .get("data")
                .list()
                .iter()
                .filter(|pack| pack.get("active").is_true())
                .map(Pack::of)
                .collect(),
            days: days(moves, &zone),
            older: Some(ledger.get("next_cursor").text().to_owned()).filter(|cursor| !cursor.is_empty()),
            pending: pending.map(|order| order.get("credits").sum()),
            arrived: find(&["paid"])
                .map(|order| (order.get("credits").sum(), order.get("changed_at").text().to_owned())),
            origins: settings
                .get("redirect_origins")
                .list()
                .iter()
                .map(|one| one.text().to_owned())
                .collect(),
            zone,
        })
    }

    /// What the components of other pages read.
    pub(super) fn json(&self) -> String {
        let packs = self.packs.iter().map(|pack| {
            serde_json::json!({
                "code": pack.code, "name": pack.name, "audience": pack.audience,
                "credits": Unit::Credits.in_words(pack.credits), "price": pack.price, "discount": pack.discount_line,
            })
        });
        let arrived = self
            .arrived
            .as_ref()
            .map(|(credits, at)| serde_json::json!({"credits": credits.exact(), "at": at}));
        serde_json::json!({
            "available": self.available.exact(),
            "balance": Unit::Credits.in_words(self.available),
            "held": self.held.exact(),
            "pending": self.pending.is_some(),
            "arrived": arrived,
            "packs": packs.collect::<Vec<_>>(),
        })
        .to_string()
    }
}

impl Pack {
    fn of(pack: &Json) -> Self {
        let currency = Currency::of(pack.path("price.currency").text());
        let text = |name: &str| pack.get(name).text().to_owned();
        Self {
            code: text("code"),
            name: text("name"),
            audience: text("audience"),
            credits: pack.get("credits").sum().plus(pack.get("bonus_credits").sum()),
            price: Unit::Money(currency).short(pack.path("price.amount").sum()),
            discount_line: text("discount_line"),
        }
    }
}

fn bought(orders: &Json, packs: &Json) -> Bought {
    let name_of = |code: &str| {
        let pack = packs.get("data").list().iter().find(|pack| pack.get("code").text() == code);
        pack.map_or_else(|| "Credits".to_owned(), |pack| pack.get("name").text().to_owned())
    };
    let of = |order: &Json| {
        let provider = order.get("provider").text().to_owned();
        (order.get("id").text().to_owned(), (name_of(order.get("pack").text()), provider))
    };
    orders.get("data").list().iter().map(of).collect()
}

/// Credits that end, summed by when.
fn expiring(wallet: &Json) -> Vec<(Amount, String)> {
    let mut by_time: std::collections::BTreeMap<String, Amount> = std::collections::BTreeMap::new();
    let lots = wallet.get("lots").list().iter().filter(|lot| lot.get("status").text() == "active");
    for lot in lots.filter(|lot| lot.get("remaining").sum() > Amount::ZERO) {
        let at = lot.get("expires_at").text();
        if !at.is_empty() {
            let sum = by_time.entry(at.to_owned()).or_default();
            *sum = sum.plus(lot.get("remaining").sum());
        }
    }
    by_time.into_iter().map(|(at, credits)| (credits, at)).collect()
}

/// A time in the project's zone, for who has no script; with one it is their own.
pub(super) fn time(at: &str, zone: &TimeZone, form: &str) -> String {
    say::at(at, zone, form)
}
