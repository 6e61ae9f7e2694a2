//! `GET /v1/price-simulations/{id}/customers`: who pays more and who less for the same usage, and who runs out; the
//! largest rise first. `format=csv` gives all of them as a table.

use std::fmt::Write as _;

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
use crate::query::{Page, next_cursor};
use crate::view;

const LIST: &str = "price_simulation_customers";
/// Customers whose ids are asked for at once: the writer answers these between two groups.
const NAMES_AT_ONCE: usize = 1_000;
const HEADER: &str = "customer,credits_before,credits_after,change_bp,ran_out,would_run_out\n";

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
        return Ok(Answer::new(StatusCode::OK, "text/csv; charset=utf-8", Body::from(table)));
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

async fn table(call: &Call, customers: &[CustomerChange]) -> Result<String, Problem> {
    let mut table = HEADER.to_owned();
    for some in customers.chunks(NAMES_AT_ONCE) {
        let names = names_of(call, some).await?;
        some.iter().zip(&names).for_each(|(change, customer)| write_row(&mut table, change, customer));
    }
    Ok(table)
}

/// Who pays more and who less, as a table with a line for each customer.
pub fn price_simulation_table<'a>(
    customers: impl IntoIterator<Item = (&'a CustomerChange, &'a str)>,
) -> String {
    let mut table = HEADER.to_owned();
    customers.into_iter().for_each(|(change, customer)| write_row(&mut table, change, customer));
    table
}

fn write_row(table: &mut String, change: &CustomerChange, customer: &str) {
    let bp = change.change_bp().map(|bp| bp.to_string()).unwrap_or_default();
    let at = |at: Option<Millis>| at.map(|at| time::show(at.0)).unwrap_or_default();
    let (before, after) = (credits_text(change.before_micro), credits_text(change.after_micro));
    let (ran_out, would) = (at(change.ran_out_before), at(change.ran_out_after));
    let _ = writeln!(table, "{},{before},{after},{bp},{ran_out},{would}", cell(customer));
}

/// Their ids as they are now: whoever was erased since has none.
async fn names_of(call: &Call, customers: &[CustomerChange]) -> Result<Vec<CompactString>, Problem> {
    let wallets: Vec<_> = customers.iter().map(|change| change.wallet).collect();
    call.env.customers_of(&wallets).await.map_err(|error| call.problem(error))
}

/// A text in a table: quoted where it has to be, and never taken for a formula by a spreadsheet.
fn cell(text: &str) -> String {
    let safe =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_where_they_have_to_be_and_are_no_formulas() {
        for (text, expected) in [
            ("ada", "ada"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=1+1", "'=1+1"),
            ("-1,2", "\"'-1,2\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
