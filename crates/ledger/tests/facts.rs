//! Facts themselves: what cannot be found, batches, API keys, and an auditor that notices what was tampered with.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use chargly_ledger::{
    Action, Asked, Call, CatalogueChange, Credits, Fact, KeyHash, KeyNo, Millis, Origin, Position, Rejection,
    Scopes, Stop, WalletEvent, WalletNo, accept_batch, entries, execute, refuse_batch,
};
use chargly_testkit::ledger::{Audit, Driver, Stored};
use chargly_testkit::model::{Answer, Kind, Rejected, Request};
use chargly_testkit::pair::Pair;

fn grant(customer: &str, credits: i128) -> Request {
    Request::Grant {
        customer: customer.to_owned(),
        credits,
        kind: Kind::Paid,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: None,
        scope: BTreeSet::new(),
    }
}

fn meter(customer: &str) -> Request {
    Request::Meter {
        customer: customer.to_owned(),
        event_type: "chat".to_owned(),
        quantity: None,
        credits: None,
        cost: None,
        record: false,
        uncharged: false,
        properties: BTreeMap::new(),
    }
}

fn define() -> Request {
    Request::DefineEventType {
        name: "chat".to_owned(),
        caller_set: false,
        archived: false,
        first_price: Some(8),
    }
}

#[test]
fn holds_and_wallets_that_do_not_exist_are_not_found() {
    let mut pair = Pair::new();
    let hold = 99;
    for request in [
        Request::VoidHold { hold },
        Request::ExtendHold { hold, ttl_s: 1 },
        Request::IncreaseHold { hold, quantity: None, credits: Some(1) },
        Request::CaptureHold {
            hold,
            quantity: None,
            credits: None,
            cost: None,
            record: true,
            is_final: true,
            properties: BTreeMap::new(),
        },
        Request::VoidGrant { customer: "nobody".to_owned(), lot: 1 },
    ] {
        assert_eq!(pair.ask(None, &request), Answer::Rejected(Rejected::NotFound), "{request:?}");
    }
    assert_eq!(pair.driver.len(), 1, "no trace is left");
}

#[test]
fn a_hold_is_found_only_under_its_sealed_id() {
    let mut pair = Pair::new();
    pair.ask(None, &define());
    pair.ask(None, &grant("ada", 8));
    let request = Request::PlaceHold {
        customer: "ada".to_owned(),
        event_type: "chat".to_owned(),
        quantity: None,
        credits: None,
        ttl_s: None,
    };
    let Answer::Done(place) = pair.ask(None, &request) else { panic!("a hold") };
    let mut id = pair.driver.recorder.id(Position(place)).expect("the hold's id");
    assert!(pair.driver.state.hold_ref(id).is_some());
    id.tag ^= 1;
    assert!(pair.driver.state.hold_ref(id).is_none());
}

/// A driver with a price and a wallet of two events' worth.
fn driver() -> Driver {
    let mut driver = Driver::new("usd");
    driver.ask(None, &define(), 0);
    driver.ask(None, &grant("ada", 16), 0);
    driver
}

#[test]
fn an_accepted_batch_moves_nothing_itself() {
    let mut driver = driver();
    let Answer::Done(first) = driver.ask(None, &meter("ada"), 0) else { panic!("an event") };
    driver.ask(None, &meter("ada"), 0);
    let before = driver.state.wallet(WalletNo(0)).cloned();
    let origin = Origin { actor: KeyNo(1), key: Some(KeyHash([5; 16])) };
    let (_, fact) =
        accept_batch(&mut driver.state, origin, WalletNo(0), (Position(first), 2), &mut driver.recorder)
            .expect("room");
    assert_eq!(driver.state.wallet(WalletNo(0)).cloned(), before);
    assert!(entries(&fact).is_empty());
    assert_eq!(Fact::decode_key(&fact.encode()), Ok(origin.key));
}

#[test]
fn a_refused_batch_is_one_verdict_that_says_which_event() {
    let mut driver = driver();
    let customer = "ada".into();
    let request = chargly_ledger::MeterRequest {
        event_type: chargly_ledger::EventTypeNo(0),
        quantity: chargly_ledger::Quantity::ONE,
        credits: None,
        cost: None,
        occurred_at: None,
        if_insufficient: chargly_ledger::IfInsufficient::Refuse,
    };
    let action =
        Action::Meter { customer, request, inputs: chargly_ledger::PriceInputs::new(), facets: None };
    let call = Call { actor: KeyNo(1), key: Some(KeyHash([5; 16])), action };
    let refusal = chargly_ledger::Refusal::InsufficientCredits {
        required: Credits::from_micro(8),
        available: Credits::ZERO,
    };
    let (state, recorder) = (&mut driver.state, &mut driver.recorder);
    let (_, fact) =
        refuse_batch(state, &call, (3, 2), refusal.clone(), Millis(0), recorder).expect("a verdict");
    let Fact::Wallet(verdict) = &fact else { panic!("a verdict of the wallet") };
    assert_eq!(verdict.event, WalletEvent::Refused { asked: Asked::Batch(3, 2), refusal, facets: None });
    assert_eq!(verdict.header.origin.key, call.key);
    assert!(entries(&fact).is_empty());
}

fn change(driver: &mut Driver, change: CatalogueChange) -> Result<(), Stop> {
    let call = Call { actor: KeyNo::SYSTEM, key: None, action: Action::Change(change) };
    driver.recorder.now = Millis(7);
    execute(&mut driver.state, &call, Millis(7), &mut driver.recorder).map(|_| ())
}

fn key_created() -> CatalogueChange {
    CatalogueChange::KeyCreated {
        key: KeyNo(77),
        label: "ci".into(),
        secret_hash: [4; 32],
        hint: "cafe".into(),
        scopes: Scopes::all(),
        replaces: None,
        limits: None,
    }
}

#[test]
fn api_keys_are_numbered_by_the_ledger_and_die_once() {
    let mut driver = driver();
    change(&mut driver, key_created()).expect("a key");
    let made = driver.state.catalogue().key_by_secret(&[4; 32]).cloned().expect("a key");
    assert_eq!((made.number, made.created_at, made.dead_at), (KeyNo(1), Millis(7), Millis::NEVER));
    for dead_at in [Millis(9), Millis(20)] {
        change(&mut driver, CatalogueChange::KeyRevoked { key: KeyNo(1), dead_at }).expect("revoked");
        assert_eq!(driver.state.catalogue().key(KeyNo(1)).map(|k| k.dead_at), Some(Millis(9)));
    }
}

#[test]
fn only_keys_that_exist_can_be_revoked_and_only_requests_define_and_price() {
    let mut driver = driver();
    let not_found = |kind| Err(Stop::Rejected(Rejection::NotFound { kind }));
    for key in [KeyNo(0), KeyNo(1)] {
        let revoked = CatalogueChange::KeyRevoked { key, dead_at: Millis(9) };
        assert_eq!(change(&mut driver, revoked), not_found("key"));
    }
    let refused = CatalogueChange::PriceRefused {
        request: chargly_ledger::PriceRequest {
            event_type: chargly_ledger::EventTypeNo(0),
            rule: chargly_ledger::Rule::Flat { credits: chargly_ledger::Credits::ZERO },
            grid: chargly_ledger::Grid::MicroCredit,
            rounding: chargly_ledger::Rounding::HalfUp,
            effective_at: None,
            note: "".into(),
            replaces: None,
            because: None,
        },
        refusal: chargly_ledger::Refusal::GrantNotOpen,
    };
    assert_eq!(change(&mut driver, refused), not_found("change"));
}

/// A journal with a grant, a hold, a capture and an event.
fn journal() -> Vec<Stored> {
    let mut driver = driver();
    let hold = Request::PlaceHold {
        customer: "ada".to_owned(),
        event_type: "chat".to_owned(),
        quantity: None,
        credits: None,
        ttl_s: None,
    };
    let Answer::Done(hold) = driver.ask(None, &hold, 0) else { panic!("a hold") };
    let capture = Request::CaptureHold {
        hold,
        quantity: None,
        credits: Some(5),
        cost: None,
        record: false,
        is_final: true,
        properties: BTreeMap::new(),
    };
    driver.ask(None, &capture, 0);
    driver.ask(None, &meter("ada"), 0);
    driver.recorder.stored().to_vec()
}

#[test]
fn auditor_finds_every_number_of_a_fact_that_was_tampered_with() {
    let one = Credits::from_micro(1);
    let tamper: [fn(&mut chargly_ledger::WalletFact, Credits); 5] = [
        |fact, one| fact.header.after.posted += one,
        |fact, one| fact.header.after.held += one,
        |fact, one| fact.header.after.debt += one,
        |fact, one| match &mut fact.event {
            WalletEvent::Metered { charge, .. } | WalletEvent::HoldCaptured { charge, .. } => {
                charge.draws[0].credits += one;
            }
            WalletEvent::HoldPlaced { reserves, .. } => reserves[0].credits += one,
            WalletEvent::Granted { request, .. } => request.credits += one,
            other => panic!("not in this journal: {other:?}"),
        },
        |fact, _| fact.header.previous = None,
    ];
    let sound = journal();
    Audit::new().check(&sound);
    for index in 0..sound.len() {
        let Ok(Fact::Wallet(fact)) = Fact::decode(&sound[index].fact) else { continue };
        if matches!(fact.event, WalletEvent::Opened { .. }) {
            continue;
        }
        for (which, tamper) in tamper.iter().enumerate() {
            let mut fact = fact.clone();
            tamper(&mut fact, one);
            let mut journal = sound.clone();
            journal[index].fact = Fact::Wallet(fact.clone()).encode();
            let found = catch_unwind(AssertUnwindSafe(|| Audit::new().check(&journal))).is_err();
            assert!(found, "tampering {which} with {fact:?} went unnoticed");
        }
    }
}

#[test]
#[should_panic(expected = "said (left) and expected (right)")]
fn a_story_that_is_wrong_fails() {
    chargly_testkit::story::check("grant ada 700 -> lot 2");
}
