//! `GET /v1/burn-down`: how fast the credits of packs are used up, by the month or week in which they came in.

use chargly_api::limits::{BURN_DOWN_DAYS_MAX, BURN_DOWN_FACTS_MAX};
use chargly_api::{ObjectWriter, Problem, Problems};
use chargly_engine::figures::{BurnDown, BurnDownQuery, Cohort, TooManyFacts};
use chargly_engine::ledger::Millis;
use chargly_engine::views::Interval;

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::AsOf;
use crate::figures::request::{Form, at_least, form_of, instant_of, interval_name, one_of};
use crate::figures::table::{Cell, Named, Table};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Days that it goes back where nobody says how far: six months with the current one, give or take.
const DAYS_DEFAULT: i64 = 150;
const COHORTS: [(&str, Interval); 2] = [("month", Interval::Month), ("week", Interval::Week)];
const INTERVALS: [(&str, Interval); 3] =
    [("week", Interval::Week), ("day", Interval::Day), ("month", Interval::Month)];

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let now = Millis(call.env.wall_ms());
    let from = query.optional("from", &mut problems, |text| from(&call, text, now));
    let cohort = query.optional("cohort", &mut problems, |word| one_of(word, &COHORTS));
    let interval = query.optional("interval", &mut problems, |word| one_of(word, &INTERVALS));
    let form = form_of(&call, &mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    let asked = BurnDownQuery {
        from: from.unwrap_or(now.plus(-DAYS_DEFAULT * DAY_MS)),
        cohort: cohort.unwrap_or(Interval::Month),
        interval: interval.unwrap_or(Interval::Week),
    };
    let most = u64::try_from(BURN_DOWN_FACTS_MAX).unwrap_or(u64::MAX);
    let found = call.env.burn_down(asked, most, at_least(&call)).await;
    let found = match found.map_err(|error| call.problem(error))? {
        Ok(found) => found,
        Err(too_many) => return too_much(&too_many),
    };
    let as_of = AsOf::new(&call, found.as_of, found.as_of_at);
    let table = Table::new(COLUMNS.to_vec(), rows(&found, now));
    let head = |o: &mut ObjectWriter<'_>| {
        as_of.write(o, &call);
        o.text("cohort", interval_name(asked.cohort)).text("interval", interval_name(asked.interval));
    };
    let answer = match form {
        Form::Csv => table.csv(&as_of.cells(&call)),
        Form::Json => table.json(head, |_| {}),
    };
    Ok(as_of.mark(answer))
}

/// Since when: not in the future, and not so long ago that the journal would be read for minutes.
fn from(call: &Call, text: &str, now: Millis) -> Result<Millis, String> {
    let from = instant_of(&call.env, text)?;
    let days = i64::try_from(BURN_DOWN_DAYS_MAX).unwrap_or(i64::MAX);
    if from > now {
        return Err("must not be in the future".to_owned());
    }
    if from.0 < now.0.saturating_sub(days.saturating_mul(DAY_MS)) {
        return Err(format!("must be at most {BURN_DOWN_DAYS_MAX} days ago"));
    }
    Ok(from)
}

fn too_much(TooManyFacts { facts }: &TooManyFacts) -> Result<Answer, Problem> {
    let mut problems = Problems::default();
    let most = BURN_DOWN_FACTS_MAX;
    problems.add(
        "from",
        format!("has {facts} facts behind it, of which {most} are read at most: choose a later one"),
    );
    problems.finish(None)
}

const COLUMNS: [&str; 9] =
    ["start", "end", "unfinished", "cohort", "granted", "used", "lapsed", "taken_back", "left"];

/// A row for each piece of time, and each cohort that began until then and in which something was sold.
fn rows(found: &BurnDown, now: Millis) -> Vec<Vec<Named>> {
    let is_sold = |cohort: &&Cohort| cohort.sums.last().is_some_and(|sum| sum.granted > 0);
    let sold: Vec<&Cohort> = found.cohorts.iter().filter(is_sold).collect();
    let rows = found.pieces.iter().enumerate().flat_map(|(at, piece)| {
        sold.iter().filter_map(move |cohort| {
            let sum = cohort.sums.get(at.checked_sub(cohort.first)?)?;
            Some(vec![
                ("start", Cell::Instant(piece.start)),
                ("end", Cell::Instant(piece.end)),
                ("unfinished", Cell::Boolean(piece.end > now)),
                ("cohort", Cell::Instant(cohort.start)),
                ("granted", Cell::micro(sum.granted)),
                ("used", Cell::micro(sum.used)),
                ("lapsed", Cell::micro(sum.lapsed)),
                ("taken_back", Cell::micro(sum.taken)),
                ("left", Cell::micro(sum.left())),
            ])
        })
    });
    rows.collect()
}
