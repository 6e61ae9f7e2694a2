//! What a new project's *test* environment is filled with, so that a first event can be metered at once.

use anyhow::{Context as _, Result};
use chargly_engine::Environment;
use chargly_engine::ledger::{Credits, EventTypeRequest, GrantKind, GrantRequest, KeyNo, Money, PackRequest};

/// The customer who has credits from the start.
pub(crate) const DEMO_CUSTOMER: &str = "demo_user";
/// Credits that the demo customer bought.
const DEMO_CREDITS: i64 = 1_000;
/// What they were sold for: 20 US dollars, in nano-dollars.
const DEMO_PRICE_NANO: i64 = 20_000_000_000;

/// An event type of the example catalogue: name, label, description, credits of each event.
type Example = (&'static str, &'static str, &'static str, i64);

/// The event types of the example catalogue.
const EVENT_TYPES: [Example; 5] = [
    ("chat.reply", "Chat reply", "One answer of the assistant.", 8),
    ("image.generate", "Generated image", "One picture made from a prompt.", 40),
    ("ai.summary", "Summary", "One document summed up.", 12),
    ("agent.run", "Agent run", "One task that an agent worked on from start to end.", 25),
    ("workflow.step", "Workflow step", "One automated step of a workflow.", 6),
];

/// A pack of the example ladder: code, name, who it is for, credits, price in cents, what is saved.
type ExamplePack = (&'static str, &'static str, &'static str, i64, i64, &'static str);

/// The packs of the example ladder, smallest first.
const PACKS: [ExamplePack; 3] = [
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
/// Nano-dollars in a cent.
pub(crate) const CENT_NANO: i64 = 10_000_000;

/// Rounded down to what can be paid in the smallest coins of its currency, and one of them at least.
pub(crate) fn whole_coins(price: Money) -> Money {
    let coin = price.currency.coin_nano();
    Money { nano: (price.nano - price.nano % coin).max(coin), ..price }
}

/// Defines the example event types with their prices and the packs, and sells the demo customer a lot of credits.
///
/// # Errors
/// If the environment cannot record it.
pub(crate) async fn fill(environment: &Environment) -> Result<()> {
    let currency = environment.catalogue().currency;
    for (name, label, description, credits) in EVENT_TYPES {
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
        environment
            .define_event_type(KeyNo::SYSTEM, request)
            .await
            .with_context(|| format!("defining the example event type {name}"))?;
    }
    for (place, (code, name, audience, credits, cents, discount_line)) in PACKS.into_iter().enumerate() {
        let request = PackRequest {
            code: code.into(),
            name: name.into(),
            audience: audience.into(),
            credits: Credits::whole(credits).unwrap_or(Credits::ZERO),
            bonus: Credits::ZERO,
            price: whole_coins(Money { nano: cents * CENT_NANO, currency }),
            discount_line: discount_line.into(),
            order: i32::try_from(place).unwrap_or(0),
            valid_days: None,
            is_active: true,
        };
        environment
            .publish_pack(KeyNo::SYSTEM, request, None)
            .await
            .with_context(|| format!("publishing the example pack {code}"))?;
    }
    let lot = GrantRequest {
        credits: Credits::whole(DEMO_CREDITS).unwrap_or(Credits::ZERO),
        kind: GrantKind::Paid,
        price: Some(Money { nano: DEMO_PRICE_NANO, currency }),
        priority: 0,
        effective_at: None,
        expires_at: None,
        scope: Vec::new(),
    };
    let key = Some("example-grant".into());
    environment
        .grant(KeyNo::SYSTEM, DEMO_CUSTOMER.into(), lot, None, key)
        .await
        .context("granting the example credits")?;
    Ok(())
}
