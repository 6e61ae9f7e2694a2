//! A page, before anything stands around it.

use jiff::tz::TimeZone;
use maud::Markup;

use crate::json::Json;
use crate::look::{Asset, Sheet, say};
use crate::trouble::Trouble;

/// A page of the dashboard.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) title: String,
    /// One sentence under the title.
    pub(crate) lead: String,
    /// Where it belongs: words and path.
    pub(crate) up: Option<(String, String)>,
    pub(crate) controls: Controls,
    pub(crate) as_of: Option<AsOf>,
    /// What an action did, said once.
    pub(crate) said: Option<String>,
    /// Why an action did nothing.
    pub(crate) trouble: Option<Trouble>,
    pub(crate) content: Markup,
    /// The tables on it, for their files.
    pub(crate) sheet: Sheet,
    pub(crate) scripts: Vec<&'static Asset>,
}

/// What can be chosen at its head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Controls {
    #[default]
    None,
    Range,
    RangeAndCompare,
}

/// The newest fact that the figures reflect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AsOf {
    pub(crate) position: String,
    pub(crate) at: String,
    pub(crate) shown: String,
    pub(crate) zone: String,
}

impl AsOf {
    /// Of a report.
    pub(crate) fn of(report: &Json, zone: &TimeZone) -> Self {
        let at = report.path("as_of.at").text();
        Self {
            position: report.path("as_of.position").text().to_owned(),
            at: at.to_owned(),
            shown: say::at(at, zone, "%-d %b %Y, %H:%M:%S"),
            zone: report.get("time_zone").text().to_owned(),
        }
    }
}
