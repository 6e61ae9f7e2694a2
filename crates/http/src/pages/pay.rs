//! The sandbox's pay page: what a provider's hosted page would be, plainly labelled as one on which no money moves.
//!
//! Each button is a form of this page that posts one [`PayAction`] to the page's own address. Whoever presses twice
//! sends it twice: that the second does nothing more is the use case's to see to.

use maud::{Markup, html};

use super::format;
use super::purchase::Purchase;
use super::shell::{Shell, Sign, link_back, picture, standing};

/// A sandbox checkout, as its buyer sees it.
#[derive(Clone, Copy, Debug)]
pub struct PayPage<'a> {
    /// What is bought.
    pub purchase: Purchase<'a>,
    /// How it stands.
    pub state: PayState,
    /// Where the buyer goes on to once something is decided.
    pub return_url: Option<&'a str>,
    /// Where the buyer goes who gives up.
    pub cancel_url: Option<&'a str>,
    /// When the checkout ends, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// How a sandbox checkout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayState {
    /// Nothing was decided yet.
    Open,
    /// Ordered by bank debit: the money is on its way.
    Pending,
    /// The money is there.
    Paid,
    /// Declined, or the money did not arrive.
    Failed,
    /// The checkout ended before anybody paid.
    Expired,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayAction {
    /// Pays at once.
    Pay,
    /// Is refused.
    Decline,
    /// Orders a payment that arrives later.
    PayLater,
    /// The money of such an order arrives.
    Arrive,
    /// The money of such an order does not arrive.
    Fail,
}

impl PayAction {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pay, Self::Decline, Self::PayLater, Self::Arrive, Self::Fail];
    /// The form's field.
    pub const FIELD: &'static str = "action";

    /// As the form sends it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Decline => "decline",
            Self::PayLater => "pay_later",
            Self::Arrive => "arrive",
            Self::Fail => "fail",
        }
    }

    /// Reads what a form sent.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// The page. `root` leads from its path to the door's root: `../../`.
pub fn pay_page(root: &str, page: &PayPage<'_>) -> Markup {
    let content = html! {
        aside.sandbox aria-label="Sandbox" {
            strong { "Sandbox" }
            p { "No money moves here. This page stands in for a payment provider's while you try things out." }
        }
        @match page.state {
            PayState::Open | PayState::Pending => (undecided(page)),
            PayState::Paid | PayState::Failed | PayState::Expired => (decided(page)),
        }
    };
    let title = match page.state {
        PayState::Open => format!("Pay {} (sandbox)", page.purchase.price_in_words()),
        PayState::Pending => "Payment on its way (sandbox)".to_owned(),
        PayState::Paid => "Paid (sandbox)".to_owned(),
        PayState::Failed => "Not paid (sandbox)".to_owned(),
        PayState::Expired => "Checkout ended (sandbox)".to_owned(),
    };
    let is_narrow = !matches!(page.state, PayState::Open | PayState::Pending);
    Shell { root, title: &title, is_narrow, look_again_s: None }.around(&content)
}

/// What is bought on one side, what can be done on the other.
fn undecided(page: &PayPage<'_>) -> Markup {
    html! {
        div.sheet {
            section.part aria-label="What you buy" {
                (page.purchase.heading())
                (page.purchase.credits_list())
            }
            section.part aria-label="Payment" {
                @if page.state == PayState::Open { (open(page)) } @else { (pending(page)) }
            }
        }
    }
}

fn open(page: &PayPage<'_>) -> Markup {
    let pay = format!("Pay {}", page.purchase.price_in_words());
    html! {
        h2 { "How should the payment end?" }
        form.acts method="post" {
            (act(PayAction::Pay, &pay, "Like a card that is accepted: the credits are there at once."))
            (act(PayAction::Decline, "Decline", "Like a card that is refused: no credits are added."))
            (act(PayAction::PayLater, "Pay later", "Like a bank debit: ordered now, paid days later or not at all."))
        }
        (link_back(page.cancel_url, "Cancel and go back to", false))
        p.note { "This checkout is open until " (instant(page.expires_at_ms)) "." }
    }
}

fn pending(page: &PayPage<'_>) -> Markup {
    html! {
        div.standing {
            (picture(Sign::Waiting))
            h2 { "The money is on its way" }
            p { "The payment was ordered. Credits are added when the money arrives." }
        }
        form.acts method="post" {
            (act(PayAction::Arrive, "The money arrives", "The bank pays: the credits are added."))
            (act(PayAction::Fail, "The money does not arrive", "The bank does not pay: no credits are added."))
        }
        (link_back(page.return_url, "Leave it on its way and go on to", false))
    }
}

/// One button, and what it stands for.
fn act(action: PayAction, words: &str, meaning: &str) -> Markup {
    let is_main = matches!(action, PayAction::Pay | PayAction::Arrive);
    let meaning_id = format!("{}-meaning", action.as_str());
    html! {
        div.act {
            button class=[is_main.then_some("main")] name=(PayAction::FIELD) value=(action.as_str()) aria-describedby=(meaning_id) {
                (words)
            }
            p id=(meaning_id) { (meaning) }
        }
    }
}

fn decided(page: &PayPage<'_>) -> Markup {
    let (credits, until) = (page.purchase.total_in_words(), format::instant(page.expires_at_ms));
    let ended = format!("This checkout was open until {until}. Nothing was paid, and no credits were added.");
    let paid = format!("{credits} are in the wallet");
    let (sign, word, sentence, next) = match page.state {
        PayState::Paid => (Sign::Done, paid.as_str(), "The payment went through.", page.return_url),
        PayState::Expired => (Sign::Not, "This checkout has ended", ended.as_str(), page.cancel_url),
        _ => {
            (Sign::Not, "Not paid", "The payment did not go through. No credits were added.", page.return_url)
        }
    };
    let leading = if page.state == PayState::Paid { "Go on to" } else { "Back to" };
    html! {
        div.sheet {
            section.part {
                (standing(sign, word, sentence))
                (page.purchase.summary())
                (link_back(next, leading, true))
            }
        }
    }
}

fn instant(ms: i64) -> Markup {
    html! { time datetime=(format::machine_instant(ms)) { (format::instant(ms)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_as_they_are_sent_and_nothing_else_is() {
        for action in PayAction::ALL {
            assert_eq!(PayAction::parse(action.as_str()), Some(action));
        }
        for text in ["", "PAY", "pay ", "refund"] {
            assert_eq!(PayAction::parse(text), None, "{text}");
        }
    }
}
