//! What a page is asked with: all of it stands in the address, so that a link shows what its sender saw.

use chargly_engine::Environment;
use chargly_engine::ledger::Millis;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::api::Target;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The ranges that can be chosen: the parameter's value, the words, days (0 for hours).
pub(crate) const RANGES: [Range; 6] = [
    Range { name: "1h", words: "1 h", span: Length::Hours(1) },
    Range { name: "24h", words: "24 h", span: Length::Hours(24) },
    Range { name: "7d", words: "7 d", span: Length::Days(7) },
    Range { name: "30d", words: "30 d", span: Length::Days(30) },
    Range { name: "90d", words: "90 d", span: Length::Days(90) },
    Range { name: "12m", words: "12 m", span: Length::Days(364) },
];

/// A range that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    span: Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Hours(i64),
    Days(i64),
}

/// With which earlier time figures are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// The equally long time just before.
    Previous,
    /// The same weekdays: moved back by whole weeks.
    SameWeekdays,
}

/// The parameters of an address, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pairs: Vec<(String, String)>,
}

impl State {
    /// Reads a query. What no page knows is kept and does nothing.
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self { pairs: pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect() }
    }

    /// A parameter that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// The one of these words that a parameter has; the first where it has none of them.
    pub(crate) fn one_of(&self, name: &str, words: &[&'static str]) -> &'static str {
        let asked = self.get(name);
        let found = words.iter().find(|word| asked == Some(**word)).or(words.first());
        found.copied().unwrap_or_default()
    }

    /// Every parameter whose name begins so: `filter[`.
    pub(crate) fn all(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let found =
            self.pairs.iter().filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty());
        found.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The link to this page with a parameter set; with an empty value, without it. A page of a list is left.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        self.with_all(&[(name, value)])
    }

    /// The same for several.
    pub(crate) fn with_all(&self, changes: &[(&str, &str)]) -> String {
        let is_changed = |name: &str| name == "cursor" || changes.iter().any(|(changed, _)| *changed == name);
        let kept = self.pairs.iter().filter(|(name, value)| !is_changed(name) && !value.is_empty());
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let changed = changes.iter().copied().filter(|(_, value)| !value.is_empty());
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept.chain(changed)).finish();
        format!("?{query}")
    }

    /// The range's parameters alone, to be carried over to another page: `?range=90d`, or nothing.
    pub(crate) fn range_query(&self) -> String {
        let kept =
            ["range", "from", "to", "compare"].into_iter().filter_map(|name| Some((name, self.get(name)?)));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// The range's name: `custom` where `from` and `to` are given.
    pub(crate) fn range_name(&self) -> &'static str {
        if self.get("from").is_some() {
            return "custom";
        }
        RANGES.iter().find(|range| self.get("range") == Some(range.name)).map_or("30d", |range| range.name)
    }

    pub(crate) fn compare(&self) -> Compare {
        if self.get("compare") == Some("weekdays") { Compare::SameWeekdays } else { Compare::Previous }
    }
}

/// A range of time, and how it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Included, milliseconds since 1970.
    pub(crate) from: i64,
    /// Excluded.
    pub(crate) to: i64,
    /// What the API calls the pieces.
    pub(crate) interval: &'static str,
}

impl Span {
    /// What an address asks for, as of now. A custom range that is none becomes the usual one.
    pub(crate) fn of(state: &State, env: &Environment, now_ms: i64) -> Self {
        if let Some(custom) = Self::custom(state, env, now_ms) {
            return custom;
        }
        let range = RANGES.iter().find(|range| range.name == state.range_name()).unwrap_or(&RANGES[3]);
        match range.span {
            Length::Hours(hours) => {
                let this_hour = now_ms - now_ms.rem_euclid(HOUR_MS);
                Self { from: this_hour - (hours - 1).max(0) * HOUR_MS, to: now_ms + 1, interval: "hour" }
            }
            Length::Days(days) => {
                let from = env.day_of(Millis(now_ms - (days - 1) * DAY_MS)).start.0;
                Self { from, to: now_ms + 1, interval: Self::interval_of(days) }
            }
        }
    }

    fn custom(state: &State, env: &Environment, now_ms: i64) -> Option<Self> {
        let from = env.begin_of_date(state.get("from")?)?.0;
        let to = match state.get("to") {
            // The day named is the last one in it.
            Some(date) => env.day_of(Millis(env.begin_of_date(date)?.0 + DAY_MS + HOUR_MS * 2)).start.0,
            None => now_ms + 1,
        };
        (from < to).then(|| {
            let days = (to - from) / DAY_MS + 1;
            Self { from, to, interval: if days <= 3 { "hour" } else { Self::interval_of(days) } }
        })
    }

    fn interval_of(days: i64) -> &'static str {
        match days {
            ..=92 => "day",
            93..=400 => "week",
            _ => "month",
        }
    }

    /// The earlier time that it is compared with.
    pub(crate) fn before(self, compare: Compare) -> Self {
        let length = self.to - self.from;
        let days = (length + DAY_MS - 1) / DAY_MS;
        let back = match compare {
            Compare::Previous if self.interval == "hour" => length - length % HOUR_MS + HOUR_MS,
            Compare::Previous => days * DAY_MS,
            Compare::SameWeekdays => (days + 6) / 7 * 7 * DAY_MS,
        };
        Self { from: self.from - back, to: self.to - back, interval: self.interval }
    }

    /// With the range's parameters, as every report takes them.
    pub(crate) fn ask(self, target: Target) -> Target {
        target.with("from", &time(self.from)).with("to", &time(self.to))
    }

    /// The same, cut into its pieces.
    pub(crate) fn ask_by_interval(self, target: Target) -> Target {
        self.ask(target).with("interval", self.interval)
    }

    /// The same, in one piece.
    pub(crate) fn ask_total(self, target: Target) -> Target {
        self.ask(target).with("interval", "total")
    }
}

/// An instant as the API takes it.
pub(crate) fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| format!("{at:.3}"))
}

/// The time zone that figures are kept in.
pub(crate) fn zone_of(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_changes_what_it_names_and_keeps_the_rest_but_the_page_of_a_list() {
        let state = State::parse("range=7d&event=a.b&filter%5Bmodel%5D=x&cursor=c&empty=");
        assert_eq!(state.with("event", "c d"), "?range=7d&filter%5Bmodel%5D=x&event=c+d");
        assert_eq!(state.with("event", ""), "?range=7d&filter%5Bmodel%5D=x");
        assert_eq!(state.range_query(), "?range=7d");
        assert_eq!(state.all("filter[").collect::<Vec<_>>(), [("filter[model]", "x")]);
        assert_eq!((state.get("empty"), state.range_name()), (None, "7d"));
        assert_eq!(state.one_of("range", &["30d", "7d"]), "7d");
        assert_eq!(State::default().one_of("range", &["30d", "7d"]), "30d");
    }

    #[test]
    fn time_before_is_as_long_and_ends_at_the_same_time_of_day() {
        let day = Span { from: 0, to: 6 * DAY_MS + HOUR_MS * 7, interval: "day" };
        let before = day.before(Compare::Previous);
        assert_eq!((before.from, before.to), (-7 * DAY_MS, -DAY_MS + HOUR_MS * 7));
        let month = Span { from: 0, to: 30 * DAY_MS, interval: "day" };
        assert_eq!(month.before(Compare::SameWeekdays).from, -35 * DAY_MS);
        let hour = Span { from: 0, to: HOUR_MS / 2, interval: "hour" };
        assert_eq!(hour.before(Compare::Previous).from, -HOUR_MS);
    }
}
