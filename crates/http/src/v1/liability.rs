//! `GET /v1/liability`: credits that are left, and what of their prices is still owed, by age, by end, or by the month in
//! which they came.

use std::collections::BTreeMap;

use chargly_api::{ObjectWriter, Problem, Problems};
use chargly_engine::figures::{Deferred, KINDS, Owed, OwedByKind};
use chargly_engine::ledger::{GrantKind, Millis};
use chargly_engine::views::{Figures, Interval};

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::AsOf;
use crate::figures::request::{Form, at_least, form_of, one_of};
use crate::figures::table::{Cell, Named, Table, write_cells};

/// What lots are told apart by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Age,
    Expiry,
    Month,
}

const BY: [(&str, By); 3] = [("age", By::Age), ("expiry", By::Expiry), ("month", By::Month)];

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let by = query.optional("by", &mut problems, |word| one_of(word, &BY)).unwrap_or(By::Age);
    let form = form_of(&call, &mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    let found = call.env.deferred(at_least(&call)).await.map_err(|error| call.problem(error))?;
    let as_of = AsOf::new(&call, found.lots_as_of, found.lots_as_of_at);
    let rows = match by {
        By::Age => buckets(found.aged.by_age()),
        By::Expiry => buckets(found.aged.by_end()),
        By::Month => months(&call, &found).await?,
    };
    let total = total(&found);
    let columns = match by {
        By::Month => vec!["month", "kind", "lots", "credits", "deferred", "granted"],
        By::Age | By::Expiry => vec!["bucket", "kind", "lots", "credits", "deferred"],
    };
    let table = Table::new(columns, rows);
    let name = BY.iter().find(|(_, known)| *known == by).map_or("age", |(name, _)| name);
    let head = |o: &mut ObjectWriter<'_>| {
        as_of.write(o, &call);
        o.text("by", name);
    };
    let answer = match form {
        Form::Csv => table.csv(&as_of.cells(&call)),
        Form::Json => table.json(head, |o| {
            o.object("totals", |o| write_cells(o, &owed(&total)));
        }),
    };
    Ok(as_of.mark(answer))
}

/// A row for each bucket and kind, also where nothing is left.
fn buckets<'a>(all: impl Iterator<Item = (&'static str, &'a OwedByKind)>) -> Vec<Vec<Named>> {
    let rows = all.flat_map(|(bucket, by_kind)| {
        KINDS.iter().zip(by_kind).map(move |(kind, left)| {
            let mut row = vec![("bucket", Cell::Text(bucket.into())), kind_cell(*kind)];
            row.extend(owed(left));
            row
        })
    });
    rows.collect()
}

/// A row for each month and kind in which something was granted or of which something is left, with what was granted in
/// it by the books.
async fn months(call: &Call, found: &Deferred) -> Result<Vec<Vec<Named>>, Problem> {
    let first = found.aged.by_month().next().map_or(Millis(0), |(begin, _)| begin);
    let books = call.env.books(first..Millis::NEVER, Interval::Month, Some(found.as_of)).await;
    let books = books.map_err(|error| call.problem(error))?;
    let granted: BTreeMap<Millis, Figures> =
        books.rows.into_iter().filter_map(|row| Some((row.start?, row.figures))).collect();
    let rows = found.aged.by_month().flat_map(|(begin, by_kind)| {
        let granted = granted.get(&begin).copied().unwrap_or_default();
        KINDS.iter().zip(by_kind).filter_map(move |(kind, left)| {
            let micro = granted_micro(*kind, &granted);
            if micro == 0 && *left == Owed::default() {
                return None;
            }
            let mut row = vec![("month", Cell::Instant(begin)), kind_cell(*kind)];
            row.extend(owed(left));
            row.push(("granted", Cell::micro(micro)));
            Some(row)
        })
    });
    Ok(rows.collect())
}

const fn granted_micro(kind: GrantKind, books: &Figures) -> i128 {
    match kind {
        GrantKind::Paid => books.paid_granted_micro,
        GrantKind::Promotional => books.promotional_granted_micro,
        GrantKind::Adjustment => books.adjustment_granted_micro,
    }
}

fn kind_cell(kind: GrantKind) -> Named {
    ("kind", Cell::Text(kind.as_str().into()))
}

fn owed(owed: &Owed) -> [Named; 3] {
    [
        ("lots", Cell::count(owed.lots)),
        ("credits", Cell::micro(owed.micro)),
        ("deferred", Cell::Money(owed.deferred_nano)),
    ]
}

fn total(found: &Deferred) -> Owed {
    let mut sum = Owed::default();
    found.aged.by_age().flat_map(|(_, by_kind)| by_kind).for_each(|owed| sum += *owed);
    sum
}
