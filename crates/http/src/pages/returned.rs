//! Where a buyer comes back to after a checkout, whatever provider it was at.

use maud::{Markup, html};

use super::purchase::Purchase;
use super::shell::{Shell, Sign, link_back, standing};

/// After how many seconds the page of a payment that is awaited looks again.
pub const LOOK_AGAIN_SECONDS: u32 = 5;

/// An order, as its buyer sees it after the checkout.
#[derive(Clone, Copy, Debug)]
pub struct ReturnPage<'a> {
    /// What is bought.
    pub purchase: Purchase<'a>,
    /// What came of it.
    pub outcome: PaymentOutcome,
    /// The site of whoever sells.
    pub back_url: Option<&'a str>,
}

/// What came of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// The credits are there.
    Paid,
    /// The payment is awaited.
    Awaited {
        /// Whether the page looks again by itself. Whoever reads it with a screen reader or a magnifier would be thrown
        /// back to its beginning each time, so that it can be turned off by [`ReturnPage::STAY`].
        looks_again: bool,
    },
    /// Declined, expired or given up.
    NotPaid,
}

impl ReturnPage<'_> {
    /// The name of the query parameter that turns looking again off, with any value.
    pub const STAY: &'static str = "stay";
}

/// The page. `root` leads from its path to the door's root: `../../`.
pub fn return_page(root: &str, page: &ReturnPage<'_>) -> Markup {
    let paid = format!("{} are in the wallet", page.purchase.total_in_words());
    let (sign, word, sentence) = match page.outcome {
        PaymentOutcome::Paid => (Sign::Done, paid.as_str(), "The payment has arrived. Thank you."),
        PaymentOutcome::Awaited { .. } => (
            Sign::Waiting,
            "We are waiting for the payment",
            "The credits arrive by themselves. You need not keep this page open.",
        ),
        PaymentOutcome::NotPaid => {
            (Sign::Not, "Not paid", "The payment did not go through. No credits were added.")
        }
    };
    let is_awaited = matches!(page.outcome, PaymentOutcome::Awaited { .. });
    let content = html! {
        div.sheet {
            section.part {
                (standing(sign, word, sentence))
                (page.purchase.summary())
                (link_back(page.back_url, "Back to", !is_awaited))
                @if let PaymentOutcome::Awaited { looks_again } = page.outcome { (looking(looks_again)) }
            }
        }
    };
    let look_again_s = match page.outcome {
        PaymentOutcome::Awaited { looks_again: true } => Some(LOOK_AGAIN_SECONDS),
        _ => None,
    };
    Shell { root, title: word, is_narrow: true, look_again_s }.around(&content)
}

fn looking(looks_again: bool) -> Markup {
    let stay = format!("?{}=1", ReturnPage::STAY);
    html! {
        p.note {
            @if looks_again {
                "This page looks again every " (LOOK_AGAIN_SECONDS) " seconds. "
                a href=(stay) { "Stop looking" }
            } @else {
                "This page stays as it is. "
                a href=(stay) { "Look again now" }
            }
        }
    }
}
