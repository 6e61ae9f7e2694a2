//! `GET /v1/revenue`: what was recognised and, for the whole environment, the books around it: sold, refunded, still owed.

use std::collections::BTreeMap;

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::figures::{Deferred, Line, deferred_nano};
use chargly_engine::ledger::{Millis, Money};
use chargly_engine::views::{Figures, Interval};

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::{AsOf, Of, Report};
use crate::figures::table::{Cell, Named, write_cells};

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let (report, ()) = Report::ask(&mut call, |_, _, _| ()).await?;
    if !report.is_of_all() {
        return Ok(report.answer(&call, |_, line| cells(line), |_| {}));
    }
    let books = match report.request.query.interval {
        // Books are kept by days.
        Interval::Hour => None,
        _ => Some(Books::ask(&call, &report).await?),
    };
    let deferred = call.env.deferred(report.request.at_least).await.map_err(|error| call.problem(error))?;
    let cells = |of: Of<'_>, line: &Line| {
        let mut cells = cells(line);
        if let Some(books) = &books {
            cells.extend(books.cells(of));
        }
        cells
    };
    Ok(report.answer(&call, cells, |o| write_deferred(o, &call, &deferred)))
}

fn cells(line: &Line) -> Vec<Named> {
    vec![
        ("recognised", Cell::Money(line.recognised_nano)),
        ("breakage", Cell::Money(line.breakage_nano)),
        ("credits_used", Cell::micro(line.credits_used_micro)),
        ("price_per_credit", Cell::money(line.price_per_credit_nano())),
    ]
}

/// The books of each period, with what was deferred before it.
struct Books {
    by_start: BTreeMap<Option<Millis>, (i128, Figures)>,
    /// What was deferred before the first period, and the books of all together.
    total: (i128, Figures),
}

impl Books {
    async fn ask(call: &Call, report: &Report) -> Result<Self, Problem> {
        let query = &report.request.query;
        let first = call.env.day_of(query.from).start;
        let found = call.env.books(first..query.to, query.interval, None).await;
        let found = found.map_err(|error| call.problem(error))?;
        let opening = found.opening_deferred_nano;
        let found: BTreeMap<_, _> = found.rows.into_iter().map(|row| (row.start, row.figures)).collect();
        let (mut by_start, mut deferred, mut total) = (BTreeMap::new(), opening, Figures::default());
        for row in &report.found.rows {
            let figures = found.get(&row.start).copied().unwrap_or_default();
            by_start.insert(row.start, (deferred, figures));
            deferred += deferred_nano(&figures);
            total = total.checked_add(&figures).unwrap_or(total);
        }
        Ok(Self { by_start, total: (opening, total) })
    }

    fn cells(&self, of: Of<'_>) -> [Named; 5] {
        let (opening, figures) = match of {
            Of::Row(row) => self.by_start.get(&row.start).copied().unwrap_or_default(),
            Of::Total => self.total,
        };
        [
            ("cash_sales", Cell::Money(figures.sales_nano)),
            ("refunds", Cell::Money(figures.refunded_nano)),
            ("recognised_booked", Cell::Money(figures.recognised_nano())),
            ("deferred_opening", Cell::Money(opening)),
            ("deferred_closing", Cell::Money(opening + deferred_nano(&figures))),
        ]
    }
}

/// What is owed now: deferred revenue in both ways, and the credits that are left.
fn write_deferred(o: &mut ObjectWriter<'_>, call: &Call, deferred: &Deferred) {
    let Deferred { lots, .. } = deferred;
    o.object("deferred", |o| {
        o.shown("by_books", Money::amount_of(deferred.by_books_nano));
        o.shown("by_lots", Money::amount_of(deferred.by_lots_nano)).boolean("agrees", deferred.agrees());
        AsOf::new(call, deferred.as_of, deferred.as_of_at).write_position(o);
    });
    o.object("liability", |o| {
        write_cells(
            o,
            &[
                ("paid", Cell::micro(lots.paid_micro)),
                ("promotional", Cell::micro(lots.promotional_micro)),
                ("adjustment", Cell::micro(lots.adjustment_micro)),
                ("debt", Cell::micro(lots.debt_micro)),
            ],
        );
    });
}
