//! The overdraft race: more calls at once than a wallet affords. Exactly as many may be accepted as it affords.

use anyhow::{Result, ensure};
use rand::Rng as _;

use super::Session;
use crate::answers::{self, Counts};
use crate::client::Connection;
use crate::figures::count;
use crate::report::Measure;
use crate::request::{Target, Template, event};
use crate::served::Served;
use crate::wallets;

const CASE: &str = "overdraft race, 60 calls on 10 affordable";
const CALLS: u32 = 60;
const AFFORDABLE: u32 = 10;

/// Races in each run: a race that is lost once in a thousand times shows sooner or later.
const RACES_PER_RUN: u32 = 20;

impl Session<'_> {
    pub(super) async fn overdraft_race(&mut self, on: &mut Served) -> Result<()> {
        let mut connections = Vec::new();
        for _ in 0..CALLS {
            connections.push(Connection::open(on.target.server).await?);
        }
        let (mut accepted, mut all_exact, mut left) = (Vec::new(), true, 0);
        for run in 1..=self.plan.runs {
            self.say(&format!("{CASE}: run {run} of {}", self.plan.runs));
            for race in 1..=RACES_PER_RUN {
                let customer = format!("bench_race_{:016x}_{run}_{race}", self.plan.seed);
                let keys = std::iter::repeat_with(|| self.seeds.random()).take(connections.len()).collect();
                wallets::fund_one(&on.target, &customer, AFFORDABLE.into(), self.seeds.random()).await?;
                let counts = race_once(&on.target, &mut connections, &customer, keys).await?;
                all_exact &= counts
                    == Counts {
                        accepted: AFFORDABLE.into(),
                        refused: (CALLS - AFFORDABLE).into(),
                        ..Counts::default()
                    };
                left += wallets::posted_of(&on.target, &customer).await?;
                on.accepted += counts.accepted;
                accepted.push(count(counts.accepted));
            }
        }
        let races = accepted.len();
        self.report.add(CASE, Measure::Accepted, accepted);
        self.report.check(
            CASE,
            format!("{AFFORDABLE} accepted and {} refused in each of {races} races", CALLS - AFFORDABLE),
            all_exact,
        );
        self.report.check(CASE, format!("{left} credits left over"), left == 0);
        Ok(())
    }
}

/// Sends all calls before it reads any answer.
async fn race_once(
    target: &Target,
    connections: &mut [Connection],
    customer: &str,
    keys: Vec<u128>,
) -> Result<Counts> {
    ensure!(keys.len() == connections.len(), "a key for each call");
    let mut call = Template::new(target, "POST", "/v1/events", &event(customer));
    for (connection, key) in connections.iter_mut().zip(keys) {
        call.set_all(0, key);
        connection.send(call.bytes()).await?;
    }
    let mut counts = Counts::default();
    for connection in connections {
        counts.add(answers::count(&connection.receive().await?, 1, customer.as_bytes()));
    }
    Ok(counts)
}
