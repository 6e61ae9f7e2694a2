//! `GET /v1/customers`: customers by what they used, paid and cost, the first of them first.

use chargly_api::{Problem, Problems};
use chargly_engine::figures::CustomerLine;
use chargly_engine::ledger::WalletNo;
use chargly_engine::views::{After, Ranking, WalletCounts};

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::AsOf;
use crate::figures::request::{Form, Request};
use crate::figures::table::{Cell, Named, Table};
use crate::query::{Page, ranked_cursor};

/// What customers are ranked by: behind a minus the largest first.
const SORTS: [(&str, Ranking); 6] = [
    ("-revenue", Ranking::Revenue),
    ("-credits", Ranking::Credits),
    ("-cost", Ranking::Cost),
    ("-contribution", Ranking::Contribution),
    ("contribution", Ranking::Loss),
    ("-events", Ranking::Events),
];

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let mut request = Request::read(&call, &mut query, &mut problems, false);
    let sort = query.optional("sort", &mut problems, sort).unwrap_or(SORTS[0]);
    let page = Page::read(&mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    request.find_customer(&call).await?;
    // With `to` left out the range ends now, and pages of one list at different times.
    let list = format!("customers|{}|{:?}|{:?}", sort.0, request.query.event_type, request.query.wallet);
    let after = page.ranked(&call.env, &list).await?;
    let after = after.map(|(value, wallet)| After { value, wallet: WalletNo(wallet) });
    let found = call.env.top_customers(request.query, sort.1, (page.limit(), after), request.at_least).await;
    let found = found.map_err(|error| call.problem(error))?;
    let as_of = AsOf::new(&call, found.as_of, found.as_of_at);
    let rows: Vec<Vec<Named>> = found.lines.iter().map(cells).collect();
    let columns = cells(&CustomerLine::default()).into_iter().map(|(name, _)| name).collect();
    let table = Table::new(columns, rows);
    let next = found.next.map(|after| ranked_cursor(&call.env, &list, after.value, after.wallet.0));
    Ok(as_of.mark(match request.form {
        Form::Csv => table.csv(&as_of.cells(&call)),
        Form::Json => table.json(
            |o| as_of.write(o, &call),
            |o| {
                let WalletCounts { active, paying, losing } = found.counts;
                o.number("active", active).number("paying", paying).number("losing", losing);
                o.shown_or_null("next_cursor", next);
            },
        ),
    }))
}

fn sort(word: &str) -> Result<(&'static str, Ranking), String> {
    SORTS.into_iter().find(|(known, _)| *known == word).ok_or_else(|| {
        let known: Vec<&str> = SORTS.iter().map(|(known, _)| *known).collect();
        format!("must be one of {}", known.join(", "))
    })
}

fn cells(line: &CustomerLine) -> Vec<Named> {
    let CustomerLine { line: figures, .. } = line;
    // Tenths of a day are a decimal with one place.
    let days = line.tenths_to_empty.map(|tenths| tenths.saturating_mul(100_000));
    vec![
        // An erased customer has no name.
        ("customer", Cell::text(Some(&line.customer).filter(|customer| !customer.is_empty()).cloned())),
        ("events", Cell::count(figures.events)),
        ("credits_used", Cell::micro(figures.credits_used_micro)),
        ("recognised", Cell::Money(figures.recognised_nano)),
        ("cost", Cell::money(figures.cost.known_nano())),
        ("cost_missing", Cell::share(figures.cost.missing_bp())),
        ("contribution", Cell::money(figures.contribution_nano())),
        ("gross_margin", Cell::share(figures.margin_bp())),
        ("upper_bound", Cell::Boolean(figures.cost.is_incomplete())),
        ("available", Cell::micro(line.available.micro().into())),
        ("last_active", line.last_active.map_or(Cell::Null, Cell::Instant)),
        ("days_to_empty", days.map_or(Cell::Null, Cell::micro)),
    ]
}
