//! What must hold whatever happens: the books balance at every prefix, undo is exact, the fold is the truth.

use chargly_ledger::{
    Catalogue, DecodeError, Fact, Millis, Payload, Position, Rest, State, Wallet, state_digest,
};
use chargly_testkit::ledger::{Audit, Freezer, fold};
use chargly_testkit::script::{Command, Run, commands};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::Config;

/// Cases of each property by default; `PROPTEST_CASES` asks for more.
const CASES: u32 = 48;

fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: asked.unwrap_or(CASES), failure_persistence: None, ..Config::default() }
}

fn played(script: &[Command]) -> Run {
    let mut run = Run::new();
    run.play(script);
    run
}

fn digest(run: &Run) -> [u8; 32] {
    state_digest(&run.pair.driver.state)
}

/// When something is due next, as the state finds it.
fn due_next(state: &mut State) -> Option<Millis> {
    state.next_due(Millis(i64::MAX - 1)).and_then(|no| state.wallet(no)).map(|w| w.next_due)
}

/// When something is due next, by looking into every wallet.
fn earliest(state: &State) -> Option<Millis> {
    state.wallets().map(|w| w.next_due).min().filter(|due| *due != Millis::NEVER)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_books_balance_at_every_prefix(script in commands(1..300)) {
        let run = played(&script);
        let mut audit = Audit::new();
        audit.check(run.pair.driver.recorder.stored());
        prop_assert_eq!(state_digest(&audit.state), digest(&run));
    }

    #[test]
    fn undo_is_exact_also_within_undo(
        a in commands(0..60), b in commands(0..60), c in commands(0..60), d in commands(0..60),
    ) {
        let mut run = played(&a);
        let (outer, at_outer) = (run.mark(), digest(&run));
        run.play(&b);
        let (inner, at_inner) = (run.mark(), digest(&run));
        run.play(&c);
        // Looking forgets timers that were moved; going back must bring them back.
        due_next(&mut run.pair.driver.state);
        run.rollback(&inner);
        prop_assert_eq!(digest(&run), at_inner);
        prop_assert_eq!(due_next(&mut run.pair.driver.state), earliest(&run.pair.driver.state));
        run.play(&d);
        run.rollback(&outer);
        prop_assert_eq!(digest(&run), at_outer);
        prop_assert_eq!(due_next(&mut run.pair.driver.state), earliest(&run.pair.driver.state));
        // What comes after an undo is what would have come without it, timers and lookups included.
        run.play(&c);
        let straight = played(&[a, c].concat());
        prop_assert_eq!(digest(&run), digest(&straight));
        prop_assert_eq!(run.pair.driver.recorder.stored(), straight.pair.driver.recorder.stored());
    }

    #[test]
    fn what_is_due_next_is_found_in_the_wallet_it_is_due_in(script in commands(1..200)) {
        let mut state = played(&script).pair.driver.state;
        let earliest = earliest(&state);
        prop_assert_eq!(due_next(&mut state), earliest);
        if let Some(Millis(due)) = earliest {
            prop_assert_eq!(state.next_due(Millis(due - 1)), None);
        }
    }

    #[test]
    fn folding_the_journal_from_scratch_gives_the_same_state(script in commands(1..300)) {
        let run = played(&script);
        let folded = run.pair.driver.recorder.replay().expect("a journal decodes");
        prop_assert_eq!(state_digest(&folded), digest(&run));
    }

    #[test]
    fn a_state_restored_midway_folds_on_to_the_same_end(script in commands(1..300), cut: Index) {
        let run = played(&script);
        let stored = run.pair.driver.recorder.stored();
        let (before, after) = stored.split_at(cut.index(stored.len()));
        let mut midway = State::new();
        fold(&mut midway, before).expect("a journal decodes");
        let rest = Rest::decode(&midway.rest().encode()).expect("a snapshot decodes");
        let wallets = midway.wallets().map(|w| Wallet::decode(&w.encode()).expect("a wallet decodes"));
        let mut restored = State::restore(rest, wallets.collect::<Vec<_>>());
        prop_assert_eq!(state_digest(&restored), state_digest(&midway));
        fold(&mut restored, after).expect("a journal decodes");
        prop_assert_eq!(state_digest(&restored), digest(&run));
        for wallet in restored.wallets().filter(|wallet| !wallet.is_erased()) {
            let found = restored.wallet_of(&wallet.customer).map(|w| w.number);
            prop_assert_eq!(found, Some(wallet.number));
        }
    }

    #[test]
    fn what_leaves_memory_comes_back_where_it_is_needed(script in commands(1..300)) {
        let run = played(&script);
        run.pair.check_forgetful();
        let (mut folded, mut freezer) = (State::new(), Freezer::default());
        for stored in run.pair.driver.recorder.stored() {
            freezer.fold(&mut folded, stored).expect("a journal decodes");
        }
        freezer.thaw_all(&mut folded);
        prop_assert_eq!(state_digest(&folded), digest(&run));
    }

    #[test]
    fn the_same_calls_give_the_same_bytes(script in commands(1..150)) {
        let (one, other) = (played(&script), played(&script));
        prop_assert_eq!(one.pair.driver.recorder.stored(), other.pair.driver.recorder.stored());
    }

    #[test]
    fn a_full_frame_loses_and_repeats_nothing(
        script in commands(1..200), rooms in proptest::collection::vec(0usize..4, 200),
    ) {
        let mut run = Run::new();
        for (command, room) in script.iter().zip(rooms) {
            if !matches!(command, Command::Sweep(_)) {
                run.pair.driver.recorder.room = Some(room);
            }
            run.step(command);
            run.pair.driver.recorder.room = None;
        }
        prop_assert_eq!(digest(&run), digest(&played(&script)));
    }

    #[test]
    fn a_damaged_fact_is_an_error_or_another_fact_and_never_a_panic(
        script in commands(1..60), pick: Index, at: Index, byte: u8, cut: Index,
    ) {
        let run = played(&script);
        let stored = run.pair.driver.recorder.stored();
        let mut bytes = stored[pick.index(stored.len())].fact.clone();
        let short = &bytes[..cut.index(bytes.len())];
        prop_assert!(Fact::decode(short).is_err(), "a fact cut short is none");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(fact) = Fact::decode(&bytes) {
            prop_assert_eq!(Fact::decode(&fact.encode()), Ok(fact));
        }
        bytes.push(0);
        let _ = Fact::decode_key(&bytes);
    }

    #[test]
    fn decoding_is_total(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..7) {
        let mut led = vec![kind];
        led.extend(&bytes);
        for bytes in [&bytes, &led] {
            let _ = Fact::decode(bytes);
            let _ = Fact::decode_key(bytes);
            let _ = Payload::decode(bytes);
            let _ = Payload::decode_customer(bytes);
            let _ = Wallet::decode(bytes);
            let _ = Rest::decode(bytes);
        }
    }

    #[test]
    fn a_payload_comes_back(
        customer: Option<String>, nonce: Option<[u8; 16]>, key: Option<String>, reason: Option<String>,
    ) {
        let text = |t: Option<String>| t.map(Into::into);
        let payload =
            Payload { customer: text(customer), nonce, key: text(key), properties: None, reason: text(reason) };
        prop_assert_eq!(Payload::decode(&payload.encode()), Ok(payload.clone()));
        prop_assert_eq!(Payload::decode_customer(&payload.encode()), Ok(payload.customer));
    }
}

#[test]
fn every_kind_of_fact_comes_back_and_bears_its_key() {
    for fact in facts_no_script_makes() {
        let bytes = fact.encode();
        assert_eq!(Fact::decode(&bytes), Ok(fact.clone()));
        assert_eq!(Fact::decode_key(&bytes), Ok(fact.origin().and_then(|origin| origin.key)), "{fact:?}");
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(Fact::decode(&longer), Err(DecodeError::Trailing(1)), "{fact:?}");
    }
}

/// Facts that only engines, batches and key management make.
fn facts_no_script_makes() -> Vec<Fact> {
    use chargly_ledger::{
        AnnotateRequest, Asked, Balance, Budget, CardNo, CatalogueChange, CatalogueFact, CorrectionAction,
        CorrectionFilter, CorrectionRequest, CorrectionSums, Cost, CostRequest, CostSource, Credits,
        Dimension, EntryId, EventRef, EventTypeNo, Facets, Header, KeyHash, KeyLimits, KeyNo, Origin,
        PriceNo, Quantity, Rate, RateCardRequest, RateEntry, Refusal, Scope, Scopes, Settings, Unit, Usage,
        WalletEvent, WalletFact, WalletNo,
    };
    let origin = Origin { actor: KeyNo(3), key: Some(KeyHash([9; 16])) };
    let after =
        Balance { posted: Credits::from_micro(-5), held: Credits::ZERO, debt: Credits::from_micro(5) };
    let header = Header { origin, wallet: WalletNo(7), previous: Some(Position(1 << 40)), after };
    let refusal = Refusal::InsufficientCredits {
        required: Credits::MAX,
        available: Credits::from_micro(1 - Credits::MAX.micro()),
    };
    let cost = CostRequest { event: Position(7), cost: None };
    let computed = Cost { nano: 12, source: CostSource::RateCard { card: CardNo(3) } };
    let usage = Usage {
        provider: "acme".into(),
        model: "one".into(),
        is_batch: true,
        quantities: [(Unit::OutputTokens, Quantity::ONE)].into_iter().collect(),
    };
    let dimensions = vec![Dimension { name: "model".into(), value: "one".into() }];
    let of = EventRef { event_type: EventTypeNo(1), price: None, at: Millis(-1), dimensions };
    let rates = vec![Rate { unit: Unit::Images, is_batch: false, above_input_tokens: 200_000, pico: 1 }];
    let card = RateCardRequest {
        source: "by hand".into(),
        note: "".into(),
        effective_at: None,
        entries: vec![RateEntry { provider: "acme".into(), model: "one".into(), rates }],
    };
    let budget = Budget { per_day: Some(Credits::MAX), per_customer_per_day: None };
    let changed = |change| Fact::Catalogue(CatalogueFact { origin, change });
    vec![
        Fact::EpochStarted { epoch: u32::MAX, software: "1.2.3".into() },
        Fact::BatchAccepted { origin, wallet: WalletNo(u32::MAX), events: 1_000, first: Position(u64::MAX) },
        Fact::Wallet(WalletFact {
            header,
            event: WalletEvent::Refused { asked: Asked::Batch(1_000, 999), refusal, facets: None },
        }),
        Fact::Wallet(WalletFact {
            header,
            event: WalletEvent::Refused {
                asked: Asked::SetCost(cost, Some(usage.clone())),
                refusal: Refusal::GrantNotOpen,
                facets: Facets {
                    cost: Some(computed),
                    usage: Some(usage.clone()),
                    dimensions: of.dimensions.clone(),
                }
                .boxed(),
            },
        }),
        Fact::Wallet(WalletFact {
            header,
            event: WalletEvent::CostSet {
                request: cost,
                before: None,
                cost: Some(computed),
                usage: Some(usage),
                of: Some(Box::new(of)),
            },
        }),
        Fact::Wallet(WalletFact {
            header,
            event: WalletEvent::EventAnnotated {
                request: AnnotateRequest { event_type: EventTypeNo(u32::MAX), credits: Some(Credits::MAX) },
                event: EntryId { position: Position(u64::MAX), tag: u32::MAX },
                moved: None,
            },
        }),
        changed(CatalogueChange::SettingsChanged {
            settings: Settings { compat_creates_event_types: true, ..Settings::default() },
        }),
        changed(CatalogueChange::SettingsChanged { settings: Settings::default() }),
        changed(CatalogueChange::RateCardPublished {
            request: card,
            card: CardNo(1),
            effective_at: Millis(7),
        }),
        changed(CatalogueChange::KeyCreated {
            key: KeyNo(1),
            label: "ci".into(),
            secret_hash: [1; 32],
            hint: "cafe".into(),
            scopes: [Scope::Meter, Scope::Admin].into_iter().collect::<Scopes>(),
            replaces: Some(KeyNo(2)),
            limits: None,
        }),
        changed(CatalogueChange::KeyCreated {
            key: KeyNo(2),
            label: "agent".into(),
            secret_hash: [1; 32],
            hint: "cafe".into(),
            scopes: [Scope::Meter].into_iter().collect::<Scopes>(),
            replaces: None,
            limits: KeyLimits { budget: Some(budget), may_set_credits: false }.boxed(),
        }),
        changed(CatalogueChange::KeyBudgetSet { key: KeyNo(1), budget: Some(budget) }),
        changed(CatalogueChange::KeyBudgetSet { key: KeyNo(1), budget: None }),
        Fact::Wallet(WalletFact {
            header,
            event: WalletEvent::Refused {
                asked: Asked::Batch(2, 1),
                refusal: Refusal::TooManyCustomers { limit: 10_000, renews_at: Millis(86_400_000) },
                facets: None,
            },
        }),
        changed(CatalogueChange::CorrectionOpened {
            request: Box::new(CorrectionRequest {
                filter: CorrectionFilter {
                    price: Some(PriceNo(3)),
                    dimension: Some(Dimension { name: "model".into(), value: "gpt-4o".into() }),
                    events: vec![Position(1), Position(u64::MAX)],
                    ..CorrectionFilter::default()
                },
                action: CorrectionAction::Undo { correction: Position(9) },
                note: "a wrong price".into(),
                up_to: Position(10),
                digest: [7; 16],
                events: 2,
            }),
        }),
        changed(CatalogueChange::CorrectionClosed {
            correction: Position(9),
            sums: Box::new(CorrectionSums {
                events: 2,
                returned_micro: i128::MAX,
                charged_micro: -1,
                left_alone: 3,
            }),
        }),
        changed(CatalogueChange::KeyRevoked { key: KeyNo(1), dead_at: Millis(i64::MIN) }),
    ]
}

#[test]
fn a_digest_tells_two_states_apart() {
    let mut run = Run::new();
    let before = digest(&run);
    run.step(&Command::Wait(1));
    assert_eq!(digest(&run), before, "time alone changes nothing");
    assert_ne!(digest(&run), state_digest(&State::new()), "the catalogue is part of the state");
    assert_ne!(*run.pair.driver.state.catalogue().as_ref(), Catalogue::default());
}
