//! `POST /v1/price-simulations`: try prices on past events. Nothing is changed, and nothing waits for it.

use axum::body::Body;
use axum::http::StatusCode;
use chargly_api::limits::SIMULATED_RULES_MAX;
use chargly_api::{ErrorCode, Fields, Item, Path, Problem, Problems, Value, each_item, object};
use chargly_engine::ledger::{Catalogue, EventTypeNo, Millis, Rejection};
use chargly_engine::simulator::{Proposal, ProposedPrice};
use chargly_engine::{ELASTIC_DRAWS_DEFAULT, ELASTIC_DRAWS_MAX, PriceSimulation};

use super::write_job;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;
use crate::v1::event_types::prices::rule::{self, Terms};

/// Seconds after which to ask again where too many simulations wait: one takes minutes.
const RETRY_AFTER_S: u32 = 30;
/// Seeds above this would not survive a reader that counts in doubles.
const SEED_MAX: i64 = 1 << 53;

/// What customers may do; what happened is always simulated as it happened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Static,
    Replenishing,
    Elastic,
}

/// Reads what is to be simulated out of a request's JSON.
///
/// # Errors
/// One sentence for each field that is wrong.
pub fn read_price_simulation(json: &str, catalogue: &Catalogue) -> Result<PriceSimulation, Vec<String>> {
    let mut problems = Problems::default();
    let mut found = None;
    if let Some(mut fields) = Fields::read(json, "", &mut problems) {
        found = from_fields(&mut fields, &mut problems, catalogue);
        fields.finish(&mut problems);
    }
    let told: Vec<String> =
        problems.into_list().into_iter().map(|told| format!("{} {}", told.field, told.problem)).collect();
    found.filter(|_| told.is_empty()).ok_or(told)
}

fn from_fields(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
    catalogue: &Catalogue,
) -> Option<PriceSimulation> {
    let from = fields.required("from", problems, read::instant);
    let to = fields.required("to", problems, read::instant);
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        problems.add("to", "must be later than from".to_owned());
    }
    let proposal = rules(fields, problems, catalogue);
    let modes = fields.optional("modes", problems, modes);
    let draws = fields.optional("draws", problems, |value| value.integer(1, ELASTIC_DRAWS_MAX.into()));
    let seed = fields.optional("seed", problems, |value| value.integer(0, SEED_MAX));
    let modes = modes.unwrap_or_else(|| vec![Mode::Replenishing, Mode::Elastic]);
    let draws = draws.and_then(|draws| u32::try_from(draws).ok()).unwrap_or(ELASTIC_DRAWS_DEFAULT);
    Some(PriceSimulation {
        from: from?,
        to: to?,
        proposal: proposal?,
        is_replenishing: modes.contains(&Mode::Replenishing),
        draws: if modes.contains(&Mode::Elastic) { draws } else { 0 },
        seed: seed.map_or(0, i64::unsigned_abs),
    })
}

fn modes(value: Value<'_>) -> Result<Vec<Mode>, String> {
    const NAMES: &[(&str, Mode)] =
        &[("static", Mode::Static), ("replenishing", Mode::Replenishing), ("elastic", Mode::Elastic)];
    value.array(NAMES.len())?.into_iter().map(|name| name.one_of(NAMES)).collect()
}

/// Reads `rules`; none at all is the self-test.
fn rules(fields: &mut Fields<'_>, problems: &mut Problems, catalogue: &Catalogue) -> Option<Proposal> {
    let raw = fields.required("rules", problems, |value| Ok(value.raw()))?;
    let before = problems.count();
    let mut found: Vec<(EventTypeNo, ProposedPrice)> = Vec::new();
    let mut index = 0;
    let read = each_item(raw, SIMULATED_RULES_MAX, |item| {
        if let Some(one) = one_rule(item, index, problems, catalogue) {
            if found.iter().any(|(event_type, _)| *event_type == one.0) {
                problems.add(&format!("rules[{index}].event"), "is named twice".to_owned());
            }
            found.push(one);
        }
        index += 1;
    });
    if let Err(error) = read {
        problems.add("rules", error.to_string());
    }
    (problems.count() == before).then(|| found.into_iter().collect())
}

fn one_rule(
    item: Item<'_>,
    index: usize,
    problems: &mut Problems,
    catalogue: &Catalogue,
) -> Option<(EventTypeNo, ProposedPrice)> {
    let mut fields = Fields::of(item, Path::Item("rules", index), problems)?;
    let event_type = fields.required("event", problems, |value| {
        let known = catalogue.event_type(&value.text()?).map(|known| known.number);
        known.ok_or_else(|| "is not an event type of this environment".to_owned())
    });
    let terms = rule::terms(&mut fields, problems);
    let path = fields.path_of("");
    fields.finish(problems);
    let Terms { rule, grid, rounding } = terms?;
    match catalogue.checked_rule(&rule, rounding) {
        Ok(rule) => Some((event_type?, ProposedPrice { rule, grid, rounding })),
        Err(Rejection::Invalid { field, problem }) => {
            problems.add(&format!("{path}{field}"), problem);
            None
        }
        Err(other) => {
            problems.add(&format!("{path}rule"), other.to_string());
            None
        }
    }
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    let mut simulation = call.read(|fields, problems| from_fields(fields, problems, &catalogue))?;
    // What is not recorded yet is no past.
    simulation.to = simulation.to.min(Millis(call.env.wall_ms()).plus(1));
    let job = call.env.simulate_prices(simulation).ok_or_else(|| {
        let detail = "Too many price simulations are waiting.";
        Problem::new(ErrorCode::Overloaded, detail).retry_after(RETRY_AFTER_S)
    })?;
    let body = object(|o| write_job(o, &job, &catalogue));
    Ok(Answer::new(StatusCode::ACCEPTED, "application/json", Body::from(body)))
}
