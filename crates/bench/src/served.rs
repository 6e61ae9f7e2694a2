//! One served project under load, and the books kept beside it.
//!
//! Invariant: every event that is sent is entered here, and [`Served::check_books`] compares the sum with what left
//! the balances, to the credit. The project begins empty, so what its wallets hold at first is known, not believed.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::answers::Counts;
use crate::host::{Host, Running, Site};
use crate::load::{Load, Shape};
use crate::process::{Process, now};
use crate::report::Report;
use crate::request::{Customers, Target};
use crate::resources::Resources;
use crate::wallets::{self, Balances};

/// A project, its server and its books.
pub(crate) struct Served {
    pub(crate) site: Box<dyn Site>,
    pub(crate) target: Target,
    pub(crate) watched: Process,
    /// Wallets over which load is spread.
    pub(crate) wallets: u32,
    /// Accepted events that left a balance or are about to.
    pub(crate) accepted: u64,
    /// What it took once its wallets were funded.
    pub(crate) funded: Resources,
    /// What became of the events since the books were last checked.
    sent: Sent,
    balances: Balances,
}

#[derive(Default, Clone, Copy)]
struct Sent {
    spread: Counts,
    hot: Counts,
}

impl Served {
    /// Begins a project, serves it, and funds so many wallets.
    pub(crate) async fn begin(host: &mut dyn Host, wallets: u32, seed: u64) -> Result<Self> {
        let mut site = host.begin().context("making a project to be measured")?;
        let Running { address, pid } = site.start().context("starting the server to be measured")?;
        let target = Target { server: address, api_key: site.api_key().to_owned() };
        wallets::set_up(&target, wallets, seed).await.context("setting up")?;
        let watched = Process { pid };
        let funded = Resources::read(watched, site.data_dir())?;
        Ok(Self {
            site,
            target,
            watched,
            wallets,
            accepted: 0,
            funded,
            sent: Sent::default(),
            balances: Balances::funded(wallets),
        })
    }

    /// Begins to send; what comes of it is to be entered.
    pub(crate) async fn start(&self, shape: Shape, seed: u64) -> Result<Load> {
        Load::start(&self.target, shape, Some(self.watched), seed).await
    }

    /// Sends until so many events are accepted, and enters them.
    pub(crate) async fn fill(&mut self, shape: Shape, events: u64, seed: u64) -> Result<()> {
        let mut load = self.start(shape, seed).await?;
        load.go_on_until(events).await?;
        self.enter(shape.customers, load.stop().await?);
        Ok(())
    }

    pub(crate) fn enter(&mut self, customers: Customers, counts: Counts) {
        match customers {
            Customers::Spread(_) => self.sent.spread.add(counts),
            Customers::Hot => self.sent.hot.add(counts),
        }
    }

    /// Starts the server again and says how long it took until it answered.
    pub(crate) async fn start_again(&mut self) -> Result<Duration> {
        let asked_at = now();
        let Running { address, pid } = self.site.start().context("starting the server again")?;
        (self.target.server, self.watched) = (address, Process { pid });
        wallets::posted_of(&self.target, wallets::FIRST_CUSTOMER).await?;
        Ok(now() - asked_at)
    }

    /// Compares the balances with what the callers saw accepted since they were last compared.
    pub(crate) async fn check_books(&mut self, case: &str, report: &mut Report) -> Result<()> {
        let Sent { spread, hot } = std::mem::take(&mut self.sent);
        let mut accepted = spread;
        accepted.add(hot);
        if accepted == Counts::default() {
            return Ok(());
        }
        let after = wallets::balances(&self.target, self.wallets).await.context("reading the balances")?;
        let before = std::mem::replace(&mut self.balances, after);
        self.accepted += accepted.accepted;
        let charged = Balances { spread: before.spread - after.spread, hot: before.hot - after.hot };
        let sum = charged.spread + charged.hot;
        report.check(
            case,
            format!("{} events accepted, {sum} credits charged", accepted.accepted),
            u64::try_from(charged.spread) == Ok(spread.accepted)
                && u64::try_from(charged.hot) == Ok(hot.accepted),
        );
        let Counts { refused, replayed, turned_away, strange, .. } = accepted;
        report.check(
            case,
            format!(
                "none refused ({refused}), replayed ({replayed}), turned away ({turned_away}) or answered \
                 strangely ({strange})"
            ),
            accepted.not_accepted() == 0,
        );
        Ok(())
    }

    /// By how many credits the balances differ from when they were last read: nothing was sent since.
    pub(crate) async fn credits_moved(&self) -> Result<u64> {
        let found = wallets::balances(&self.target, self.wallets).await.context("reading the balances")?;
        let Balances { spread, hot } = self.balances;
        Ok(found.spread.abs_diff(spread) + found.hot.abs_diff(hot))
    }
}
