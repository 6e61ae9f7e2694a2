//! What can be done for a customer, and to them. Each form says what it will do; the API decides, records and audits.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::wallet::{end_of_day, policy_words};
use crate::api::Target;
use crate::json::Json;
use crate::look::{Amount, COPY, Cell, Unit, say};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::state::zone_of;
use crate::trouble::{Refused, Trouble};
use crate::visit::Visit;

/// The actions that are about one thing, which the address can name: the form is filled in then.
const ABOUT_ONE: [&str; 3] = ["void", "reverse", "refund"];
/// For how long a link to the customer's own page is good: seconds, and the words for them.
const LINK_TIMES: [(&str, &str); 3] = [("3600", "1 hour"), ("900", "15 minutes"), ("86400", "24 hours")];

/// Carries out a form of the page.
pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Operator)?;
    let customer = visit.param("customer");
    let done = Doing { visit, form, customer };
    let said = match form.get("action") {
        "grant" => done.grant().await?,
        "void" => done.void().await?,
        "reverse" => done.reverse().await?,
        "refund" => done.refund().await?,
        "freeze" => done.freeze().await?,
        "thaw" => done.thaw().await?,
        "policy" => done.policy().await?,
        "wallet-link" => return done.wallet_link().await,
        _ => return Err(Trouble::NotFound),
    };
    // The form of what is done is closed; all else stays as it was chosen.
    let mut changes: Vec<(&str, &str)> = ABOUT_ONE.iter().map(|about| (*about, "")).collect();
    changes.push(("said", &said));
    Ok(Done::To(visit.state.with_all(&changes)))
}

/// Whether whoever looks may act.
pub(super) fn may_act(visit: &Visit) -> bool {
    visit.person.role >= Role::Operator
}

/// A cell that leads to the form of an action about one thing; empty where there are no words.
pub(super) fn leading(visit: &Visit, what: &'static str, id: &str, words: &str) -> Cell {
    if words.is_empty() {
        return Cell::text("");
    }
    let mut changes: Vec<(&str, &str)> = ABOUT_ONE.iter().map(|other| (*other, "")).collect();
    changes.push((what, id));
    let href = format!("{}#act-{what}", visit.state.with_all(&changes));
    Cell::Drawn(html! { a href=(href) { (words) span.hidden { " " (id) } } }, String::new())
}

struct Doing<'a> {
    visit: &'a Visit,
    form: &'a Form,
    customer: &'a str,
}

impl Doing<'_> {
    async fn grant(&self) -> Result<String, Trouble> {
        let mut body = Body::new();
        body.number("credits", self.form.get("credits")).text("kind", self.form.some("kind"));
        if let Some(price) = self.form.some("price") {
            let mut money = Body::new();
            money.text("amount", Some(price)).text("currency", self.form.some("currency"));
            body.raw("price", &money.done());
        }
        let expires = self.form.some("expires").map(|date| end_of_day(self.visit, date));
        body.text("expires_at", expires.as_deref()).text("reason", self.form.some("reason"));
        let target = Target::new("/v1/customers").part(self.customer).then("grants");
        let granted = self.send("POST", target, &body, true).await?;
        let credits = Unit::Credits.in_words(granted.get("credits").sum());
        Ok(format!("{} has {credits} more. To undo it, void the lot.", self.customer))
    }

    async fn void(&self) -> Result<String, Trouble> {
        let id = self.form.get("id");
        let wallet =
            self.visit.api.get(Target::new("/v1/customers").part(self.customer).then("wallet")).await?;
        let is_theirs = wallet.get("lots").list().iter().any(|lot| lot.get("id").text() == id);
        self.theirs(is_theirs, "no lot of this customer has this id")?;
        let mut body = Body::new();
        body.text("reason", self.form.some("reason"));
        self.send("POST", Target::new("/v1/grants").part(id).then("void"), &body, true).await?;
        Ok(format!("What was left of {id} is taken back from {}. To undo it, grant it anew.", self.customer))
    }

    async fn reverse(&self) -> Result<String, Trouble> {
        let id = self.form.get("id");
        let event = self.visit.api.get(Target::new("/v1/events").part(id)).await?;
        self.theirs(event.get("customer").text() == self.customer, "no event of this customer has this id")?;
        let mut body = Body::new();
        body.text("reason", self.form.some("reason"));
        if let Some(credits) = self.form.some("credits") {
            body.number("credits", credits);
        }
        let reversed =
            self.send("POST", Target::new("/v1/events").part(id).then("reverse"), &body, true).await?;
        let credits = Unit::Credits.in_words(reversed.get("credits").sum());
        Ok(format!(
            "{} has {credits} of {id} back. To take it again, meter the event under a new key.",
            self.customer
        ))
    }

    async fn refund(&self) -> Result<String, Trouble> {
        let id = self.form.get("id");
        let order = self.visit.api.get(Target::new("/v1/orders").part(id)).await?;
        self.theirs(order.get("customer").text() == self.customer, "no order of this customer has this id")?;
        let mut body = Body::new();
        body.text("reason", self.form.some("reason"));
        if let Some(credits) = self.form.some("credits") {
            body.number("credits", credits);
        }
        let started =
            self.send("POST", Target::new("/v1/orders").part(id).then("refund"), &body, true).await?;
        let money = Unit::Money(crate::look::Currency::of(started.path("amount.currency").text()));
        let amount = money.exact(started.path("amount.amount").sum());
        let credits = Unit::Credits.in_words(started.get("credits").sum());
        Ok(format!(
            "{amount} go back to {}; {credits} are set aside until the provider has paid.",
            self.customer
        ))
    }

    async fn freeze(&self) -> Result<String, Trouble> {
        let mut body = Body::new();
        body.text("reason", self.form.some("reason"));
        self.send("POST", self.wallet("freeze"), &body, false).await?;
        Ok(format!("New spending of {} is refused from now on.", self.customer))
    }

    async fn thaw(&self) -> Result<String, Trouble> {
        self.send("POST", self.wallet("thaw"), &Body::new(), false).await?;
        Ok(format!("{} may spend again.", self.customer))
    }

    async fn policy(&self) -> Result<String, Trouble> {
        let mut body = Body::new();
        body.text("policy", self.form.some("policy"));
        if let Some(limit) = self.form.some("limit") {
            body.number("limit", limit);
        }
        let set = self.send("PUT", self.wallet("policy"), &body, false).await?;
        Ok(format!("{}: {}.", self.customer, policy_words(&set)))
    }

    /// The address of the customer's own page. The link is sealed and kept nowhere: it cannot be shown again.
    async fn wallet_link(&self) -> Result<Done, Trouble> {
        let mut body = Body::new();
        body.number("expires_in_s", self.form.get("expires_in_s"));
        let target = Target::new("/v1/customers").part(self.customer).then("wallet-links");
        let made = self.send("POST", target, &body, false).await?;
        let settings = self.visit.api.get(Target::new("/v1/settings")).await?;
        let zone = zone_of(settings.get("time_zone").text());
        let back: String = Target::new("customers").part(self.customer).into();
        Ok(Done::Shown(Box::new(Page {
            title: format!("A wallet link for {}", self.customer),
            up: Some((self.customer.to_owned(), back)),
            content: link_shown(&made, &self.visit.address, &zone),
            scripts: vec![&COPY],
            ..Page::default()
        })))
    }

    fn wallet(&self, part: &str) -> Target {
        Target::new("/v1/customers").part(self.customer).then("wallet").then(part)
    }

    async fn send(
        &self,
        method: &'static str,
        target: Target,
        body: &Body,
        has_key: bool,
    ) -> Result<Json, Trouble> {
        let key = has_key.then(|| self.form.some("key")).flatten();
        // Without its key a form sent twice would be done twice.
        if has_key && key.is_none() {
            return Err(Trouble::Stale);
        }
        self.visit.api.send(method, target, body.done(), key).await
    }

    /// What is done must be done to whom the page is about.
    fn theirs(&self, is_theirs: bool, problem: &str) -> Result<(), Trouble> {
        if is_theirs {
            return Ok(());
        }
        Err(Trouble::Problem(Refused {
            status: 400,
            code: "invalid_request".to_owned(),
            detail: format!("This is not of {}.", self.customer),
            fields: vec![("id".to_owned(), problem.to_owned())],
            facts: Json::Null,
        }))
    }
}

/// The link, to be copied, with what it opens and until when.
fn link_shown(made: &Json, address: &str, zone: &TimeZone) -> Markup {
    let (url, ends) = (made.get("url").text(), made.get("expires_at").text());
    // Where nobody said how buyers reach this server, as whoever asks reached it.
    let url = if url.starts_with('/') { format!("{address}{url}") } else { url.to_owned() };
    html! {
        section.chart {
            h2 { "Their own page, until " time datetime=(ends) { (say::instant(ends, zone)) } }
            div.copy data-copy {
                pre { (url) }
                button type="button" hidden { "Copy" }
            }
            p.note { "Whoever has it sees this wallet and buys for it until then; it cannot be taken back, and it is shown this once. "
                "Give it to nobody but " b { (made.get("customer").text()) } "." }
            p { a.button href=(url) rel="noreferrer" { "Open it" } }
        }
    }
}

/// A JSON object, put together from what was typed.
struct Body(Vec<String>);

impl Body {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.push(format!("{}:{value}", quoted(name)));
        self
    }

    fn text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.raw(name, &quoted(value)),
            None => self,
        }
    }

    /// A number as it was typed; as a text where it is none, so that the answer names the field.
    fn number(&mut self, name: &str, value: &str) -> &mut Self {
        let decimals = value.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        match Amount::parse(value).filter(|_| decimals <= 9) {
            Some(amount) => self.raw(name, &amount.exact()),
            None => self.raw(name, &quoted(value)),
        }
    }

    fn done(&self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// All that can be done to a wallet.
pub(super) fn forms(visit: &Visit, customer: &str, wallet: &Json, zone: &TimeZone) -> Markup {
    if !may_act(visit) {
        return html! { p.note { "To act for a customer takes the role operator." } };
    }
    let is_frozen = wallet.get("frozen").is_true();
    let forms = Forms { visit, customer };
    html! {
        section.chart #acts {
            h2 { "What can be done?" }
            (forms.grant(false, zone))
            (forms.reverse())
            (forms.void())
            (forms.refund())
            @if is_frozen { (forms.thaw()) } @else { (forms.freeze()) }
            (forms.policy(wallet))
            (forms.wallet_link())
        }
    }
}

/// The grant that opens a wallet.
pub(super) fn first_grant(visit: &Visit, customer: &str) -> Markup {
    if !may_act(visit) {
        return html! { p.note { "To grant credits takes the role operator." } };
    }
    html! {
        section.chart #acts {
            h2 { "Give them credits?" }
            (Forms { visit, customer }.grant(true, &TimeZone::UTC))
        }
    }
}

struct Forms<'a> {
    visit: &'a Visit,
    customer: &'a str,
}

impl Forms<'_> {
    /// A form with what it will do. It is open where it is asked for, or where nothing was done with it.
    fn form(&self, what: &'static str, name: &str, does: &Markup, fields: &Markup) -> Markup {
        let is_open = self.visit.typed.get("action") == what || self.visit.state.get(what).is_some();
        html! {
            details.act-one id={ "act-" (what) } open[is_open] {
                summary { (name) }
                p.note { (does) }
                form.act method="post" {
                    (self.visit.form_fields(what))
                    (fields)
                    button.main { (name) }
                }
            }
        }
    }

    fn typed<'a>(&'a self, what: &'static str, field: &str) -> &'a str {
        let was = self.visit.typed(what, field);
        if was.is_empty() && field == "id" { self.visit.state.get(what).unwrap_or_default() } else { was }
    }

    fn reason(&self, what: &'static str, is_required: bool) -> Markup {
        html! { label { "Why" @if !is_required { span.soft { "optional, kept in the ledger" } } @else { span.soft { "kept in the ledger" } }
        input name="reason" required[is_required] maxlength="500" value=(self.typed(what, "reason")); } }
    }

    fn credits(&self, what: &'static str, words: &str) -> Markup {
        html! { label { "Credits" span.soft { (words) } input name="credits" inputmode="decimal" value=(self.typed(what, "credits")); } }
    }

    fn id(&self, what: &'static str, words: &str) -> Markup {
        html! { label { (words) span.soft { "its id, as in the list below" } input name="id" required autocomplete="off" value=(self.typed(what, "id")); } }
    }

    fn grant(&self, is_open: bool, zone: &TimeZone) -> Markup {
        let kind = self.typed("grant", "kind");
        let option = |value: &'static str, words: &str| html! { option value=(value) selected[kind == value] { (words) } };
        let currency = self.visit.env.catalogue().currency;
        let today = say::at(&crate::state::time(self.visit.env.wall_ms()), zone, "%Y-%m-%d");
        let does = html! { "Puts a lot of credits into the wallet of " b { (self.customer) } ", at once. Debt is settled first. Voiding the lot takes back what is left of it." };
        let fields = html! {
            label { "Credits" span.soft { "more than 0" } input name="credits" inputmode="decimal" required value=(self.typed("grant", "credits")); }
            label { "Kind" span.soft { "promotional earns nothing" }
                select name="kind" { (option("promotional", "promotional")) (option("adjustment", "adjustment")) (option("paid", "paid")) }
            }
            label { "Price of all, " (currency.as_str()) span.soft { "of paid ones only" } input name="price" inputmode="decimal" value=(self.typed("grant", "price")); }
            input type="hidden" name="currency" value=(currency.as_str());
            label { "Last day" span.soft { "for ever if left out" } input type="date" name="expires" min=(today) value=(self.typed("grant", "expires")); }
            (self.reason("grant", false))
        };
        if !is_open {
            return self.form("grant", "Grant credits", &does, &fields);
        }
        html! {
            p.note { (does) }
            form.act method="post" { (self.visit.form_fields("grant")) (fields) button.main { "Grant credits" } }
        }
    }

    fn void(&self) -> Markup {
        let does = html! { "Takes back from " b { (self.customer) } " what is left of a lot that was granted. What was used of it stays used. One that was bought is refunded instead." };
        let fields = html! { (self.id("void", "Lot")) (self.reason("void", false)) };
        self.form("void", "Void a lot", &does, &fields)
    }

    fn reverse(&self) -> Markup {
        let does = html! { "Gives the credits of an event back to " b { (self.customer) } ", into the lots they came from. What it cost you stays." };
        let fields = html! { (self.id("reverse", "Event")) (self.credits("reverse", "all if left out")) (self.reason("reverse", true)) };
        self.form("reverse", "Reverse an event", &does, &fields)
    }

    fn refund(&self) -> Markup {
        let does = html! { "Pays money back to " b { (self.customer) } " for unused credits of an order, by the way it came. The credits are set aside at once and leave when the provider has paid." };
        let fields = html! { (self.id("refund", "Order")) (self.credits("refund", "all unused if left out")) (self.reason("refund", false)) };
        self.form("refund", "Refund an order", &does, &fields)
    }

    fn freeze(&self) -> Markup {
        let does = html! { "Refuses new spending of " b { (self.customer) } " from now on, until it is thawed. What is on hold may still be captured." };
        self.form("freeze", "Freeze spending", &does, &self.reason("freeze", true))
    }

    fn thaw(&self) -> Markup {
        let does = html! { "Lets " b { (self.customer) } " spend again, at once." };
        self.form("thaw", "Thaw spending", &does, &html! {})
    }

    fn policy(&self, wallet: &Json) -> Markup {
        let was = self.typed("policy", "policy");
        let now = if was.is_empty() { wallet.get("policy").text() } else { was };
        let option = |value: &'static str, words: &str| html! { option value=(value) selected[now == value] { (words) } };
        let does = html! { "Decides what happens to " b { (self.customer) } " when nothing is left. Now: " (policy_words(wallet)) "." };
        let limit = self.typed("policy", "limit");
        let limit = if limit.is_empty() {
            wallet.get("limit").amount().map_or_else(String::new, Amount::exact)
        } else {
            limit.to_owned()
        };
        let fields = html! {
            label { "Policy" span.soft { "from now on" }
                select name="policy" {
                    (option("strict", "strict: refuse"))
                    (option("overdraft", "overdraft: allow debt"))
                    (option("record_only", "record only: never refuse"))
                }
            }
            label { "Debt at most" span.soft { "credits, with overdraft only" } input name="limit" inputmode="decimal" value=(limit); }
        };
        self.form("policy", "Change the policy", &does, &fields)
    }

    fn wallet_link(&self) -> Markup {
        let chosen = match self.typed("wallet-link", "expires_in_s") {
            "" => LINK_TIMES[0].0,
            typed => typed,
        };
        let does = html! { "Makes a link to the page on which " b { (self.customer) } " sees what they have, and buys more. It is shown this once, and opens their wallet to whoever has it." };
        let fields = html! {
            label { "Good for" span.soft { "it cannot be ended before" }
                select name="expires_in_s" {
                    @for (seconds, words) in LINK_TIMES { option value=(seconds) selected[chosen == seconds] { (words) } }
                }
            }
        };
        self.form("wallet-link", "Make a wallet link", &does, &fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_has_numbers_as_typed_and_leaves_the_rest_to_the_api() {
        let mut body = Body::new();
        body.number("credits", "12.50")
            .number("limit", "twelve")
            .text("reason", Some("a\"b\n"))
            .text("none", None);
        body.number("fine", "0.0000000001");
        assert_eq!(
            body.done(),
            r#"{"credits":12.5,"limit":"twelve","reason":"a\"b\n","fine":"0.0000000001"}"#
        );
    }
}
