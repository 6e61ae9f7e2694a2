//! `GET /openapi.json` and `GET /docs`: this API, for programs and for people. Made once, of the descriptions that are
//! built in: they know no environment, and need no network.

use std::sync::LazyLock;

use crate::answer::Answer;
use crate::pages::assets::REFERENCE;
use crate::project::Project;

/// The page, which is the same for whoever asks. Its links are relative, so that they hold behind a proxy's prefix.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let stylesheet = format!("assets/{}", REFERENCE.name);
    chargly_openapi::page::page(&stylesheet).into_string()
});

/// `GET /openapi.json`
pub(crate) fn document(_: &Project) -> Answer {
    Answer::json(chargly_openapi::document().as_bytes().to_vec())
}

/// `GET /docs`
pub(crate) fn page(_: &Project) -> Answer {
    Answer::built_in_page(&PAGE)
}
