//! Why: the figures that the advice rests on.

use chargly_ledger::{AdviceKind, Detail, Driver};

use super::days::day;
use super::levels;
use super::numbers::{
    about_micro, count, counted, credits, credits_up, micro, moved_by, per_unit, percent, points,
};
use super::says::Says;

/// From this distance on, in basis points, the margin by what was really burned is told beside the planned one.
const BOOKED_APART_BP: i64 = 100;

/// A cost that moved by less than a twentieth is called the same: so much does a mean move by itself.
const STEADY_PARTS: i128 = 20;

/// Why, in paragraphs.
pub(super) fn why(says: &Says<'_>) -> Vec<String> {
    let mut text = of_kind(says);
    if says.record.kind != AdviceKind::DataQuality {
        text.extend(worth(says));
    }
    text.push(sample(says));
    text.extend(driver(says));
    text
}

/// The one sentence that a list shows.
pub(super) fn reason(says: &Says<'_>) -> String {
    of_kind(says).into_iter().next().unwrap_or_default()
}

fn of_kind(says: &Says<'_>) -> Vec<String> {
    match &says.evidence().detail {
        Detail::Plain => margin(says),
        Detail::Levels { dimension, levels, gap_bp, cross_subsidy } => {
            levels::split(says, dimension, levels, (gap_bp, cross_subsidy))
        }
        Detail::Mix { dimension, levels, by_rates, by_mix } => {
            levels::mix(says, dimension, levels, (by_rates, by_mix))
        }
        Detail::Line { .. } => line(says),
        Detail::Rate { .. } => rate(says),
        Detail::Missing { .. } => missing(says),
    }
}

/// Cost, revenue and margin of a unit, beside what is aimed at.
fn margin(says: &Says<'_>) -> Vec<String> {
    let evidence = says.evidence();
    let (unit, cost) = (says.unit(), says.each_within(&evidence.cost_per_unit));
    let mut text = Vec::new();
    match (says.revenue_per_unit(), says.margin_bp()) {
        (Some(revenue), Some(bp)) if bp < 0 => {
            let lost = evidence.cost_per_unit.middle - revenue;
            text.push(format!(
                "Each {unit} costs you {cost} and brings in {}: you lose {} every time.",
                says.each(revenue),
                says.each(lost)
            ));
        }
        (Some(revenue), Some(bp)) => text.push(format!(
            "Each {unit} costs you {cost} and brings in {}. You keep {} of the revenue (the margin); your target is {}.",
            says.each(revenue),
            percent(bp),
            percent(evidence.target_bp)
        )),
        _ => text.push(format!("Each {unit} costs you {cost} and brings in nothing.")),
    }
    if says.record.kind == AdviceKind::OverTarget
        && let Some(bp) = says.margin_bp()
    {
        text.push(format!(
            "That is {} points more than you aim at. A lower price may bring so much more use that you earn more in all.",
            points(i128::from(bp) - i128::from(evidence.target_bp))
        ));
    }
    if let Some(before) = evidence.cost_per_unit_before {
        text.extend(cost_before(says, before));
    }
    if let (Some(planned), Some(booked)) = (says.margin_bp(), evidence.booked_margin_bp)
        && (planned - booked).abs() >= BOOKED_APART_BP
    {
        text.push(format!(
            "Counted by the credits that were really used up, some of them given away, you kept {}. Prices are judged \
             without gifts: those are a cost of winning customers.",
            percent(booked)
        ));
    }
    text
}

fn cost_before(says: &Says<'_>, before: i64) -> Option<String> {
    let now = says.evidence().cost_per_unit.middle;
    let shown = says.each(before);
    if shown == says.each(now) {
        return Some(format!("It cost the same, {shown}, in the days before."));
    }
    if (now - i128::from(before)).abs() * STEADY_PARTS < i128::from(before) {
        return Some(format!("It cost much the same, {shown}, in the days before."));
    }
    let way = if now > i128::from(before) { "risen" } else { "fallen" };
    let by = moved_by(before.into(), now)?;
    Some(format!("That has {way} by {by}: in the days before it was {shown}."))
}

fn line(says: &Says<'_>) -> Vec<String> {
    let evidence = says.evidence();
    let Detail::Line { base, per_unit, small, small_margin_bp, minimum } = &evidence.detail else {
        return Vec::new();
    };
    let small_one = format!("an event of {}", units(&about_micro(small.micro().into())));
    let kept = if *small_margin_bp < 0 {
        format!("{small_one} loses money: its margin is {}", percent(*small_margin_bp))
    } else {
        format!("{small_one} leaves you only {}", percent(*small_margin_bp))
    };
    vec![
        format!(
            "Every event costs you {} before anything is counted, and {} for each unit, so small events are dear for \
             their size: {kept}.",
            says.each_within(base),
            says.each_within(per_unit)
        ),
        format!(
            "One event in ten is smaller than that. From {} on, a small event reaches your target of {} too.",
            credits(*minimum),
            percent(evidence.target_bp)
        ),
    ]
}

fn units(number: &str) -> String {
    let noun = if number == "1" { "unit" } else { "units" };
    format!("{number} {noun}")
}

fn rate(says: &Says<'_>) -> Vec<String> {
    let evidence = says.evidence();
    let Detail::Rate { of, before, after, since_day, noticed_day, is_declared, target_before } =
        &evidence.detail
    else {
        return Vec::new();
    };
    let of = if of.is_empty() { says.event() } else { of.as_str() };
    let by = moved_by(before.middle, after.middle).unwrap_or_default();
    let way = if after.middle >= before.middle { "more" } else { "less" };
    let mut text = vec![format!(
        "Since {} a unit of {of} costs you {by} {way}: {} instead of {}.",
        day(*since_day),
        says.each_within(after),
        says.each_within(before)
    )];
    text.push(if *is_declared {
        "Your rate card says so, so nothing about it is estimated.".to_owned()
    } else {
        format!("It was noticed on {} in the costs that came with your events.", day(*noticed_day))
    });
    if let (Some(before), Some(now)) = (target_before, evidence.target_price) {
        text.push(format!(
            "To keep your target of {}, {} were enough before; now it takes {}.",
            percent(evidence.target_bp),
            credits_up(*before),
            credits_up(now)
        ));
    }
    text.extend(margin(says).into_iter().next());
    text
}

fn missing(says: &Says<'_>) -> Vec<String> {
    let evidence = says.evidence();
    let Detail::Missing { events, events_bp, estimated_bp, unpriced } = &evidence.detail else {
        return Vec::new();
    };
    let mut text = Vec::new();
    if *events > 0 {
        text.push(format!(
            "{} of {} events came without a cost ({}), so nobody can tell what they leave you.",
            count(*events),
            count(evidence.events),
            percent(*events_bp)
        ));
    }
    if *estimated_bp > 0 {
        text.push(format!(
            "{} of the cost is estimated, not reported by the provider.",
            percent(*estimated_bp)
        ));
    }
    if *unpriced > 0 {
        text.push(format!(
            "{} charged without a price of yours: they cost what the caller said, or nothing.",
            if *unpriced == 1 {
                "1 event was".to_owned()
            } else {
                format!("{} events were", count(*unpriced))
            }
        ));
    }
    if text.is_empty() {
        text.push(format!("Figures of {} are incomplete.", says.event()));
    }
    text.push("No advice on its price is given while figures are missing.".to_owned());
    text
}

/// What a credit is worth, and where that comes from.
fn worth(says: &Says<'_>) -> Option<String> {
    let evidence = says.evidence();
    let worth = says.each(says.credit_worth()?);
    let paid = per_unit(evidence.paid_nano, evidence.paid_micro).map(|paid| says.each(paid));
    if paid.as_ref() == Some(&worth) {
        return Some(format!(
            "A credit is worth {worth}: customers paid {} for {} credits.",
            says.sum(evidence.paid_nano),
            micro(evidence.paid_micro)
        ));
    }
    // What settings and packs say now may be another thing than what they said then.
    let instead = paid.map(|paid| format!(" (customers paid {paid} on average)")).unwrap_or_default();
    Some(format!("A credit is taken to be worth {worth}, by your settings or your cheapest pack{instead}."))
}

fn sample(says: &Says<'_>) -> String {
    let (record, evidence) = (says.record, says.evidence());
    let paid = match evidence.paying_customers {
        0 => "none".to_owned(),
        paid if paid == evidence.customers => "all".to_owned(),
        paid => count(paid),
    };
    format!(
        "All this is from {} by {} ({paid} of them paid for credits) on {}, {}.",
        counted(evidence.events, "event"),
        counted(evidence.customers, "customer"),
        counted(evidence.days, "day"),
        says.days(record.window_from, record.window_to)
    )
}

/// Whose doing it is, and what customers think of that.
fn driver(says: &Says<'_>) -> Option<String> {
    let is_rise = says.is_rise();
    let is_one_price = super::is_price_move(says.record.kind);
    Some(match says.record.driver {
        Driver::Cost if !is_one_price => "This is cost-driven: each price follows what you pay yourself. Customers mostly \
            find that fair, so say it when you tell them."
            .to_owned(),
        Driver::Cost if is_rise == Some(false) => "This is cost-driven: your own cost fell, and a lower price passes that \
            on. Customers remember who does."
            .to_owned(),
        Driver::Cost => "This is cost-driven: what you pay yourself is behind it. Customers mostly find that fair, so say \
            it when you tell them."
            .to_owned(),
        Driver::Demand if is_rise == Some(false) => "This is demand-driven: it is about what customers would use at a lower \
            price, not about your cost."
            .to_owned(),
        Driver::Demand => "This is demand-driven: your cost is not the reason, what you want to earn is. Customers mostly \
            find that unfair, so give them notice and a reason."
            .to_owned(),
        Driver::Data => return None,
    })
}
