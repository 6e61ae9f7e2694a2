//! The one table of pages: where each is, who may see it, what it can do. The router and the navigation are built from
//! it, and so are the tests that ask for every page without a session and in every role.

use futures_util::future::BoxFuture;

use crate::page::Page;
use crate::pages;
use crate::people::Role;
use crate::serve::{Done, FORM_BYTES_MAX, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// A page.
pub(crate) struct PageRoute {
    /// Behind `/dashboard/{environment}/`.
    pub(crate) path: &'static str,
    /// Which entry of the navigation it belongs to.
    pub(crate) section: &'static str,
    /// Who may see it.
    pub(crate) role: Role,
    pub(crate) show: Show,
    /// What its forms do; each action says which role it needs.
    pub(crate) act: Option<Act>,
    /// Bytes of one of its forms.
    pub(crate) form_bytes: usize,
}

/// Makes a page.
pub(crate) type Show = fn(&Visit) -> BoxFuture<'_, Result<Page, Trouble>>;
/// Does what a form asks for.
pub(crate) type Act = for<'a> fn(&'a Visit, &'a Form) -> BoxFuture<'a, Result<Done, Trouble>>;

/// Entries of the navigation that belong together.
pub(crate) struct Group {
    /// Its heading; none where empty.
    pub(crate) name: &'static str,
    pub(crate) sections: &'static [Section],
}

/// An entry of the navigation.
pub(crate) struct Section {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
}

macro_rules! pages {
    ($($path:literal in $section:literal $role:ident $show:path $(, does $act:path)? $(, takes $bytes:expr)?;)*) => {
        &[$(PageRoute {
            path: $path,
            section: $section,
            role: Role::$role,
            show: |visit| Box::pin($show(visit)),
            act: pages!(@act $($act)?),
            form_bytes: pages!(@bytes $($bytes)?),
        }),*]
    };
    (@act $act:path) => { Some(|visit, form| Box::pin($act(visit, form))) };
    (@act) => { None };
    (@bytes $bytes:expr) => { $bytes };
    (@bytes) => { FORM_BYTES_MAX };
}

/// What the live page reads: no page, but for whoever may see that one.
pub(crate) static STREAM: PageRoute = PageRoute {
    path: "stream",
    section: "live",
    role: Role::Viewer,
    show: |visit| Box::pin(pages::live::show(visit)),
    act: None,
    form_bytes: FORM_BYTES_MAX,
};

/// The files of the exports: no pages, but for whoever may see theirs.
pub(crate) static EXPORT: PageRoute = PageRoute {
    path: "exports/{file}",
    section: "health",
    role: Role::Viewer,
    show: |visit| Box::pin(pages::exports::show(visit)),
    act: None,
    form_bytes: FORM_BYTES_MAX,
};

/// Every page there is.
pub(crate) static PAGES: &[PageRoute] = pages! {
    "overview" in "overview" Viewer pages::overview::show;
    "first-minute" in "overview" Viewer pages::first_minute::show, does pages::first_minute::act;
    "live" in "live" Viewer pages::live::show, does pages::live::act;
    "usage" in "usage" Viewer pages::usage::show;
    "customers" in "customers" Viewer pages::customers::show, does pages::customers::act;
    "customers/{customer}" in "customers" Viewer pages::customer::show, does pages::customer::act;
    "events/{name}" in "usage" Viewer pages::events::show;
    "event/{id}" in "usage" Viewer pages::event::show;
    "revenue" in "revenue" Viewer pages::revenue::show;
    "credits" in "credits" Viewer pages::credits::show;
    "costs" in "costs" Viewer pages::costs::show;
    "costs/import" in "costs" Viewer pages::costs::import::show, does pages::costs::import::act, takes pages::costs::import::LIST_FORM_BYTES_MAX;
    "health" in "health" Viewer pages::health::show;
    "exports" in "health" Viewer pages::exports::show;
    "settings" in "settings" Viewer pages::settings::project::show, does pages::settings::project::act;
    "settings/keys" in "settings" Viewer pages::settings::keys::show, does pages::settings::keys::act;
    "settings/packs" in "settings" Viewer pages::settings::packs::show, does pages::settings::packs::act;
    "settings/payments" in "settings" Viewer pages::settings::payments::show, does pages::settings::payments::act;
    "settings/webhooks" in "settings" Viewer pages::settings::webhooks::show, does pages::settings::webhooks::act;
    "settings/webhooks/{id}" in "settings" Viewer pages::settings::webhooks::show_one, does pages::settings::webhooks::act_one;
    "settings/people" in "settings" Viewer pages::settings::people::show, does pages::settings::people::act;
    "settings/you" in "settings" Viewer pages::settings::you::show, does pages::settings::you::act;
    "pricing" in "pricing" Viewer pages::pricing::show, does pages::pricing::act;
    "pricing/simulate" in "pricing" Viewer pages::pricing::simulate::show, does pages::pricing::simulate::act;
    "pricing/{name}" in "pricing" Viewer pages::pricing::price::show, does pages::pricing::price::act;
    "price-impact" in "price-impact" Viewer pages::price_impact::show;
    "advisor" in "advisor" Viewer pages::advisor::show, does pages::advisor::act;
    "advisor/track-record" in "advisor" Viewer pages::advisor::track_record::show;
    "advisor/{id}" in "advisor" Viewer pages::advisor::advice::show, does pages::advisor::advice::act;
};

/// The path of every page, with names in braces for what varies: for tests that must forget none.
pub fn page_paths() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|page| page.path)
}

/// The navigation.
pub(crate) static SECTIONS: &[Group] = &[
    Group {
        name: "",
        sections: &[
            Section { path: "overview", name: "Overview" },
            Section { path: "live", name: "Live" },
            Section { path: "usage", name: "Usage" },
            Section { path: "customers", name: "Customers" },
        ],
    },
    Group {
        name: "Money",
        sections: &[
            Section { path: "revenue", name: "Revenue and margin" },
            Section { path: "credits", name: "Credits" },
            Section { path: "costs", name: "Provider costs" },
        ],
    },
    Group {
        name: "Prices",
        sections: &[
            Section { path: "pricing", name: "Pricing" },
            Section { path: "price-impact", name: "Price impact" },
            Section { path: "advisor", name: "Advisor" },
        ],
    },
    Group {
        name: "This project",
        sections: &[
            Section { path: "health", name: "Health and audit" },
            Section { path: "settings", name: "Settings" },
        ],
    },
];
