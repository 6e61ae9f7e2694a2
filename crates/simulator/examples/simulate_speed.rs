//! How many events a second one core takes up again under a flat proposal, facts decoded and all: `cargo run --release
//! -p chargly-simulator --example simulate_speed`. For profiling.
#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "prints rates"
)]
#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::sync::Arc;
use std::time::Instant;

use chargly_ledger::{
    Action, Call, Credits, Currency, EventTypeNo, EventTypeRequest, Fact, GrantKind, GrantRequest, Grid,
    IfInsufficient, KeyNo, MeterRequest, Millis, PayloadOf, PriceInputs, Quantity, Recorded, Recorder as _,
    Rounding, Rule, State, execute,
};
use chargly_simulator::{Entry, History, Mode, Proposal, ProposedPrice, References, World};
use chargly_testkit::ledger::{Stored, VecRecorder};

const EVENTS: usize = 1_000_000;
const CUSTOMERS: usize = 10_000;
/// Facts between two commits, as a chunk of a journal has them.
const CHUNK: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stored = journal()?;
    let rule = Rule::Flat { credits: Credits::from_micro(1_500_000) };
    let price = ProposedPrice { rule, grid: Grid::MicroCredit, rounding: Rounding::HalfUp };
    let proposal: Proposal = [(EventTypeNo(0), price)].into_iter().collect();
    let first = chargly_ledger::Position(0);
    for _ in 0..3 {
        let mut history = History::new(State::new(), first);
        rate("folded", || {
            for chunk in stored.chunks(CHUNK) {
                each(chunk, |entry| history.step(entry));
                history.commit();
            }
        });
        for (what, proposal) in [("as it was", Proposal::default()), ("flat", proposal.clone())] {
            let references = Arc::new(References::default());
            let mut world = World::new(State::new(), first, Arc::new(proposal), references, Mode::Static);
            rate(what, || {
                for chunk in stored.chunks(CHUNK) {
                    each(chunk, |entry| world.step(entry));
                    world.commit();
                }
            });
        }
    }
    Ok(())
}

fn rate(what: &str, work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    println!("{what}: {:.0} events/s", EVENTS as f64 / begun.elapsed().as_secs_f64());
}

fn each(chunk: &[Stored], mut step: impl FnMut(&Entry<'_>)) {
    for one in chunk {
        let Ok(fact) = Fact::decode(&one.fact) else { continue };
        let recorded = Recorded::new(one.position, one.at, &fact, &one.fact);
        step(&Entry { recorded, fact: &fact, payload: one.payload.as_deref() });
    }
}

fn journal() -> Result<Vec<Stored>, Box<dyn std::error::Error>> {
    let (mut state, mut recorder) = (State::new(), VecRecorder::default());
    recorder.now = Millis(1);
    let begun = Fact::EnvironmentCreated { name: "test".into(), salt: [7; 32], currency: Currency::USD };
    let recorded = recorder.record(&begun, PayloadOf::Nothing)?;
    state.apply(recorded, &begun, None);
    let mut ask = |action| {
        let call = Call { actor: KeyNo(1), key: None, action };
        let done = execute(&mut state, &call, Millis(1), &mut recorder).map(drop);
        state.commit();
        done
    };
    ask(Action::DefineEventType(EventTypeRequest {
        name: "chat.reply".into(),
        label: "Chat reply".into(),
        description: "".into(),
        caller_set_credits: false,
        dimensions: Vec::new(),
        archived: false,
        estimated_cost_nano: None,
        first_price: Credits::whole(1),
    }))?;
    for customer in 0..CUSTOMERS {
        let request = GrantRequest {
            credits: Credits::whole(1_000_000).unwrap_or_default(),
            kind: GrantKind::Paid,
            price: None,
            priority: 0,
            effective_at: None,
            expires_at: None,
            scope: Vec::new(),
        };
        ask(Action::Grant { customer: format!("customer_{customer}").into(), request })?;
    }
    for event in 0..EVENTS {
        let request = MeterRequest {
            event_type: EventTypeNo(0),
            quantity: Quantity::ONE,
            credits: None,
            cost: None,
            occurred_at: None,
            if_insufficient: IfInsufficient::Refuse,
        };
        let customer = format!("customer_{}", event.wrapping_mul(7_919) % CUSTOMERS).into();
        ask(Action::Meter { customer, request, inputs: PriceInputs::new(), facets: None })?;
    }
    Ok(recorder.stored().to_vec())
}
