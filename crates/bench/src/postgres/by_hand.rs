//! Metering as somebody would write it on PostgreSQL: an event with a unique key, a guarded update, an entry.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use tokio_postgres::{Client, Statement};

use crate::answers::Counts;
use crate::load::Shared;
use crate::process::now;
use crate::request::EVENT_TYPE;

const SCHEMA: &str = include_str!("schema.sql");

/// Credits of each wallet: more than any run takes from one.
const CREDITS: i64 = 1_000_000;

// What the bench's events carry; see `crate::request::event`.
const PROPERTIES: &str = r#"{"model":"gpt-4o","tokens":812}"#;
const COST: &str = "0.0042";
const CURRENCY: &str = "usd";

/// How the three changes reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One call of a function that makes them.
    Function,
    /// A statement for each, in a transaction that the client begins and commits.
    Transaction,
}

impl Way {
    pub(crate) const ALL: [Self; 2] = [Self::Function, Self::Transaction];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Function => "one function call per event",
            Self::Transaction => "three statements in a transaction",
        }
    }
}

/// Makes the tables and funds so many wallets.
pub(crate) async fn prepare(client: &Client, wallets: u32) -> Result<()> {
    client.batch_execute(SCHEMA).await.context("making the tables")?;
    let fund = format!(
        "INSERT INTO wallet SELECT 'bench_' || lpad(n::text, 6, '0'), {CREDITS} \
         FROM generate_series(0, {wallets} - 1) AS n; ANALYZE; CHECKPOINT"
    );
    // Apart from each other: a checkpoint is not allowed in a transaction, which several statements at once are.
    for statement in fund.split(';') {
        client.batch_execute(statement).await.context("funding the wallets")?;
    }
    Ok(())
}

/// The server's version, as its makers number it.
pub(crate) async fn version(client: &Client) -> Result<String> {
    let row =
        client.query_one("SHOW server_version", &[]).await.context("asking for PostgreSQL's version")?;
    // What a distribution adds to it stands behind a space.
    Ok(row.get::<_, String>(0).chars().take_while(|character| *character != ' ').collect())
}

/// Events in the tables, if the wallets, the events and the entries agree.
pub(crate) async fn books(client: &Client, wallets: u32) -> Result<Option<u64>> {
    let sums = "SELECT (SELECT sum(balance) FROM wallet)::bigint, (SELECT count(*) FROM event), \
                (SELECT count(*) FROM entry)";
    let row = client.query_one(sums, &[]).await.context("adding up PostgreSQL's tables")?;
    let (left, events, entries): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    let charged = i64::from(wallets) * CREDITS - left;
    Ok(u64::try_from(events).ok().filter(|_| charged == events && entries == events))
}

/// One client in a closed loop.
pub(crate) struct Caller {
    client: Client,
    way: Statements,
    wallets: u32,
}

enum Statements {
    Function(Statement),
    Transaction { event: Statement, wallet: Statement, entry: Statement },
}

impl Caller {
    /// Prepares the statements, as a driver does for its user.
    pub(crate) async fn new(client: Client, way: Way, wallets: u32) -> Result<Self> {
        let way = match way {
            Way::Function => Statements::Function(
                client.prepare("SELECT meter($1, $2, $3, $4::text::jsonb, $5::text::numeric, $6, 1)").await?,
            ),
            Way::Transaction => Statements::Transaction {
                event: client
                    .prepare(
                        "INSERT INTO event (customer, idempotency_key, event_type, properties, cost, currency, \
                         credits) VALUES ($1, $2, $3, $4::text::jsonb, $5::text::numeric, $6, 1) \
                         ON CONFLICT (customer, idempotency_key) DO NOTHING RETURNING id",
                    )
                    .await?,
                wallet: client
                    .prepare(
                        "UPDATE wallet SET balance = balance - 1 WHERE customer = $1 AND balance >= 1 \
                         RETURNING balance",
                    )
                    .await?,
                entry: client
                    .prepare("INSERT INTO entry (event_id, customer, credits, balance_after) VALUES ($1, $2, -1, $3)")
                    .await?,
            },
        };
        Ok(Self { client, way, wallets })
    }

    /// Meters one event after the other until it is told to stop.
    pub(crate) async fn call_until_stopped(self, mut rng: ChaCha8Rng, shared: Arc<Shared>) -> Result<()> {
        while !shared.is_stopping() {
            let customer = format!("bench_{:06}", rng.random_range(0..self.wallets));
            let key = format!("{:032x}", rng.random::<u128>());
            let sent_at = now();
            self.meter(&customer, &key).await.context("metering with PostgreSQL")?;
            shared.record(Counts { accepted: 1, ..Counts::default() }, now() - sent_at);
        }
        Ok(())
    }

    async fn meter(&self, customer: &str, key: &str) -> Result<()> {
        let Self { client, way, .. } = self;
        match way {
            Statements::Function(meter) => {
                let row = client
                    .query_one(meter, &[&customer, &key, &EVENT_TYPE, &PROPERTIES, &COST, &CURRENCY])
                    .await?;
                row.get::<_, Option<i64>>(0).context("a key was charged before")?;
            }
            Statements::Transaction { event, wallet, entry } => {
                client.batch_execute("BEGIN").await?;
                let inserted = client
                    .query_opt(event, &[&customer, &key, &EVENT_TYPE, &PROPERTIES, &COST, &CURRENCY])
                    .await?;
                let id: i64 = inserted.context("a key was charged before")?.get(0);
                let updated = client.query_opt(wallet, &[&customer]).await?;
                let balance: i64 = updated.context("a wallet is empty")?.get(0);
                client.execute(entry, &[&id, &customer, &balance]).await?;
                client.batch_execute("COMMIT").await?;
            }
        }
        Ok(())
    }
}
