//! What all pages share: the head, the wordmark, and how something stands.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::{FAVICON, STYLESHEET};
use crate::browser;

const WORDMARK: &str = include_str!("../../assets/wordmark.svg");

/// What a page is put into.
pub(super) struct Shell<'a> {
    /// From the page's path to the door's root: `../../`.
    pub(super) root: &'a str,
    /// What stands in the tab.
    pub(super) title: &'a str,
    /// Whether it holds one thing, and no two side by side.
    pub(super) is_narrow: bool,
    /// After how many seconds a browser asks for the page again by itself.
    pub(super) look_again_s: Option<u32>,
}

impl Shell<'_> {
    /// The whole document.
    pub(super) fn around(&self, content: &Markup) -> Markup {
        let asset = |name: &str| format!("{}assets/{name}", self.root);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    // A page behind an unguessable link is nobody's search result.
                    meta name="robots" content="noindex";
                    @if let Some(seconds) = self.look_again_s { meta http-equiv="refresh" content=(seconds); }
                    title { (self.title) }
                    link rel="icon" type="image/svg+xml" href=(asset(&FAVICON.name));
                    link rel="stylesheet" href=(asset(&STYLESHEET.name));
                }
                body class=[self.is_narrow.then_some("narrow")] {
                    header { (PreEscaped(WORDMARK.trim())) }
                    main { (content) }
                }
            }
        }
    }
}

/// How something stands.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    /// It is done.
    Done,
    /// It is on its way.
    Waiting,
    /// It did not happen.
    Not,
}

/// A sign, a word and a sentence: the word is the page's heading.
pub(super) fn standing(sign: Sign, word: &str, sentence: &str) -> Markup {
    let is_good = matches!(sign, Sign::Done);
    html! {
        div class=(if is_good { "standing good" } else { "standing" }) {
            (picture(sign))
            h1 { (word) }
            p { (sentence) }
        }
    }
}

/// A link to another site that names it; nothing where the address is none that a browser should follow.
pub(super) fn link_back(address: Option<&str>, words: &str, is_main: bool) -> Markup {
    let Some((address, origin)) = address.and_then(|address| Some((address, browser::origin(address)?)))
    else {
        return html! {};
    };
    let site = origin.split_once("://").map_or(origin.as_str(), |(_, site)| site);
    html! {
        @if is_main { a.button.main href=(address) { (words) " " (site) } }
        @else { p { a href=(address) { (words) " " (site) } } }
    }
}

/// Drawn for the purpose, and said in words beside it.
pub(super) fn picture(sign: Sign) -> Markup {
    html! {
        svg viewBox="0 0 24 24" aria-hidden="true" {
            circle cx="12" cy="12" r="10" {}
            @match sign {
                Sign::Done => path d="M7.5 12.5l3 3 6-6.5" {},
                Sign::Waiting => path d="M12 6.5V12l3.5 2.5" {},
                Sign::Not => path d="M8.5 8.5l7 7M15.5 8.5l-7 7" {},
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_back_names_its_site_and_is_not_there_where_the_address_is_none() {
        let link = |address| link_back(address, "Back to", false).into_string();
        let expected =
            "<p><a href=\"https://shop.example.com/a?b=1&amp;c=2\">Back to shop.example.com</a></p>";
        assert_eq!(link(Some("https://shop.example.com/a?b=1&c=2")), expected);
        for address in [None, Some("javascript:alert(1)"), Some("/a"), Some("")] {
            assert_eq!(link(address), "", "{address:?}");
        }
    }
}
