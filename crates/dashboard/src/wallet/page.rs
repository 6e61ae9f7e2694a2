//! The markup of a wallet page, in each of its states.

use maud::{Markup, html};

use super::history::{Day, Line, Move};
use super::shown::{Pack, Shown, time};
use crate::look::{Amount, Around, Unit, WALLET_SCRIPT, around};
use crate::serve::card;

/// After how many seconds a page that awaits a payment looks again.
const LOOK_AGAIN_SECONDS: u32 = 5;

/// What a page is made with besides what it shows.
pub(super) struct Frame<'a> {
    pub(super) root: &'a str,
    /// The key of the forms: pressed twice, one order.
    pub(super) key: &'a str,
    /// Whether the customer comes from a checkout.
    pub(super) came_back: bool,
    /// Whether the page looks again by itself.
    pub(super) looks_again: bool,
    pub(super) trouble: Option<&'a str>,
}

/// The page.
pub(super) fn page(shown: &Shown, frame: &Frame<'_>) -> Markup {
    let credits = |amount: Amount| Unit::Credits.in_words(amount);
    let arrived = shown.arrived.as_ref().filter(|_| frame.came_back && shown.pending.is_none());
    let body = html! {
        main.wallet #content data-arrived=(shown.arrived.as_ref().map_or("", |(_, at)| at)) {
            h1 { "Your credits" }
            @if let Some(words) = frame.trouble { p.trouble role="alert" { (words) } }
            @if let Some(pending) = shown.pending { (awaited(pending, frame)) }
            @if let Some((arrived, _)) = arrived {
                p.said role="status" { (credits(*arrived)) " have arrived. Thank you." }
            }
            section.chart aria-label="Balance" {
                p.balance { strong.credits title=(Unit::Credits.exact(shown.available)) { (credits(shown.available)) } }
                @if shown.is_frozen { p.missing { "This wallet is stopped at the moment. Ask for help where you use your credits." } }
                @if shown.held > Amount::ZERO {
                    p.note { (credits(shown.held)) " more are set aside for work in progress. What it does not need comes back." }
                }
                @for (amount, at) in &shown.expiring {
                    p.note { (credits(*amount)) " can be used until " (moment(at, &time(at, &shown.zone, "%-d %B %Y"), "day")) "." }
                }
            }
            (packs(shown, frame))
            (history(shown))
        }
    };
    let look_again = shown.pending.is_some() && frame.looks_again;
    let document = around(
        &Around { root: frame.root, title: "Your credits", class: "single", scripts: &[&WALLET_SCRIPT] },
        &body,
    );
    if !look_again {
        return document;
    }
    // In the head, where a browser looks for it.
    let again = format!(r#"<meta http-equiv="refresh" content="{LOOK_AGAIN_SECONDS}"></head>"#);
    maud::PreEscaped(document.0.replacen("</head>", &again, 1))
}

fn awaited(credits: Amount, frame: &Frame<'_>) -> Markup {
    html! {
        div.said.pending role="status" {
            p { span.tag { "Pending" } " " (Unit::Credits.in_words(credits)) " are on their way: they arrive when the payment does, by themselves." }
            @if frame.looks_again {
                p.note { "This page looks again every " (LOOK_AGAIN_SECONDS) " seconds. " a href="?back=1&stay=1" { "Stop looking" } }
            } @else {
                p.note { a href="?back=1&stay=1" { "Look again now" } }
            }
        }
    }
}

fn packs(shown: &Shown, frame: &Frame<'_>) -> Markup {
    html! {
        @if !shown.packs.is_empty() {
            section.chart {
                h2 { "Get more credits" }
                // A pay page does not open inside a frame.
                form method="post" target="_top" {
                    input type="hidden" name="key" value=(frame.key);
                    ul.packs { @for pack in &shown.packs { li { (offer(pack)) } } }
                }
            }
        }
    }
}

fn offer(pack: &Pack) -> Markup {
    html! {
        div {
            strong { (pack.name) } " " span.soft { (Unit::Credits.in_words(pack.credits)) }
            @if !pack.audience.is_empty() { p.note { (pack.audience) } }
            @if !pack.discount_line.is_empty() { p.note.discount { (pack.discount_line) } }
        }
        button.main name="pack" value=(pack.code) aria-label={ "Buy " (pack.name) " for " (pack.price) } { (pack.price) }
    }
}

fn history(shown: &Shown) -> Markup {
    html! {
        section.chart {
            h2 { "History" }
            @if shown.days.is_empty() {
                p.note { "Nothing yet. What you use and what you buy will be here, with your balance after each." }
            }
            @for day in &shown.days { (one_day(day, shown)) }
            @if let Some(older) = &shown.older {
                @let query = form_urlencoded::Serializer::new(String::new()).append_pair("before", older).finish();
                p { a href={ "?" (query) } { "Show older" } }
            }
        }
    }
}

fn one_day(day: &Day, shown: &Shown) -> Markup {
    html! {
        h3 { (day.name) }
        ol.moves {
            @for line in &day.lines {
                li {
                    @match line {
                        Line::One(one) => (one_move(one, shown)),
                        Line::Together(moves) => (many(moves, shown)),
                    }
                }
            }
        }
    }
}

fn one_move(one: &Move, shown: &Shown) -> Markup {
    html! {
        div.move {
            span.what {
                (one.words)
                span.note {
                    @if !one.source.is_empty() { (one.source) ", " }
                    (moment(&one.at, &time(&one.at, &shown.zone, "%H:%M"), "time"))
                }
            }
            (amounts(one.credits, one.balance))
        }
    }
}

fn many(moves: &[Move], shown: &Shown) -> Markup {
    let credits: Amount = moves.iter().map(|one| one.credits).sum();
    let newest = &moves[0];
    html! {
        details {
            summary {
                span.move {
                    span.what { (newest.words) " × " (moves.len()) span.note { "Show each" } }
                    (amounts(credits, newest.balance))
                }
            }
            ol.moves { @for one in moves { li { (one_move(one, shown)) } } }
        }
    }
}

fn amounts(credits: Amount, balance: Amount) -> Markup {
    let sign = if credits > Amount::ZERO { "+" } else { "" };
    html! {
        span.number {
            data value=(credits.exact()) { (sign) (Unit::Credits.short(credits)) " credits" }
            span.note { "Balance " (Unit::Credits.short(balance)) }
        }
    }
}

/// A moment that a script turns into the reader's own time.
fn moment(at: &str, words: &str, form: &str) -> Markup {
    html! { time datetime=(at) data-form=(form) { (words) } }
}

/// The link is none, or its time is over: which of the two is nobody's business.
pub(super) fn ended(root: &str) -> Markup {
    card(
        root,
        "This link has ended",
        &html! {
            p { "It was good for a while. Go back to where you use your credits, and open your wallet from there again." }
        },
    )
}

/// The wallet cannot be read at the moment.
pub(super) fn not_now(root: &str) -> Markup {
    card(
        root,
        "Your credits cannot be shown at the moment",
        &html! {
            p { "Nothing happened to them. Look again in a moment." }
            p { a.button href="" { "Look again" } }
        },
    )
}

/// On to where it is paid, which is somewhere else.
pub(super) fn on_to(root: &str, url: &str) -> Markup {
    card(
        root,
        "On to the payment",
        &html! {
            p { "The payment is taken on a page of its own. Afterwards you come back here." }
            p { a.button.main href=(url) rel="noreferrer" { "Go on to the payment" } }
        },
    )
}
