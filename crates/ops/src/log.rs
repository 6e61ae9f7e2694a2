//! What was sent, and how it went: the log that people read.

use rusqlite::{Connection, Row, params, params_from_iter, types::Value};

use crate::endpoints::EndpointNo;
use crate::error::OpsError;
use crate::store::Ops;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits for its first attempt, or for another.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Delivered => 1,
            Self::Failed => 2,
        }
    }

    fn of(number: i64) -> Self {
        Self::ALL.into_iter().find(|state| state.number() == number).unwrap_or(Self::Pending)
    }
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only those that stand there.
    pub state: Option<DeliveryState>,
    /// Only messages of this type.
    pub kind: Option<String>,
    /// Only messages about this wallet.
    pub wallet: Option<u32>,
    /// Only those before this one.
    pub before: Option<i64>,
}

/// A delivery, as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedDelivery {
    /// Its number, by which pages go on.
    pub number: i64,
    /// The message's public id.
    pub id: String,
    /// The message's type.
    pub kind: String,
    /// The body that is sent.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried, since it was last sent by hand.
    pub tries: u32,
    /// When it is tried next.
    pub due_ms: Option<i64>,
    /// Attempts, the newest first, at most the number asked for.
    pub attempts: Vec<Attempt>,
}

/// An attempt, as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it was begun.
    pub at_ms: i64,
    /// How long it took.
    pub took_ms: i64,
    /// The status that was answered.
    pub status: Option<u16>,
    /// How it ended, in a word.
    pub result: String,
    /// What was answered, as far as it was read.
    pub answer: Option<String>,
}

impl Ops {
    /// A page of an endpoint's deliveries, the newest first, each with its newest attempts.
    pub fn deliveries(
        &self,
        endpoint: EndpointNo,
        filter: &DeliveryFilter,
        (limit, attempts): (usize, usize),
    ) -> Result<Vec<LoggedDelivery>, OpsError> {
        self.read(|db| {
            let mut found = select(db, endpoint, filter, limit)?;
            for delivery in &mut found {
                delivery.attempts = attempts_of(db, delivery.number, attempts)?;
            }
            Ok(found)
        })
    }
}

fn select(
    db: &Connection,
    endpoint: EndpointNo,
    filter: &DeliveryFilter,
    limit: usize,
) -> Result<Vec<LoggedDelivery>, OpsError> {
    let (mut sql, mut values) = (String::new(), vec![Value::from(endpoint.0)]);
    let mut add = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {condition} ?{}", values.len()));
        }
    };
    add("state =", filter.state.map(|state| state.number().into()));
    add("kind =", filter.kind.clone().map(Into::into));
    add("lane =", filter.wallet.map(|wallet| i64::from(wallet).into()));
    add("delivery.number <", filter.before.map(Into::into));
    let mut rows = db.prepare_cached(&format!(
        "SELECT delivery.number, id, kind, body, state, tries, due_ms FROM delivery
         JOIN message ON message.number = delivery.message
         WHERE endpoint = ?1{sql} ORDER BY delivery.number DESC LIMIT {limit}"
    ))?;
    let found = rows.query_map(params_from_iter(values), delivery_from_row)?.collect::<Result<_, _>>()?;
    Ok(found)
}

fn delivery_from_row(row: &Row<'_>) -> rusqlite::Result<LoggedDelivery> {
    let state = DeliveryState::of(row.get(4)?);
    let due_ms: i64 = row.get(6)?;
    Ok(LoggedDelivery {
        number: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        body: row.get(3)?,
        state,
        tries: row.get(5)?,
        due_ms: (state == DeliveryState::Pending).then_some(due_ms),
        attempts: Vec::new(),
    })
}

fn attempts_of(db: &Connection, delivery: i64, limit: usize) -> Result<Vec<Attempt>, OpsError> {
    let mut rows = db.prepare_cached(
        "SELECT at_ms, took_ms, status, result, answer FROM attempt WHERE delivery = ?1
         ORDER BY number DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows.query_map(params![delivery, limit], |row| {
        Ok(Attempt {
            at_ms: row.get(0)?,
            took_ms: row.get(1)?,
            status: row.get(2)?,
            result: row.get(3)?,
            answer: row.get(4)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
