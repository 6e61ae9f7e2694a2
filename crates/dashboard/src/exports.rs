//! `/dashboard/{environment}/exports/{file}`: what can be taken out, as a file that is written while it is sent.
//!
//! Rows are those of the API's lists, page by page in the name of whoever asks: one page is in memory at a time, and the
//! next is asked for when the browser has taken the one before. Decimals are as the API writes them. A file that cannot be
//! finished breaks off, so that nobody takes it for whole.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::api::{Api, Target};
use crate::look::csv;
use crate::people::Role;
use crate::state::{Span, time};
use crate::trouble::{Refused, Trouble};
use crate::visit::Visit;

/// Files that are written at one time: each may read the whole journal.
pub(crate) const EXPORTS_MAX: usize = 4;
/// Rows asked for at once: the API's largest page.
const PAGE: &str = "1000";
/// Pages that wait for the browser.
const PAGES_WAITING: usize = 1;

/// Something that can be taken out.
pub(crate) struct Export {
    /// The file's name, without its ending.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What a row is.
    pub(crate) about: &'static str,
    /// Whether it is of a range of time.
    pub(crate) is_ranged: bool,
    /// Whether it is of one customer, who has to be named.
    pub(crate) is_of_customer: bool,
    pub(crate) role: Role,
    /// Columns of the CSV, and where in a row they are.
    columns: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(crate) static EXPORTS: [Export; 8] = [
    Export {
        name: "events",
        title: "Events",
        about: "Each meter event as it stands now, the newest first: quantity, credits, what was given back, revenue, cost with how it is known, price version, properties. By when they occurred.",
        is_ranged: true,
        is_of_customer: false,
        role: Role::Viewer,
        columns: &[
            ("id", "id"),
            ("event", "event"),
            ("customer", "customer"),
            ("occurred_at", "occurred_at"),
            ("recorded_at", "recorded_at"),
            ("quantity", "quantity"),
            ("credits", "credits"),
            ("reversed", "reversed"),
            ("uncharged", "uncharged"),
            ("revenue", "revenue.amount"),
            ("cost", "cost.amount"),
            ("cost_source", "cost.source"),
            ("currency", "revenue.currency"),
            ("price_version", "price_version"),
            ("hold_id", "hold_id"),
            ("properties", "properties"),
        ],
    },
    Export {
        name: "ledger",
        title: "Ledger of a customer",
        about: "Every movement of one wallet, the newest first, with the balance after it.",
        is_ranged: true,
        is_of_customer: true,
        role: Role::Viewer,
        columns: &[
            ("id", "id"),
            ("at", "at"),
            ("kind", "kind"),
            ("label", "label"),
            ("credits", "credits"),
            ("balance_after", "balance_after"),
            ("event_id", "event_id"),
            ("grant_id", "grant_id"),
            ("order_id", "order_id"),
        ],
    },
    Export {
        name: "customers",
        title: "Customers",
        about: "Who used something: events, credits, revenue, cost, contribution, margin, what they have left. The largest revenue first.",
        is_ranged: true,
        is_of_customer: false,
        role: Role::Viewer,
        columns: &[
            ("customer", "customer"),
            ("events", "events"),
            ("credits_used", "credits_used"),
            ("recognised", "recognised"),
            ("cost", "cost"),
            ("cost_missing", "cost_missing"),
            ("contribution", "contribution"),
            ("gross_margin", "gross_margin"),
            ("upper_bound", "upper_bound"),
            ("available", "available"),
            ("last_active", "last_active"),
            ("days_to_empty", "days_to_empty"),
        ],
    },
    Export {
        name: "orders",
        title: "Orders",
        about: "Each purchase of a pack, the newest first: what was paid, what went back, where it stands.",
        is_ranged: false,
        is_of_customer: false,
        role: Role::Viewer,
        columns: &[
            ("id", "id"),
            ("customer", "customer"),
            ("pack", "pack"),
            ("credits", "credits"),
            ("price", "price.amount"),
            ("currency", "price.currency"),
            ("provider", "provider"),
            ("status", "status"),
            ("paid", "payment.total"),
            ("tax", "payment.tax"),
            ("discount", "payment.discount"),
            ("refunded", "payment.refunded"),
            ("placed_at", "placed_at"),
            ("changed_at", "changed_at"),
        ],
    },
    Export {
        name: "prices",
        title: "Prices",
        about: "Every version of every price: the rule, in words and as JSON, since when it holds, who published it and why.",
        is_ranged: false,
        is_of_customer: false,
        role: Role::Viewer,
        columns: &[
            ("id", "id"),
            ("event", "event"),
            ("version", "version"),
            ("state", "state"),
            ("effective_at", "effective_at"),
            ("in_words", "in_words"),
            ("rule", "rule"),
            ("grid", "grid"),
            ("rounding", "rounding"),
            ("note", "note"),
            ("author", "author"),
            ("published_at", "published_at"),
        ],
    },
    Export {
        name: "packs",
        title: "Packs",
        about: "Each credit pack in its newest version, those that were retired as well.",
        is_ranged: false,
        is_of_customer: false,
        role: Role::Viewer,
        columns: &[
            ("id", "id"),
            ("code", "code"),
            ("version", "version"),
            ("name", "name"),
            ("audience", "audience"),
            ("credits", "credits"),
            ("bonus_credits", "bonus_credits"),
            ("price", "price.amount"),
            ("currency", "price.currency"),
            ("valid_days", "valid_days"),
            ("active", "active"),
            ("published_at", "published_at"),
        ],
    },
    Export {
        name: "rates",
        title: "Rates of models",
        about: "What each model costs now: the rates in force, as JSON, with their card.",
        is_ranged: false,
        is_of_customer: false,
        role: Role::Viewer,
        columns: &[
            ("provider", "provider"),
            ("model", "model"),
            ("card", "card"),
            ("effective_at", "effective_at"),
            ("rates", "rates"),
        ],
    },
    Export {
        name: "audit",
        title: "Audit log",
        about: "What people and keys did, the newest first: everything but metering and what happens by time.",
        is_ranged: true,
        is_of_customer: false,
        role: Role::Approver,
        columns: &[
            ("at", "at"),
            ("type", "type"),
            ("actor", "actor.label"),
            ("actor_id", "actor.id"),
            ("customer", "customer"),
            ("credits", "credits"),
            ("reason", "reason"),
            ("id", "id"),
            ("all", ""),
        ],
    },
];

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Ndjson,
}

/// A file that is asked for: `events.csv`.
pub(crate) fn file(visit: &Visit, at_once: &Arc<Semaphore>) -> Result<Response, Trouble> {
    let (name, ending) = visit.param("file").rsplit_once('.').ok_or(Trouble::NotFound)?;
    let export = EXPORTS.iter().find(|export| export.name == name).ok_or(Trouble::NotFound)?;
    let form = match ending {
        "csv" => Form::Csv,
        "ndjson" => Form::Ndjson,
        _ => return Err(Trouble::NotFound),
    };
    visit.needs(export.role)?;
    let customer = visit.state.get("customer").unwrap_or_default();
    if export.is_of_customer && customer.is_empty() {
        return Err(Trouble::field("customer", "is required: whose ledger"));
    }
    let Ok(permit) = Arc::clone(at_once).try_acquire_owned() else { return Err(too_many()) };
    let (sender, mut receiver) = mpsc::channel(PAGES_WAITING);
    let writing = Writing {
        export,
        form,
        api: visit.api.clone(),
        environment: visit.env.name().to_owned(),
        span: visit.span(),
        customer: customer.to_owned(),
        sender,
        _permit: permit,
    };
    tokio::spawn(writing.write());
    // Compression asks once more behind the end: a channel answers that as often as it is asked.
    let rows = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut response = Response::new(Body::from_stream(rows));
    *response.status_mut() = StatusCode::OK;
    let content_type = match form {
        Form::Csv => "text/csv; charset=utf-8; header=present",
        Form::Ndjson => "application/x-ndjson",
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"chargly-{}-{name}.{ending}\"", visit.env.name());
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn too_many() -> Trouble {
    Trouble::Problem(Refused {
        status: 429,
        code: "overloaded".to_owned(),
        detail: format!(
            "{EXPORTS_MAX} files are being written already. Wait for one of them, and try again."
        ),
        fields: Vec::new(),
        facts: crate::json::Json::Null,
    })
}

/// A file while it is written.
struct Writing {
    export: &'static Export,
    form: Form,
    api: Api,
    environment: String,
    span: Span,
    customer: String,
    sender: mpsc::Sender<io::Result<Bytes>>,
    _permit: OwnedSemaphorePermit,
}

/// Why writing ends before its end.
enum Ended {
    /// Nobody reads on.
    Left,
    /// The API did not answer.
    Broken(Trouble),
}

/// A page of a list, its rows as they were written.
struct PageOfRows<'a> {
    data: Vec<&'a RawValue>,
    next_cursor: Option<String>,
}

impl Writing {
    async fn write(self) {
        if let Err(Ended::Broken(trouble)) = self.write_all().await {
            tracing::error!(export = self.export.name, ?trouble, "a file could not be finished");
            let _nobody_reads_on =
                self.sender.send(Err(io::Error::other("the file could not be finished"))).await;
        }
    }

    async fn write_all(&self) -> Result<(), Ended> {
        if self.form == Form::Csv {
            let mut head = String::new();
            let names = self.export.columns.iter().map(|(name, _)| (*name).to_owned());
            csv::line(&mut head, names.chain(["environment".to_owned()]));
            self.send(head).await?;
        }
        let ranged = |target: Target| self.span.ask(target);
        match self.export.name {
            "events" => self.list(ranged(Target::new("/v1/events")), None).await,
            "ledger" => {
                let of_customer = Target::new("/v1/customers").part(&self.customer).then("ledger");
                self.list(of_customer, Some("at")).await
            }
            "customers" => self.list(ranged(Target::new("/v1/customers")), None).await,
            "orders" => self.list(Target::new("/v1/orders"), None).await,
            "prices" => self.prices().await,
            "packs" => self.list(Target::new("/v1/packs").with("all", "true"), None).await,
            "rates" => self.list(Target::new("/v1/rate-cards/models"), None).await,
            _ => self.list(Target::new("/v1/audit"), Some("at")).await,
        }
    }

    /// The versions of each event type.
    async fn prices(&self) -> Result<(), Ended> {
        let mut cursor = None;
        loop {
            let text = self.page(&Target::new("/v1/event-types"), cursor.as_deref()).await?;
            let types = read(&text)?;
            for one in types.data {
                let name = at(one, "name");
                self.list(Target::new("/v1/event-types").part(&name).then("prices"), None).await?;
            }
            cursor = types.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// All rows of a list; with `timed`, those whose time under this name is within the range.
    async fn list(&self, target: Target, timed: Option<&str>) -> Result<(), Ended> {
        let (from, to) = (time(self.span.from), time(self.span.to));
        let mut cursor = None;
        loop {
            let text = self.page(&target, cursor.as_deref()).await?;
            let page = read(&text)?;
            let mut rows = String::new();
            for row in page.data {
                // RFC 3339 in UTC, of one form: the order of the texts is that of the instants.
                let is_meant = timed.is_none_or(|field| {
                    let when = at(row, field);
                    when >= from && when < to
                });
                if is_meant {
                    self.write_row(&mut rows, row);
                }
            }
            self.send(rows).await?;
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    async fn page(&self, target: &Target, cursor: Option<&str>) -> Result<String, Ended> {
        // All packs fit one page, which therefore takes no limit.
        let limit = (self.export.name != "packs").then_some(PAGE);
        let asked = target.clone().with_some("limit", limit).with_some("cursor", cursor);
        self.api.text(asked).await.map_err(Ended::Broken)
    }

    fn write_row(&self, out: &mut String, row: &RawValue) {
        match self.form {
            Form::Ndjson => {
                out.push_str(row.get());
                out.push('\n');
            }
            Form::Csv => {
                let cells = self.export.columns.iter().map(|(_, path)| at(row, path));
                csv::line(out, cells.chain([self.environment.clone()]).map(|cell| csv::harmless(&cell)));
            }
        }
    }

    async fn send(&self, rows: String) -> Result<(), Ended> {
        if rows.is_empty() {
            return if self.sender.is_closed() { Err(Ended::Left) } else { Ok(()) };
        }
        self.sender.send(Ok(rows.into())).await.map_err(|_| Ended::Left)
    }
}

fn read(text: &str) -> Result<PageOfRows<'_>, Ended> {
    let broken = |error: serde_json::Error| Ended::Broken(Trouble::internal(&error));
    let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(text).map_err(broken)?;
    let data = fields.get("data").map_or("[]", |data| data.get());
    let cursor = fields.get("next_cursor").map_or("null", |cursor| cursor.get());
    Ok(PageOfRows {
        data: serde_json::from_str(data).map_err(broken)?,
        next_cursor: serde_json::from_str(cursor).map_err(broken)?,
    })
}

/// What stands in a row under a path: a text without its quotes, anything else as JSON, nothing where there is none.
fn at(row: &RawValue, path: &str) -> String {
    let mut found: &str = row.get();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let fields: Result<BTreeMap<std::borrow::Cow<'_, str>, &RawValue>, _> = serde_json::from_str(found);
        match fields.ok().and_then(|fields| fields.get(name).copied()) {
            Some(value) => found = value.get(),
            None => return String::new(),
        }
    }
    match found {
        "null" => String::new(),
        text if text.starts_with('"') => serde_json::from_str(text).unwrap_or_default(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts_without_quotes_and_everything_else_as_it_was_written() {
        let row = r#"{"id":"evt_1","credits":0.1000001,"cost":{"amount":"0.016112102","source":"reported"},
            "properties":{"a":"b\"c","n":1.50},"none":null,"customer":"=cmd|x"}"#;
        let row: &RawValue = serde_json::from_str(row).expect("JSON");
        for (path, expected) in [
            ("id", "evt_1"),
            ("credits", "0.1000001"),
            ("cost.amount", "0.016112102"),
            ("cost.nothing", ""),
            ("nothing.at.all", ""),
            ("id.deeper", ""),
            ("properties", r#"{"a":"b\"c","n":1.50}"#),
            ("none", ""),
            ("customer", "=cmd|x"),
        ] {
            assert_eq!(at(row, path), expected, "{path}");
        }
        assert_eq!(at(row, ""), row.get());
    }

    #[test]
    fn each_has_a_name_of_its_own_and_no_column_twice() {
        for (place, export) in EXPORTS.iter().enumerate() {
            assert!(EXPORTS[..place].iter().all(|other| other.name != export.name), "{}", export.name);
            for (at, (name, _)) in export.columns.iter().enumerate() {
                assert!(
                    export.columns[..at].iter().all(|(other, _)| other != name),
                    "{} {name}",
                    export.name
                );
            }
        }
    }
}
