//! The playground: the environment behind `/try`, beside test and live and in no total of theirs.
//!
//! It is made by the first start that finds none, filled where it is empty, and may be reset at any time. Nothing in it
//! is worth keeping: backups leave it out, nobody is shown a key to it, and no Stripe key reaches it. One that cannot be
//! opened turns `/try` off and nothing else: it must never keep a server from serving.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chargly_engine::ledger::{Credits, Currency, EventTypeRequest, KeyNo, Money, PackRequest};
use chargly_engine::{Clock, Environment, OpenOptions, PLAYGROUND, SystemClock, SystemEntropy};

use crate::data_dir::{DataDir, HowToOpen, open_options};
use crate::example::{CENT_NANO, whole_coins};
use crate::first_start;

/// An event type: name, label, description, credits of each event.
const EVENT_TYPES: [(&str, &str, &str, i64); 5] = [
    ("chat.reply", "Chat reply", "One answer of an assistant.", 1),
    ("image.generate", "Image generated", "One picture made from a prompt.", 12),
    ("ai.summary", "AI summary", "One document summed up.", 4),
    (
        "agent.run",
        "Agent run",
        "One task that an agent worked on: set aside first, charged for what it took.",
        25,
    ),
    ("workflow.step", "Workflow step", "One automated step of a workflow.", 2),
];

/// A pack: code, name, who it is for, credits, price in cents, what is saved.
const PACKS: [(&str, &str, &str, i64, i64, &str); 3] = [
    ("starter_500", "Starter", "For trying things out.", 500, 1_000, ""),
    (
        "regular_1200",
        "Regular",
        "For using it every week.",
        1_200,
        2_000,
        "17 % less per credit than Starter",
    ),
    ("power_4000", "Power", "For using it every day.", 4_000, 6_000, "25 % less per credit than Starter"),
];

/// Opens the playground, made and filled where it has to be. `None` where that fails: the log says why.
pub(crate) async fn open(data: &DataDir, currency: Currency) -> Option<Arc<Environment>> {
    let opened = async {
        make_if_absent(data, currency)?;
        let how = HowToOpen { accept_loss: true, accept_clock: true };
        let playground = tokio::task::block_in_place(|| data.open(PLAYGROUND, how))?;
        if let Err(error) = fill(&playground).await {
            tokio::task::block_in_place(|| playground.close());
            return Err(error);
        }
        Ok(playground)
    };
    match opened.await {
        Ok(playground) => Some(playground),
        Err(error) => {
            let dir = data.environment(PLAYGROUND);
            tracing::warn!(
                error = format!("{error:#}"),
                dir = %dir.display(),
                "the playground cannot be opened, so /try is off; removing its directory makes a new one at the next start"
            );
            None
        }
    }
}

/// Made beside its place and moved there, so that a start that is cut off leaves no half of it.
fn make_if_absent(data: &DataDir, currency: Currency) -> Result<()> {
    if data.environment(PLAYGROUND).exists() {
        return Ok(());
    }
    let fresh = data.fresh_environment(PLAYGROUND);
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).with_context(|| format!("clearing {}", fresh.display()))?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let options = OpenOptions { currency, ..open_options(clock)? };
    chargly_engine::create(&fresh, PLAYGROUND, first_start::salt(&mut SystemEntropy)?, options)
        .context("making the playground")?;
    data.put_fresh_environment(PLAYGROUND)
}

/// Defines what is not there yet, so that a reset is followed by the same again, and what an operator changed is kept.
async fn fill(playground: &Environment) -> Result<()> {
    let catalogue = playground.catalogue();
    for (name, label, description, credits) in EVENT_TYPES {
        if catalogue.event_type(name).is_some() {
            continue;
        }
        let request = EventTypeRequest {
            name: name.into(),
            label: label.into(),
            description: description.into(),
            caller_set_credits: false,
            dimensions: Vec::new(),
            archived: false,
            estimated_cost_nano: None,
            first_price: Credits::whole(credits),
        };
        let defined = playground.define_event_type(KeyNo::SYSTEM, request).await;
        defined.with_context(|| format!("defining {name} in the playground"))?;
    }
    for (place, (code, name, audience, credits, cents, discount_line)) in PACKS.into_iter().enumerate() {
        if catalogue.pack_by_code(code).is_some() {
            continue;
        }
        let request = PackRequest {
            code: code.into(),
            name: name.into(),
            audience: audience.into(),
            credits: Credits::whole(credits).unwrap_or(Credits::ZERO),
            bonus: Credits::ZERO,
            price: whole_coins(Money { nano: cents * CENT_NANO, currency: catalogue.currency }),
            discount_line: discount_line.into(),
            order: i32::try_from(place).unwrap_or(0),
            valid_days: None,
            is_active: true,
        };
        let published = playground.publish_pack(KeyNo::SYSTEM, request, None).await;
        published.with_context(|| format!("publishing {code} in the playground"))?;
    }
    Ok(())
}
