//! The follower: reads committed facts and turns them into messages, each batch in one transaction with its own position.
//!
//! While nobody wants anything it reads nothing. An endpoint says from which position on it wants to know, so the
//! follower may go on from there.

use std::sync::Arc;
use std::time::Duration;

use chargly_engine::journal::crash_point;
use chargly_engine::ledger::{Position, WalletNo};
use chargly_engine::{CallError, StoredFact, read_entry};
use chargly_ops::{AlertKind, Cursor, Derivation, NewMessage, OpsError};
use thiserror::Error;

use crate::draft::{Details, Draft, Who, message_id};
use crate::facts::{drafts, wallet_of};
use crate::levels::{self, Change, part};
use crate::names::Names;
use crate::service::Shared;
use crate::subscribers::Subscribers;
use crate::types::MessageType;
use crate::windows::Sums;

/// Facts are committed, and nothing is told of them yet.
const BEFORE_DERIVE: &str = "webhooks.before_derive";
/// Messages are written, and none of them is sent yet.
const AFTER_DERIVE: &str = "webhooks.after_derive";
/// Facts of one transaction: a few milliseconds, for which senders wait.
const BATCH_FACTS_MAX: usize = 1_000;
/// How long it rests when it cannot go on, before it tries again.
const RETRY_NAP: Duration = Duration::from_millis(500);

/// Why facts cannot be turned into messages.
#[derive(Debug, Error)]
enum FollowError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// Follows the journal until the service ends.
pub(crate) async fn run(shared: Arc<Shared>) {
    let (mut endpoints, mut committed) = (shared.endpoints.subscribe(), shared.env.tail().follow());
    let mut is_behind = false;
    loop {
        let subscribers = Subscribers::of(&endpoints.borrow_and_update().clone());
        let head = committed.borrow_and_update().next.0;
        match step(&shared, &subscribers, head).await {
            Ok(true) => is_behind = false,
            Ok(false) => tokio::select! {
                _ = endpoints.changed() => {}
                changed = committed.changed(), if subscribers.first_wanted().is_some() && !shared.is_paused() => {
                    if changed.is_err() {
                        return;
                    }
                }
                // A pause ends without anybody telling.
                () = tokio::time::sleep(RETRY_NAP), if shared.is_paused() => {}
                () = shared.closed() => return,
            },
            Err(error) => {
                if !is_behind {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(
                        environment = shared.env.name(),
                        error,
                        "facts cannot be turned into webhooks"
                    );
                }
                is_behind = true;
                tokio::select! {
                    () = tokio::time::sleep(RETRY_NAP) => {}
                    () = shared.closed() => return,
                }
            }
        }
    }
}

/// One batch; says whether there was one.
async fn step(shared: &Arc<Shared>, subscribers: &Subscribers, head: u64) -> Result<bool, FollowError> {
    let Some(wanted_from) = subscribers.first_wanted().filter(|_| !shared.is_paused()) else {
        return Ok(false);
    };
    let cursor = shared.on_file(|shared| shared.ops.cursor()).await?;
    let from = cursor.next.max(wanted_from);
    note_lag(shared, head.saturating_sub(from));
    if from >= head {
        return Ok(false);
    }
    let env = Arc::clone(&shared.env);
    let read = move || read_batch(&env, Position(from));
    let facts = tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Ok(Vec::new()))?;
    let Some(last) = facts.last() else { return Ok(false) };
    crash_point(BEFORE_DERIVE);
    let next = Cursor { next: last.id.position.0 + 1, tag: Some(last.id.tag), ..cursor };
    // Nobody can be erased between asking for names and writing them down.
    let mut names = shared.names.clone().lock_owned().await;
    names.learn(&shared.env, facts.iter().filter_map(|stored| wallet_of(&stored.fact)).collect()).await?;
    let subscribers = subscribers.clone();
    shared
        .on_file(move |shared| {
            let batch = Batch { shared, subscribers: &subscribers, names: &names, now_ms: shared.now_ms() };
            shared.ops.derive(|tx| batch.write(tx, &facts, (from, next)))
        })
        .await?;
    crash_point(AFTER_DERIVE);
    shared.tell_senders();
    Ok(true)
}

fn read_batch(env: &chargly_engine::Environment, from: Position) -> Result<Vec<StoredFact>, CallError> {
    let mut facts = Vec::new();
    for chunk in env.facts().chunks_from(from)? {
        for entry in chunk.entries().filter(|entry| entry.position.0 >= from.0) {
            facts.push(read_entry(&chunk, &entry)?);
            if facts.len() == BATCH_FACTS_MAX {
                return Ok(facts);
            }
        }
    }
    Ok(facts)
}

fn note_lag(shared: &Shared, facts: u64) {
    let lag = u32::try_from(facts).unwrap_or(u32::MAX);
    metrics::gauge!("chargly_webhook_lag_facts", "environment" => shared.env.name().to_owned()).set(lag);
}

/// Facts on their way into messages.
struct Batch<'a> {
    shared: &'a Shared,
    subscribers: &'a Subscribers,
    names: &'a Names,
    now_ms: i64,
}

impl Batch<'_> {
    /// Everything that these facts make, and the new position.
    fn write(
        &self,
        tx: &mut Derivation<'_>,
        facts: &[StoredFact],
        (from, cursor): (u64, Cursor),
    ) -> Result<(), OpsError> {
        let (mut sums, wants_levels) = (Sums::default(), self.subscribers.want_levels());
        if wants_levels && cursor.alerts_to != from {
            // Nobody wanted to know for a while: what was told then says nothing of now.
            tx.clear_alerts(AlertKind::Level)?;
        }
        for stored in facts {
            self.write_fact(tx, stored, wants_levels, &mut sums)?;
        }
        sums.write(tx)?;
        let alerts_to = if wants_levels { cursor.next } else { cursor.alerts_to };
        tx.set_cursor(Cursor { alerts_to, ..cursor })
    }

    fn write_fact(
        &self,
        tx: &mut Derivation<'_>,
        stored: &StoredFact,
        wants_levels: bool,
        sums: &mut Sums,
    ) -> Result<(), OpsError> {
        let catalogue = self.shared.env.catalogue();
        let read = |position| self.shared.env.facts().read(position).ok().flatten();
        let (drafts, change) = drafts(stored, self.subscribers.wanted(), &catalogue, &read);
        for draft in &drafts {
            self.put(tx, stored, draft, sums)?;
        }
        let (Some(change), Some(wallet)) = (change.filter(|_| wants_levels), wallet_of(&stored.fact)) else {
            return Ok(());
        };
        for draft in self.follow_level(tx, stored, wallet, change)? {
            self.put(tx, stored, &draft, sums)?;
        }
        Ok(())
    }

    /// Puts a message for whoever wants it, one by one and in sums.
    fn put(
        &self,
        tx: &mut Derivation<'_>,
        stored: &StoredFact,
        draft: &Draft,
        sums: &mut Sums,
    ) -> Result<(), OpsError> {
        let who = draft.wallet.and_then(|wallet| self.names.get(wallet));
        if draft.wallet.is_some() && who.is_none() {
            // Erased: nothing more is told of this customer.
            return Ok(());
        }
        let to = |in_sums| self.subscribers.of_type(draft.kind, stored.id.position.0, in_sums);
        let (singly, in_sums) = (to(false), to(true));
        if let (false, Some(who)) = (in_sums.is_empty(), who) {
            sums.add(tx, draft, (stored.id, who, self.now_ms), in_sums)?;
        }
        if singly.is_empty() {
            return Ok(());
        }
        if let Some(wallet) =
            draft.wallet.filter(|_| !draft.kind.can_be_summed() && self.subscribers.want_sums())
        {
            sums.end_of(tx, wallet)?;
        }
        put(tx, draft, (who, stored.at.0), &singly)
    }

    /// What a balance has to be told of.
    fn follow_level(
        &self,
        tx: &mut Derivation<'_>,
        stored: &StoredFact,
        wallet: WalletNo,
        change: Change,
    ) -> Result<Vec<Draft>, OpsError> {
        let chargly_engine::ledger::Fact::Wallet(fact) = &stored.fact else { return Ok(Vec::new()) };
        let (subject, available) = (i64::from(wallet.0), fact.header.after.available().micro());
        let told = tx.alert(AlertKind::Level, subject)?;
        let (alert, crossed) = levels::follow(told, change, available);
        if told != Some(alert) {
            tx.set_alert(AlertKind::Level, subject, alert)?;
        }
        let draft = |kind, details| Draft {
            kind,
            id: message_id(stored.id, kind, false),
            wallet: Some(wallet),
            at: stored.at,
            micro: None,
            balance_micro: Some(available),
            details,
        };
        let low = crossed.level_percent.map(|percent| {
            let (level_micro, of_micro) = (part(alert.value, percent), alert.value);
            draft(MessageType::WalletLowBalance, Details::Level { percent, level_micro, of_micro })
        });
        let empty = crossed.is_empty.then(|| draft(MessageType::WalletEmpty, Details::None));
        Ok(low.into_iter().chain(empty).collect())
    }
}

/// Puts a message that is told by itself, to be sent at once.
pub(crate) fn put(
    tx: &mut Derivation<'_>,
    draft: &Draft,
    (who, due_ms): (Option<&Who>, i64),
    to: &[chargly_ops::EndpointNo],
) -> Result<(), OpsError> {
    let (id, body) = (draft.id.to_string(), draft.body(who));
    let message = NewMessage {
        id: &id,
        kind: draft.kind.as_str(),
        wallet: draft.wallet.map(|wallet| wallet.0),
        at_ms: draft.at.0,
        body: &body,
        window: None,
        due_ms,
    };
    tx.put(&message, to)
}
