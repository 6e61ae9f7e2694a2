//! A report: the rows of the figures, named, with totals, as JSON or CSV.

use std::collections::BTreeMap;

use chargly_api::{ObjectWriter, Problem, Problems};
use chargly_engine::figures::Line;
use chargly_engine::ledger::{Catalogue, Millis, Position, WalletNo};
use chargly_engine::views::{By, Figures, FiguresReport, FiguresRow, Interval};
use compact_str::CompactString;

use super::request::{Form, Request, interval_name};
use super::table::{Cell, Named, Table, write_cells};
use crate::answer::Answer;
use crate::call::Call;
use crate::query::Query;
use crate::view::{event_name, price_id};

/// Customers whose names are asked of the writer in one turn.
const NAMES_PER_TURN: usize = 1_000;

/// What was asked and found.
pub(crate) struct Report {
    pub(crate) request: Request,
    pub(crate) found: FiguresReport,
    /// By wallet; empty once erased.
    customers: BTreeMap<WalletNo, CompactString>,
}

/// What a line is the figures of.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// One row.
    Row(&'a FiguresRow),
    /// All of them.
    Total,
}

impl Report {
    /// Reads what is asked and asks the figures. `own` reads the parameters that only this report has, and may look at what
    /// was asked for beside them.
    pub(crate) async fn ask<T>(
        call: &mut Call,
        own: impl FnOnce(&mut Query, &mut Problems, &mut Request) -> T,
    ) -> Result<(Self, T), Problem> {
        let mut query = std::mem::take(&mut call.query);
        let mut problems = Problems::default();
        let mut request = Request::read(call, &mut query, &mut problems, true);
        let own = own(&mut query, &mut problems, &mut request);
        query.finish(&mut problems);
        problems.check()?;
        request.find_customer(call).await?;
        let found = call.env.figures(request.query.clone(), request.at_least).await;
        let found = found.map_err(|error| call.problem(error))?;
        let customers = customers(call, &found).await?;
        Ok((Self { request, found, customers }, own))
    }

    /// Answers with the cells of each line; `foot` is what JSON says behind the rows.
    pub(crate) fn answer(
        &self,
        call: &Call,
        cells: impl Fn(Of<'_>, &Line) -> Vec<Named>,
        foot: impl FnOnce(&mut ObjectWriter<'_>),
    ) -> Answer {
        let catalogue = call.env.catalogue();
        let now = Millis(call.env.wall_ms());
        let line = |row: &FiguresRow| {
            let mut named = self.groups(row, now, &catalogue);
            named.extend(cells(Of::Row(row), &Line::of(&row.figures)));
            named
        };
        let rows: Vec<Vec<Named>> = self.found.rows.iter().map(line).collect();
        let columns = line(&empty_row()).into_iter().map(|(name, _)| name).collect();
        let table = Table::new(columns, rows);
        let as_of = AsOf::new(call, self.found.as_of, self.found.as_of_at);
        let answer = match self.request.form {
            Form::Csv => table.csv(&as_of.cells(call)),
            Form::Json => {
                let total = Line::of(&self.total());
                let totals = |o: &mut ObjectWriter<'_>| {
                    o.object("totals", |o| write_cells(o, &cells(Of::Total, &total)));
                    foot(o);
                };
                table.json(|o| write_head(o, call, &as_of, &self.request), totals)
            }
        };
        as_of.mark(answer)
    }

    /// The sums over all rows.
    pub(crate) fn total(&self) -> Figures {
        let add = |sum: Figures, row: &FiguresRow| sum.checked_add(&row.figures).unwrap_or(sum);
        self.found.rows.iter().fold(Figures::default(), add)
    }

    /// Whether the rows are the whole environment's, by time alone.
    pub(crate) fn is_of_all(&self) -> bool {
        let query = &self.request.query;
        query.by.is_empty()
            && query.event_type.is_none()
            && query.price.is_none()
            && query.dimension.is_none()
            && self.request.customer.is_none()
    }

    /// What a row is about.
    fn groups(&self, row: &FiguresRow, now: Millis, catalogue: &Catalogue) -> Vec<Named> {
        let query = &self.request.query;
        let mut cells = Vec::with_capacity(16);
        if query.interval != Interval::Total {
            let is_cut = row.start.is_some_and(|start| start < query.from);
            let is_open = row.end.is_some_and(|end| end > now.min(query.to));
            cells.push(("start", row.start.map_or(Cell::Null, Cell::Instant)));
            cells.push(("end", row.end.map_or(Cell::Null, Cell::Instant)));
            cells.push(("unfinished", Cell::Boolean(is_cut || is_open)));
        }
        for by in &query.by {
            cells.push(match by {
                By::EventType => ("event", Cell::text(row.event_type.map(|no| event_name(catalogue, no)))),
                By::Price => {
                    let price = row.price.and_then(|no| catalogue.price(no));
                    ("price_version", Cell::text(price.map(|price| price_id(price).to_string())))
                }
                By::Wallet => {
                    let customer = row.wallet.and_then(|wallet| self.customers.get(&wallet));
                    ("customer", Cell::text(customer.filter(|customer| !customer.is_empty()).cloned()))
                }
                By::Dimension(_) => ("dimension_value", Cell::text(row.dimension.clone())),
            });
        }
        cells
    }
}

impl Request {
    /// Finds the wallet of the customer that is asked for, and where the report really begins.
    pub(crate) async fn find_customer(&mut self, call: &Call) -> Result<(), Problem> {
        if let Some(customer) = &self.customer {
            let found = call.env.wallet(customer).await.map_err(|error| call.problem(error))?;
            // Nobody has used anything under the number behind the last.
            self.query.wallet = Some(found.map_or(WalletNo(u32::MAX), |wallet| wallet.number));
        }
        self.query.from = call.env.begin_of_report(&self.query);
        if self.is_by_days {
            self.query.from = call.env.day_of(self.query.from).start;
            self.query.to = call.env.day_of(Millis(self.query.to.0 - 1)).end;
        }
        Ok(())
    }
}

/// Up to where figures reflect the journal.
pub(crate) struct AsOf {
    epoch: u32,
    /// The last fact that they reflect.
    position: u64,
    at: Millis,
}

impl AsOf {
    /// Of the first fact that is not reflected, and the time of the last one that is.
    pub(crate) fn new(call: &Call, next: Position, at: Millis) -> Self {
        Self { epoch: call.env.tail().committed().epoch, position: next.0.saturating_sub(1), at }
    }

    /// What is the same for all rows of a file.
    pub(crate) fn cells(&self, call: &Call) -> [Named; 4] {
        [
            ("currency", Cell::Text(call.env.catalogue().currency.as_str().into())),
            ("time_zone", Cell::Text(call.env.views().zone().name().into())),
            ("as_of_position", Cell::Text(self.shown().into())),
            ("as_of_at", Cell::Instant(self.at)),
        ]
    }

    /// Writes `as_of`.
    pub(crate) fn write_position(&self, o: &mut ObjectWriter<'_>) {
        o.object("as_of", |o| {
            o.shown("position", self.shown()).instant("at", self.at.0);
        });
    }

    /// Writes `as_of`, `currency` and `time_zone`.
    pub(crate) fn write(&self, o: &mut ObjectWriter<'_>, call: &Call) {
        self.write_position(o);
        o.text("currency", call.env.catalogue().currency.as_str());
        o.text("time_zone", call.env.views().zone().name());
    }

    /// Marks an answer with the position.
    pub(crate) fn mark(&self, answer: Answer) -> Answer {
        answer.at(self.epoch, self.position)
    }

    /// As `Chargly-Position` and `min_position` have it.
    fn shown(&self) -> String {
        format!("{}.{}", self.epoch, self.position)
    }
}

fn write_head(o: &mut ObjectWriter<'_>, call: &Call, as_of: &AsOf, request: &Request) {
    let query = &request.query;
    as_of.write(o, call);
    o.instant("from", query.from.0).instant("to", query.to.0).text("interval", interval_name(query.interval));
    o.array("group_by", |list| {
        for by in &query.by {
            list.text(match by {
                By::EventType => "event",
                By::Price => "price_version",
                By::Wallet => "customer",
                By::Dimension(name) => name,
            });
        }
    });
}

/// The customers of the wallets in a report.
async fn customers(call: &Call, found: &FiguresReport) -> Result<BTreeMap<WalletNo, CompactString>, Problem> {
    let mut wallets: Vec<WalletNo> = found.rows.iter().filter_map(|row| row.wallet).collect();
    wallets.sort_unstable();
    wallets.dedup();
    let mut named = BTreeMap::new();
    for some in wallets.chunks(NAMES_PER_TURN) {
        let names = call.env.customers_of(some).await.map_err(|error| call.problem(error))?;
        named.extend(some.iter().copied().zip(names));
    }
    Ok(named)
}

/// A row for the names of the columns alone.
fn empty_row() -> FiguresRow {
    FiguresRow {
        start: None,
        end: None,
        event_type: None,
        price: None,
        wallet: None,
        dimension: None,
        figures: Figures::default(),
    }
}
