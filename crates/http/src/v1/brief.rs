//! `GET /v1/brief`: the nine questions of a Monday, each with its figure, its change, how far to rely on it, and where more
//! is said.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::ops::Range;

use chargly_api::{IdKind, Problem, Problems, limits, time};
use chargly_engine::PriceImpactError;
use chargly_engine::advisor::{
    BRIEF_RUN_OUT_DAYS, BriefAdvice, BriefAnswer, BriefChange, BriefCustomer, BriefFigures, BriefPage,
    BriefRate, BriefType, BriefUnit, BriefWeek, LocalDay, Options, brief, card, reason,
};
use chargly_engine::figures::{CustomerLine, Line, deferred_nano};
use chargly_engine::ledger::{AdviceStatus, Catalogue, Millis, Position, PriceVersion, RateBook};
use chargly_engine::views::{By, Figures, FiguresQuery, Interval, Ranking};

use super::price_impact::date;
use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::AsOf;
use crate::figures::request::at_least;
use crate::figures::table::{Cell, write_cells};
use crate::view::{event_name, id};

/// Customers, of those who used most lately, among whom some may run out.
const RUN_OUT_AMONG: usize = limits::LIST_LIMIT_MAX;
/// Price versions that are looked at for one that changed what a unit costs.
const CHANGES_LOOKED_AT: usize = 5;
/// How far back use is looked at for a pace, in milliseconds (28 days).
const PACE_MS: i64 = 28 * 24 * 60 * 60 * 1_000;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let now = Millis(call.env.wall_ms());
    let week_of = |at| call.env.views().zone().interval(Interval::Week, at);
    let asked = query.optional("week", &mut problems, |text| {
        let at = match call.env.begin_of_date(text) {
            Some(at) => at,
            None => time::parse(text)
                .map(Millis)
                .map_err(|problem| format!("{problem}, or a date like 2026-11-23"))?,
        };
        if at > now { Err("must not begin in the future".to_owned()) } else { Ok(week_of(at)) }
    });
    query.finish(&mut problems);
    problems.check()?;
    let week = asked.unwrap_or_else(|| week_of(week_of(now).start.plus(-1)));
    let gathered = Gathered::read(&call, &week, now).await?;
    let as_of = AsOf::new(&call, gathered.as_of, gathered.as_of_at);
    let answers = brief(&gathered.figures);
    let views = call.env.views();
    let zone = views.zone();
    let days = [week.start, week.end.plus(-1)].map(|at| date(zone.day_number(at)));
    Ok(as_of.mark(Answer::object(|o| {
        as_of.write(o, &call);
        o.instant("from", week.start.0).instant("to", week.end.0);
        o.boolean("unfinished", !gathered.figures.is_over);
        o.array("questions", |list| {
            for answer in &answers {
                list.object(|o| write_answer(o, answer, call.env.name(), &days));
            }
        });
    })))
}

fn write_answer(
    o: &mut chargly_api::ObjectWriter<'_>,
    answer: &BriefAnswer,
    environment: &str,
    days: &[String; 2],
) {
    let cell = |figure: Option<i128>| match (figure, answer.unit) {
        (None, _) => Cell::Null,
        (Some(nano), BriefUnit::Money) => Cell::Money(nano),
        (Some(count), BriefUnit::Count) => Cell::count(count),
        (Some(bp), BriefUnit::Share) => Cell::share(i64::try_from(bp).ok()),
    };
    o.text("question", answer.question).text("sentence", &answer.sentence);
    write_cells(o, &[("figure", cell(answer.figure))]);
    o.text("unit", unit(answer.unit));
    write_cells(o, &[("before", cell(answer.before)), ("change", cell(answer.change()))]);
    o.text("quality", answer.quality.as_str());
    o.text("link", &link(&answer.page, environment, days));
    o.text_or_null("action", answer.action.as_deref());
}

const fn unit(unit: BriefUnit) -> &'static str {
    match unit {
        BriefUnit::Money => "money",
        BriefUnit::Share => "share",
        BriefUnit::Count => "count",
    }
}

/// The page of the dashboard that says more, over the same days.
fn link(page: &BriefPage, environment: &str, [from, to]: &[String; 2]) -> String {
    let mut link = format!("/dashboard/{environment}/{}", page.path);
    if let Some(of) = &page.of {
        link.push('/');
        for byte in of.bytes() {
            if byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'_' | b'~')
                || (byte == b'.' && of.len() > 2)
            {
                link.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(link, "%{byte:02X}");
            }
        }
    }
    format!("{link}?from={from}&to={to}")
}

/// What the answers are made of, and the journal that it reflects.
struct Gathered {
    figures: BriefFigures,
    as_of: Position,
    as_of_at: Millis,
}

impl Gathered {
    async fn read(call: &Call, week: &Range<Millis>, now: Millis) -> Result<Self, Problem> {
        let env = &call.env;
        let before = env.views().zone().interval(Interval::Week, week.start.plus(-1));
        let catalogue = env.catalogue();
        let types = FiguresQuery { by: vec![By::EventType], ..FiguresQuery::of(week.clone()) };
        let first = env.figures(types, at_least(call)).await.map_err(|error| call.problem(error))?;
        // What is asked after it reflects no less.
        let reflected = Some(first.as_of);
        let types_before = FiguresQuery { by: vec![By::EventType], ..FiguresQuery::of(before.clone()) };
        let second = env.figures(types_before, reflected).await.map_err(|error| call.problem(error))?;
        let customers = Customers::read(call, week, &before, reflected).await?;
        let (run_outs, paced) = run_outs(call, now, reflected).await?;
        let books = env.books(week.clone(), Interval::Total, reflected).await;
        let books = books.map_err(|error| call.problem(error))?;
        let opening = books.opening_deferred_nano;
        let closing = books.rows.iter().fold(opening, |sum, row| sum + deferred_nano(&row.figures));
        let lots = env.deferred(None).await.map_err(|error| call.problem(error))?.lots;
        let change = newest_change(call, &catalogue, week.end.min(now), (now, reflected)).await?;
        let rates = Rates::moved(&catalogue.rates, week, &before);
        let of = |rows: &[chargly_engine::views::FiguresRow]| {
            rows.iter().fold(Figures::default(), |sum, row| sum.checked_add(&row.figures).unwrap_or(sum))
        };
        let figures = BriefFigures {
            currency: catalogue.currency,
            is_over: week.end <= now,
            week: week_of(&of(&first.rows)),
            before: week_of(&of(&second.rows)),
            top: customers.top,
            losing: customers.losing,
            worst: customers.worst,
            types: types_of(&first.rows, &second.rows, &catalogue),
            models: rates.models,
            rates: rates.moved,
            models_moved: rates.models_moved,
            owed_micro: lots.paid_micro + lots.promotional_micro + lots.adjustment_micro,
            deferred_nano: (closing, opening),
            run_outs,
            paced,
            change,
            advice: open_advice(call, &catalogue, now),
        };
        Ok(Self { figures, as_of: first.as_of, as_of_at: first.as_of_at })
    }
}

fn week_of(figures: &Figures) -> BriefWeek {
    let line = Line::of(figures);
    BriefWeek {
        events: line.events,
        late: line.late_events,
        refused: line.refused,
        cost_missing: line.cost.events - line.cost.covered,
        credits_micro: line.credits_used_micro,
        revenue_nano: line.recognised_nano,
        cost_nano: line.cost.known_nano(),
    }
}

/// Every event type of one of the weeks, in the order in which they were defined.
fn types_of(
    week: &[chargly_engine::views::FiguresRow],
    before: &[chargly_engine::views::FiguresRow],
    catalogue: &Catalogue,
) -> Vec<BriefType> {
    let figures_of = |rows: &[chargly_engine::views::FiguresRow], number| {
        rows.iter().find(|row| row.event_type == Some(number)).map(|row| row.figures).unwrap_or_default()
    };
    let types = catalogue.event_types.iter().map(|known| BriefType {
        event: event_name(catalogue, known.number).to_owned(),
        week: week_of(&figures_of(week, known.number)),
        before: week_of(&figures_of(before, known.number)),
    });
    types.filter(|of| of.week.events > 0 || of.before.events > 0).collect()
}

/// What customers were like in the week.
struct Customers {
    top: Option<BriefCustomer>,
    losing: (i128, i128),
    worst: Option<BriefCustomer>,
}

impl Customers {
    async fn read(
        call: &Call,
        week: &Range<Millis>,
        before: &Range<Millis>,
        reflected: Option<Position>,
    ) -> Result<Self, Problem> {
        let query = FiguresQuery::of(week.clone());
        let most = call.env.top_customers(query, Ranking::Credits, (1, None), reflected).await;
        let most = most.map_err(|error| call.problem(error))?;
        let top = most.lines.first().filter(|line| line.line.credits_used_micro > 0);
        let (losing, worst) = losing(call, week, reflected).await?;
        let (losing_before, _) = self::losing(call, before, reflected).await?;
        Ok(Self {
            top: top.map(|line| named(line, line.line.credits_used_micro)),
            losing: (losing, losing_before),
            worst,
        })
    }
}

fn named(line: &CustomerLine, figure: i128) -> BriefCustomer {
    let customer = Some(line.customer.to_string()).filter(|customer| !customer.is_empty());
    BriefCustomer { customer, figure }
}

/// How many customers cost more than they paid, and who most.
async fn losing(
    call: &Call,
    range: &Range<Millis>,
    reflected: Option<Position>,
) -> Result<(i128, Option<BriefCustomer>), Problem> {
    let query = FiguresQuery::of(range.clone());
    let page = call.env.top_customers(query, Ranking::Loss, (1, None), reflected).await;
    let page = page.map_err(|error| call.problem(error))?;
    let worst = page.lines.first().and_then(|line| {
        let lost = line.line.contribution_nano().filter(|left| *left < 0)?;
        Some(named(line, -lost))
    });
    Ok((i128::try_from(page.counts.losing).unwrap_or(i128::MAX), worst))
}

/// Who runs out within days, the first of them first, and how many have a pace.
async fn run_outs(
    call: &Call,
    now: Millis,
    reflected: Option<Position>,
) -> Result<(Vec<BriefCustomer>, usize), Problem> {
    let lately = FiguresQuery::of(now.plus(-PACE_MS)..now.plus(1));
    let found = call.env.top_customers(lately, Ranking::Credits, (RUN_OUT_AMONG, None), reflected).await;
    let found = found.map_err(|error| call.problem(error))?;
    let with_pace = found.lines.iter().filter_map(|line| Some(named(line, line.tenths_to_empty?)));
    let (paced, mut soon): (usize, Vec<BriefCustomer>) =
        with_pace.fold((0, Vec::new()), |(paced, mut soon), of| {
            if of.figure <= BRIEF_RUN_OUT_DAYS * 10 {
                soon.push(of);
            }
            (paced + 1, soon)
        });
    // Of equals, who uses most.
    soon.sort_by_key(|of| of.figure);
    Ok((soon, paced))
}

/// What the newest price change before `until` did.
async fn newest_change(
    call: &Call,
    catalogue: &Catalogue,
    until: Millis,
    (now, reflected): (Millis, Option<Position>),
) -> Result<Option<BriefChange>, Problem> {
    let is_change = |price: &&PriceVersion| price.version > 1 && price.effective_at < until;
    let mut newest: Vec<&PriceVersion> = catalogue.prices.iter().filter(is_change).collect();
    newest.sort_by_key(|price| Reverse((price.effective_at, price.number)));
    for price in newest.into_iter().take(CHANGES_LOOKED_AT) {
        let asked = (None, Some(price.number));
        let found = call.env.price_impacts(asked, &[], Options::default(), reflected, now).await;
        let found = found.map_err(|error| match error {
            PriceImpactError::Call(error) => call.problem(error),
            PriceImpactError::Impact(error) => Problem::invalid("week", error.to_string()),
        })?;
        if let Some(impact) = found.impacts.into_iter().next() {
            let event = event_name(catalogue, impact.change.event_type).to_owned();
            return Ok(Some(BriefChange { event, impact }));
        }
    }
    Ok(None)
}

/// The open advice that is worth most, of the surest.
fn open_advice(call: &Call, catalogue: &Catalogue, now: Millis) -> Option<BriefAdvice> {
    let open = catalogue.recommendations.iter().filter(|known| known.status(now) == AdviceStatus::Pending);
    let best = open.max_by_key(|known| {
        let said = &known.recommendation;
        (said.needs.is_empty(), said.lift.middle, Reverse(known.id.position))
    })?;
    let said = &best.recommendation;
    let views = call.env.views();
    let zone = views.zone();
    let local_day: LocalDay<'_> = &|at| zone.day_number(at);
    Some(BriefAdvice {
        id: id(IdKind::Recommendation, best.id).to_string(),
        title: card(said, catalogue, local_day).title,
        reason: reason(said, catalogue),
        sureness: said.sureness(),
        probability_bp: said.probability_bp,
        lift_nano: said.lift.middle,
    })
}

/// What became of the rates of providers.
struct Rates {
    models: usize,
    /// Those of the week, the largest move first.
    moved: Vec<BriefRate>,
    models_moved: (i128, i128),
}

impl Rates {
    fn moved(book: &RateBook, week: &Range<Millis>, before: &Range<Millis>) -> Self {
        let (mut models, mut all, mut models_moved) = (0, Vec::new(), (0, 0));
        for (provider, model, _) in book.models() {
            models += usize::from(book.entry(provider, model, week.end.plus(-1), None).is_some());
            let in_range = |range: &Range<Millis>| moves(book, (provider, model), range);
            let moved = in_range(week);
            models_moved.0 += i128::from(!moved.is_empty());
            models_moved.1 += i128::from(!in_range(before).is_empty());
            all.extend(moved);
        }
        all.sort_by_key(|rate: &BriefRate| {
            let (before, after) = (i128::from(rate.before_pico), i128::from(rate.after_pico));
            Reverse((after - before).abs() * 10_000 / before.max(1))
        });
        Self { models, moved: all, models_moved }
    }
}

/// The rates of a model that were others at the end of a range than just before it.
fn moves(book: &RateBook, (provider, model): (&str, &str), range: &Range<Millis>) -> Vec<BriefRate> {
    let entry = |at| book.entry(provider, model, at, None);
    let (Some(before), Some(after)) = (entry(range.start.plus(-1)), entry(range.end.plus(-1))) else {
        return Vec::new();
    };
    let moved = after.rates.iter().filter_map(|rate| {
        let same = |old: &&chargly_engine::ledger::Rate| {
            old.unit == rate.unit
                && old.is_batch == rate.is_batch
                && old.above_input_tokens == rate.above_input_tokens
        };
        let old = before.rates.iter().find(same)?;
        (old.pico != rate.pico).then(|| BriefRate {
            model: format!("{provider} {model}"),
            unit: rate.unit.as_str().to_owned(),
            before_pico: old.pico,
            after_pico: rate.pico,
        })
    });
    moved.collect()
}
