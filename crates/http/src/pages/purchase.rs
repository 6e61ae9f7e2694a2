//! What is bought, as its buyer sees it.

use chargly_engine::ledger::{Credits, Money};
use maud::{Markup, html};

use super::format;

/// Characters of a price up to which it fits on a line in the largest text.
const PRICE_CHARACTERS_LARGE: usize = 12;

/// What is bought.
#[derive(Clone, Copy, Debug)]
pub struct Purchase<'a> {
    /// The pack's name: `Power`.
    pub pack: &'a str,
    /// Credits paid for.
    pub credits: Credits,
    /// Credits on top.
    pub bonus: Credits,
    /// What it costs.
    pub price: Money,
}

impl Purchase<'_> {
    /// All credits of it. A pack's credits and bonus together are within the largest amount: that is the catalogue's rule.
    pub(super) fn total(&self) -> Credits {
        self.credits.checked_add(self.bonus).unwrap_or(Credits::MAX)
    }

    /// `547 credits`.
    pub(super) fn total_in_words(&self) -> String {
        format::credits_in_words(self.total())
    }

    /// `$20.00`.
    pub(super) fn price_in_words(&self) -> String {
        format::money(self.price)
    }

    /// Its name, as the page's heading, and its price.
    pub(super) fn heading(&self) -> Markup {
        let price = self.price_in_words();
        let class = if price.len() > PRICE_CHARACTERS_LARGE { "price long" } else { "price" };
        html! {
            div {
                p.kind { "You buy" }
                h1 { (self.pack) }
                p class=(class) { (price) }
            }
        }
    }

    /// What it consists of.
    pub(super) fn credits_list(&self) -> Markup {
        html! {
            dl {
                @if self.bonus.is_positive() {
                    div { dt { "Credits" } dd { (format::credits(self.credits)) } }
                    div { dt { "Bonus" } dd { "+" (format::credits(self.bonus)) } }
                }
                div.sum { dt { "You get" } dd { (self.total_in_words()) } }
            }
        }
    }

    /// Its name, credits and price, below how it stands.
    pub(super) fn summary(&self) -> Markup {
        html! {
            dl {
                div { dt { "Pack" } dd { (self.pack) } }
                div { dt { "Price" } dd { (self.price_in_words()) } }
                @if self.bonus.is_positive() {
                    div { dt { "Credits" } dd { (format::credits(self.credits)) } }
                    div { dt { "Bonus" } dd { "+" (format::credits(self.bonus)) } }
                    div.sum { dt { "In all" } dd { (self.total_in_words()) } }
                } @else {
                    div.sum { dt { "Credits" } dd { (format::credits(self.credits)) } }
                }
            }
        }
    }
}
