//! `GET /v1/price-simulations/{id}/customers`: who pays more and who less for the same usage, and who runs out; the
//! largest rise first. `format=csv` gives all of them as a table.

use axum::body::Body;
use axum::http::StatusCode;
use chargly_api::{ErrorCode, Problem, Problems, time};
use chargly_engine::SimulationStatus;
use chargly_engine::ledger::{Millis, Position};
use chargly_engine::simulator::CustomerChange;
use compact_str::CompactString;

use super::find;
use super::result::credits_text;
use crate::answer::Answer;
use crate::call::Call;
use crate::csv::{CSV, CsvWriter, Field};
use crate::query::{Page, next_cursor};
use crate::view;

const LIST: &str = "price_simulation_customers";
/// Customers whose ids are asked for at once: the writer answers these between two groups.
const NAMES_AT_ONCE: usize = 1_000;
const COLUMNS: [&str; 6] =
    ["customer", "credits_before", "credits_after", "change_bp", "ran_out", "would_run_out"];

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let is_table = query.optional("format", &mut problems, |format| match format {
        "csv" => Ok(true),
        "json" => Ok(false),
        _ => Err("must be json or csv".to_owned()),
    });
    let page = Page::read(&mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    let job = find(&call)?;
    let SimulationStatus::Done(simulated) = job.status() else {
        let detail = "This price simulation has no result.";
        return Err(Problem::new(ErrorCode::Unavailable, detail).retry_after(1));
    };
    let customers = &simulated.comparison.customers;
    if is_table == Some(true) {
        let table = table(&call, customers).await?;
        return Ok(Answer::new(StatusCode::OK, CSV, Body::from(table)));
    }
    let skip = page.index(LIST)?.min(customers.len());
    let shown = &customers[skip..customers.len().min(skip + page.limit())];
    let names = names_of(&call, shown).await?;
    let end = skip + shown.len();
    let next = (end < customers.len()).then_some(Position(end as u64));
    Ok(Answer::object(|o| {
        o.array("data", |list| {
            for (change, customer) in shown.iter().zip(&names) {
                list.object(|o| {
                    o.text_or_null("customer", Some(customer.as_str()).filter(|id| !id.is_empty()));
                    o.number("credits_before", credits_text(change.before_micro));
                    o.number("credits_after", credits_text(change.after_micro));
                    match change.change_bp() {
                        Some(bp) => o.number("change_bp", bp),
                        None => o.null("change_bp"),
                    };
                    view::instant_or_null(o, "ran_out", change.ran_out_before);
                    view::instant_or_null(o, "would_run_out", change.ran_out_after);
                });
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, LIST, next));
    }))
}

async fn table(call: &Call, customers: &[CustomerChange]) -> Result<Vec<u8>, Problem> {
    let mut table = begun();
    for some in customers.chunks(NAMES_AT_ONCE) {
        let names = names_of(call, some).await?;
        some.iter().zip(&names).for_each(|(change, customer)| write_row(&mut table, change, customer));
    }
    Ok(table.into_bytes())
}

/// Who pays more and who less, as a table with a line for each customer.
pub fn price_simulation_table<'a>(
    customers: impl IntoIterator<Item = (&'a CustomerChange, &'a str)>,
) -> Vec<u8> {
    let mut table = begun();
    customers.into_iter().for_each(|(change, customer)| write_row(&mut table, change, customer));
    table.into_bytes()
}

fn begun() -> CsvWriter {
    let mut table = CsvWriter::default();
    for column in COLUMNS {
        table.field(&Field::Plain(column));
    }
    table.end();
    table
}

fn write_row(table: &mut CsvWriter, change: &CustomerChange, customer: &str) {
    let bp = change.change_bp().map(|bp| bp.to_string()).unwrap_or_default();
    let at = |at: Option<Millis>| at.map(|at| time::show(at.0)).unwrap_or_default();
    table.field(&Field::Text(customer));
    for plain in [
        credits_text(change.before_micro),
        credits_text(change.after_micro),
        bp,
        at(change.ran_out_before),
        at(change.ran_out_after),
    ] {
        table.field(&Field::Plain(&plain));
    }
    table.end();
}

/// Their ids as they are now: whoever was erased since has none.
async fn names_of(call: &Call, customers: &[CustomerChange]) -> Result<Vec<CompactString>, Problem> {
    let wallets: Vec<_> = customers.iter().map(|change| change.wallet).collect();
    call.env.customers_of(&wallets).await.map_err(|error| call.problem(error))
}
