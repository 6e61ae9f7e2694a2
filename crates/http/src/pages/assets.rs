//! `GET /assets/{file}`: stylesheet and pictures of the pages, embedded in the binary.
//!
//! A file's name holds the hash of its content, so that a browser may keep it for good and never shows a page of one
//! version in the clothes of another.

use std::sync::LazyLock;

use chargly_api::Problem;

use crate::answer::Answer;
use crate::public::PublicCall;

/// Characters of the hash in a name: enough that two versions of one file differ.
const HASH_CHARACTERS: usize = 12;

/// A file that pages refer to.
pub(crate) struct Asset {
    /// Its name with the hash: `pages-1a2b3c4d5e6f.css`.
    pub(crate) name: String,
    content_type: &'static str,
    content: &'static str,
}

/// How every page looks.
pub(crate) static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "pages",
        "css",
        "text/css",
        concat!(include_str!("../../assets/tokens.css"), include_str!("../../assets/pages.css")),
    )
});
/// What stands in the tab.
pub(crate) static FAVICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", include_str!("../../assets/mark.svg")));

/// How the reference of the API looks.
pub(crate) static REFERENCE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("reference", "css", "text/css", chargly_openapi::page::STYLESHEET));

pub(crate) async fn handle(call: PublicCall) -> Result<Answer, Problem> {
    find(call.param("file")).map(Asset::answer).ok_or_else(|| Problem::not_found("file"))
}

fn find(name: &str) -> Option<&'static Asset> {
    [&*STYLESHEET, &*FAVICON, &*REFERENCE].into_iter().find(|asset| asset.name == name)
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, content: &'static str) -> Self {
        let hash = blake3::hash(content.as_bytes()).to_hex();
        Self { name: format!("{stem}-{}.{extension}", &hash[..HASH_CHARACTERS]), content_type, content }
    }

    fn answer(&self) -> Answer {
        Answer::asset(self.content_type, self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_found_by_its_name_with_the_hash_and_by_no_other() {
        let stylesheet = STYLESHEET.name.as_str();
        assert!(find(stylesheet).is_some_and(|asset| asset.content_type == "text/css"));
        assert!(find(&FAVICON.name).is_some() && find(&REFERENCE.name).is_some());
        for name in ["", "pages.css", "pages-000000000000.css", "../Cargo.toml", &stylesheet.to_uppercase()] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
