//! The page: buttons, what they did, the stream and the indicators, the code, two calculators, and how to have it for real.

use futures_util::future::try_join_all;
use maud::{Markup, html};

use super::Play;
use super::acts::{BUTTONS, Clicked, WELCOME_CREDITS};
use super::calculators::{PriceCalculator, ToolRun};
use super::code::code;
use super::lines::Line;
use super::refusals::with_refusals;
use super::tiles::Tiles;
use crate::api::{Api, Target};
use crate::json::Json;
use crate::look::{Amount, Around, Currency, TRY_SCRIPT, Unit, around, wordmark};
use crate::serve::card;
use crate::trouble::Trouble;

/// Lines of the stream that a page begins with.
const LINES_SHOWN: &str = "20";
/// The event whose code is shown before anything was clicked.
const FIRST_CODE: &str = "image.generate";

/// What came of a form.
#[derive(Debug)]
pub(super) enum Answer {
    None,
    Clicked(Clicked),
    /// It was too many.
    Limited(String),
    Failed(String),
    /// On to another page.
    To(String),
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        match self {
            // The page of a refusal is a page as any: what was refused stands on it.
            Self::None | Self::To(_) | Self::Clicked(_) => 200,
            Self::Limited(_) => 429,
            Self::Failed(_) => 409,
        }
    }
}

/// The event types of the playground.
pub(super) async fn event_types(api: &Api) -> Result<Vec<Json>, Trouble> {
    Ok(api.get(Target::new("/v1/event-types")).await?.get("data").list().to_vec())
}

/// The page as it is now for this visitor. `key` is the form's own.
pub(super) async fn show(play: &Play, answer: &Answer, key: &str) -> Result<Markup, Trouble> {
    let committed = play.env.tail().committed();
    let position = format!("{}.{}", committed.epoch, committed.next.0.saturating_sub(1));
    let of_customer = || Target::new("/v1/customers").part(&play.customer);
    let asked = [
        of_customer().then("wallet"),
        of_customer().then("ledger").with("limit", LINES_SHOWN),
        Target::new("/v1/event-types"),
        Target::new("/v1/packs"),
    ];
    let (answers, tiles) = futures_util::future::try_join(
        try_join_all(asked.map(|target| play.api.get(target))),
        Tiles::read(&play.api, &play.customer, &position),
    )
    .await?;
    let [wallet, ledger, types, packs] = answers.as_slice() else { return Err(Trouble::Internal) };
    let tools = prices(&play.api, types.get("data").list()).await?;
    let lines = with_refusals(&play.env, &play.customer, ledger).await;
    let currency = Currency::of(&play.currency);
    let price = PriceCalculator::of(&play.state, currency);
    let tool = ToolRun::of(&play.state);
    let body = html! {
        a.skip href="#content" { "Skip to the page" }
        header.trying {
            a.home href={ (play.root) "dashboard" } aria-label="Chargly: the dashboard" { (wordmark()) }
            p { strong { "Playground." } " A preview in an environment of its own, in no total of test or live." }
            a href="#setup" { "Set up your own" }
        }
        main.try #content {
            div {
                h1 { "Click an event, and see what it is worth" }
                p.lead {
                    "Each click is a real event through the real engine: priced, taken from your wallet and on disk before "
                    "the answer. You are " code { (play.customer) } "."
                }
            }
            div.tiles #figures aria-label="Your figures" role="group" { (tiles.show()) }
            div.two {
                div.beside {
                section.chart {
                    h2 { "What does your user do?" }
                    (buttons(play, wallet, &tools, packs.get("data").list(), key))
                    div #answer aria-live="polite" { (answered(play, answer, packs.get("data").list(), key)) }
                }
                section.chart #code {
                    h2 { "The code that makes this call" }
                    @let event = match answer { Answer::Clicked(clicked) => clicked.event, _ => FIRST_CODE };
                    div #code-of { (code(event, &play.origin)) }
                }
                }
                (stream(&lines, &position))
            }
            div.two {
                (price.show(&tool))
                (tool.show(&tools, &price))
            }
            (setup(play))
        }
    };
    Ok(around(&Around { root: &play.root, title: "Try it", class: "single", scripts: &[&TRY_SCRIPT] }, &body))
}

/// Name, label and price of a single event of each type that has a button.
async fn prices(api: &Api, types: &[Json]) -> Result<Vec<(String, String, Amount)>, Trouble> {
    let known =
        BUTTONS.iter().filter_map(|button| types.iter().find(|one| one.get("name").text() == button.event));
    let asked = known.map(|one| async move {
        let name = one.get("name").text();
        let body = serde_json::json!({"event": name, "samples": [{}]}).to_string();
        let quote = api.send("POST", "/v1/quote", body, None).await?;
        let credits = quote.get("samples").list().first().map(|sample| sample.get("credits").sum());
        Ok((name.to_owned(), one.get("label").text().to_owned(), credits.unwrap_or_default()))
    });
    try_join_all(asked).await
}

fn buttons(
    play: &Play,
    wallet: &Json,
    tools: &[(String, String, Amount)],
    packs: &[Json],
    key: &str,
) -> Markup {
    let has_wallet = !wallet.get("wallet_id").is_null();
    let available = if has_wallet { wallet.get("available").sum() } else { Amount::whole(WELCOME_CREDITS) };
    let money = Unit::Money(Currency::of(&play.currency));
    html! {
        form #clicks method="post" action={ (play.root) "try" } {
            input type="hidden" name="key" value=(key);
            p.balance {
                "Your balance " strong.credits #balance { (Unit::Credits.in_words(available)) }
            }
            div.clicks {
                @for button in &BUTTONS {
                    @if let Some((_, _, price)) = tools.iter().find(|(name, _, _)| name == button.event) {
                        button name="do" value=(button.event) {
                            span { (button.words) }
                            span.soft { (Unit::Credits.in_words(*price)) }
                        }
                    }
                }
                @if let Some(pack) = packs.first() { (top_up(pack, money, "quiet-row")) }
            }
        }
    }
}

/// A button that orders a pack.
fn top_up(pack: &Json, money: Unit, class: &str) -> Markup {
    html! {
        button class=(class) name="do" value={ "top_up " (pack.get("code").text()) } {
            span { "Top up: " (pack.get("name").text()) }
            span { (Unit::Credits.in_words(pack.get("credits").sum())) " for " (money.short(pack.path("price.amount").sum())) }
        }
    }
}

fn answered(play: &Play, answer: &Answer, packs: &[Json], key: &str) -> Markup {
    let money = Unit::Money(Currency::of(&play.currency));
    match answer {
        Answer::None | Answer::To(_) => html! {},
        Answer::Limited(said) | Answer::Failed(said) => html! { p.trouble { (said) } },
        Answer::Clicked(clicked) => html! {
            div class=(if clicked.is_good() { "said" } else { "trouble" }) {
                p {
                    span class=(if clicked.is_good() { "tag good" } else { "tag bad" }) { (clicked.status) }
                    " " (clicked.said)
                }
                @if clicked.is_refused && let Some(pack) = packs.first() {
                    form method="post" action={ (play.root) "try" } {
                        input type="hidden" name="key" value={ (key) "-top-up" };
                        (top_up(pack, money, "main"))
                    }
                }
                details.behind {
                    summary { "The answer, as it came" }
                    pre tabindex="0" { code { (clicked.body) } }
                }
            }
        },
    }
}

fn stream(lines: &[Line], position: &str) -> Markup {
    html! {
        section.chart {
            h2 { "What happened to the wallet?" }
            p.empty-stream hidden[!lines.is_empty()] #nothing { "Nothing yet. Click an event." }
            table.stream hidden[lines.is_empty()] #stream data-after=(position) {
                caption { "The stream of your wallet, newest first" }
                thead { tr { th { "Event" } th.number { "Credits" } th.number { "Balance after" } } }
                tbody { @for line in lines { (line.row()) } }
            }
        }
    }
}

fn setup(play: &Play) -> Markup {
    let curl = format!(
        "curl {}/v1/events \\\n  -H \"Authorization: Bearer $CHARGLY_SECRET_KEY\" \\\n  \
         -d '{{\"event\":\"image.generate\",\"customer\":\"demo_user\",\"idempotency_key\":\"first-event\"}}'",
        play.origin
    );
    html! {
        section.chart #setup {
            h2 { "The real thing" }
            p { "One binary, its data in one directory, on your machine. The first start prints two keys and a call to paste:" }
            pre tabindex="0" aria-label="How to start" { code { "cargo run --release     # build and serve" } }
            p { "Then meter an event in " em { "test" } ", which has a catalogue and a " code { "demo_user" } " with 1,000 credits:" }
            pre tabindex="0" aria-label="A first event" { code { (curl) } }
            p { a href={ (play.root) "dashboard" } { "Open the dashboard" } }
        }
    }
}

/// Where the playground is not served.
pub(super) fn turned_off(root: &str) -> Markup {
    card(
        root,
        "There is no playground here",
        &html! {
            p { "Whoever runs this server has turned it off, or it could not be opened; its log says so then." }
            p { a href={ (root) "dashboard" } { "To the dashboard" } }
        },
    )
}
