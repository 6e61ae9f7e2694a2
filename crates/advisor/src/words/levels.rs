//! Values of a dimension, told apart: why one price does not fit all of them.

use chargly_ledger::{Detail, Level, Recommendation, Span};

use super::numbers::{credits, percent, points, range};
use super::says::{A_MONTH, LINE, Says};

/// Values that a card lists; the record has all of them.
const LISTED_MAX: usize = 8;

/// Why a price should differ by value.
pub(super) fn split(
    says: &Says<'_>,
    dimension: &str,
    levels: &[Level],
    (gap_bp, cross_subsidy): (&Span, &Span),
) -> Vec<String> {
    let mut text = vec![format!(
        "One price is charged whatever {dimension} is, but what it leaves you differs: {} points of margin lie between \
         the best and the worst {dimension}.",
        range(gap_bp, points)
    )];
    text.extend(listed(says, dimension, levels));
    if cross_subsidy.high > 0 {
        text.push(format!(
            "So whoever uses the cheap ones pays {} {A_MONTH} for whoever uses the dear ones.",
            range(cross_subsidy, |nano| says.sum(nano))
        ));
    }
    text
}

/// Why the mean cost moved although no rate did.
pub(super) fn mix(
    says: &Says<'_>,
    dimension: &str,
    levels: &[Level],
    (by_rates, by_mix): (&Span, &Span),
) -> Vec<String> {
    let moved = |span: &Span| range(span, |nano| says.each(nano));
    let mut text = vec![
        format!(
            "{} has become dearer on average because more of it is of a dear {dimension}, not because a provider asks \
             for more.",
            says.event()
        ),
        format!(
            "That moved what one costs on average by {}; providers' rates moved it by {}.",
            moved(by_mix),
            moved(by_rates)
        ),
    ];
    text.extend(listed(says, dimension, levels));
    text.push(
        "One higher price would make the users of the cheap ones pay for the others: a price for each is fairer."
            .to_owned(),
    );
    text
}

fn listed(says: &Says<'_>, dimension: &str, levels: &[Level]) -> Vec<String> {
    let mut lines: Vec<String> =
        levels.iter().take(LISTED_MAX).map(|level| one(says, dimension, level)).collect();
    if levels.len() > LISTED_MAX {
        lines.push(format!("{LINE}and {} more", levels.len() - LISTED_MAX));
    }
    lines
}

fn one(says: &Says<'_>, dimension: &str, level: &Level) -> String {
    let name = if level.value.is_empty() {
        format!("any other {dimension}")
    } else {
        format!("{dimension} {}", level.value)
    };
    let unit = says.unit();
    if level.events == 0 {
        let price =
            level.proposed.map(|proposed| format!("; new price {}", credits(proposed))).unwrap_or_default();
        return format!("{LINE}{name}: not used in these days{price}");
    }
    let mut line = format!("{LINE}{name}: costs {} for each {unit}", says.each(level.cost_per_unit_nano));
    match level.margin_bp {
        Some(bp) => line.push_str(&format!(", leaves {}", percent(bp))),
        None => line.push_str(", brings in nothing"),
    }
    match level.share_before_bp {
        Some(before) => line.push_str(&format!(
            ", {} of all {unit}s instead of {}",
            percent(level.share_bp),
            percent(before)
        )),
        None => line.push_str(&format!(", {} of all {unit}s", percent(level.share_bp))),
    }
    if let Some(proposed) = level.proposed {
        line.push_str(&format!("; new price {}", credits(proposed)));
    }
    line
}

/// Whether some value gets cheaper.
pub(super) fn has_cheaper(record: &Recommendation) -> bool {
    let (Detail::Levels { levels, .. } | Detail::Mix { levels, .. }) = &record.evidence.detail else {
        return false;
    };
    let now = record.current;
    levels.iter().any(|level| level.proposed.zip(now).is_some_and(|(then, now)| then < now))
}
