//! Budgets and keys: who shares one, how many customers are counted, and that a fold counts as the writer did.

use chargly_ledger::{
    Action, BUDGET_CUSTOMERS_PER_DAY_MAX, Budget, Call, CatalogueChange, Credits, EventTypeNo,
    EventTypeRequest, Fact, GrantKind, GrantRequest, IfInsufficient, KeyLimits, KeyNo, MeterRequest, Millis,
    PriceInputs, Quantity, Refusal, Rejection, Scopes, Spending, State, Stop, WalletEvent, execute,
    state_digest,
};
use chargly_testkit::ledger::VecRecorder;

const NOW: Millis = Millis(1_795_428_000_000);
const AGENT: KeyNo = KeyNo(2);
const DAY_MS: i64 = 86_400_000;

/// A ledger with an admin's key and an agent's, and `chat` for 8 credits.
struct World {
    state: State,
    recorder: VecRecorder,
}

fn credits(whole: i64) -> Credits {
    Credits::from_micro(whole * 1_000_000)
}

fn per_day(whole: i64) -> Budget {
    Budget { per_day: Some(credits(whole)), per_customer_per_day: None }
}

fn key(replaces: Option<KeyNo>, limits: KeyLimits) -> Action {
    Action::Change(CatalogueChange::KeyCreated {
        key: KeyNo::SYSTEM,
        label: "a key".into(),
        secret_hash: [u8::from(replaces.is_some()); 32],
        hint: "cafe".into(),
        scopes: Scopes::all(),
        replaces,
        limits: limits.boxed(),
    })
}

impl World {
    fn new(budget: Option<Budget>) -> Self {
        let mut world = Self { state: State::new(), recorder: VecRecorder::default() };
        world.ask(KeyNo::SYSTEM, key(None, KeyLimits::default())).expect("a key");
        world.ask(KeyNo(1), key(None, KeyLimits { budget, may_set_credits: false })).expect("a key");
        let chat = EventTypeRequest {
            name: "chat".into(),
            label: "".into(),
            description: "".into(),
            caller_set_credits: false,
            dimensions: Vec::new(),
            archived: false,
            estimated_cost_nano: None,
            first_price: Some(credits(8)),
        };
        world.ask(KeyNo(1), Action::DefineEventType(chat)).expect("a type");
        let request = GrantRequest {
            credits: credits(1_000),
            kind: GrantKind::Promotional,
            price: None,
            priority: 0,
            effective_at: None,
            expires_at: None,
            scope: Vec::new(),
        };
        world.ask(KeyNo(1), Action::Grant { customer: "ada".into(), request }).expect("a grant");
        world
    }

    fn ask(&mut self, actor: KeyNo, action: Action) -> Result<Fact, Stop> {
        self.ask_at(actor, action, NOW)
    }

    fn ask_at(&mut self, actor: KeyNo, action: Action, now: Millis) -> Result<Fact, Stop> {
        self.recorder.now = now;
        let call = Call { actor, key: None, action };
        execute(&mut self.state, &call, now, &mut self.recorder).map(|(_, fact)| fact)
    }

    fn meter(&mut self, actor: KeyNo, customer: &str) -> Option<Refusal> {
        let request = MeterRequest {
            event_type: EventTypeNo(0),
            quantity: Quantity::ONE,
            credits: None,
            cost: None,
            occurred_at: None,
            if_insufficient: IfInsufficient::Record,
        };
        let action =
            Action::Meter { customer: customer.into(), request, inputs: PriceInputs::new(), facets: None };
        match self.ask(actor, action) {
            Ok(Fact::Wallet(fact)) => match fact.event {
                WalletEvent::Refused { refusal, .. } => Some(refusal),
                _ => None,
            },
            other => panic!("not an event: {other:?}"),
        }
    }

    fn spent(&self, key: KeyNo) -> Credits {
        let key = self.state.catalogue().key(key).expect("a key");
        self.state.spending().of(key, NOW).0
    }
}

#[test]
fn another_key_is_not_kept_to_it_and_counts_nothing() {
    let mut world = World::new(Some(per_day(10)));
    assert_eq!(world.meter(AGENT, "ada"), None);
    assert_eq!(world.meter(KeyNo(1), "ada"), None);
    assert_eq!((world.spent(AGENT), world.spent(KeyNo(1))), (credits(8), Credits::ZERO));
    assert!(matches!(world.meter(AGENT, "ada"), Some(Refusal::BudgetExceeded { .. })));
    assert_eq!(world.meter(KeyNo(1), "ada"), None);
}

#[test]
fn a_key_made_in_anothers_place_has_its_limits_and_spends_out_of_the_same_purse() {
    let mut world = World::new(Some(per_day(20)));
    assert_eq!(world.meter(AGENT, "ada"), None);
    // Whatever the caller thought that its limits are.
    world.ask(KeyNo(1), key(Some(AGENT), KeyLimits::default())).expect("a key");
    let new = world.state.catalogue().key(KeyNo(3)).expect("a key").clone();
    assert_eq!(new.limits(), KeyLimits { budget: Some(per_day(20)), may_set_credits: false });
    assert_eq!(world.meter(KeyNo(3), "ada"), None);
    let (limit, spent, required) = (credits(20), credits(16), credits(8));
    for one in [AGENT, KeyNo(3)] {
        let refusal = world.meter(one, "ada");
        let expected = Refusal::BudgetExceeded {
            budget: chargly_ledger::BudgetOf::Key,
            limit,
            spent,
            required,
            renews_at: Millis((NOW.0 / DAY_MS + 1) * DAY_MS),
        };
        assert_eq!(refusal, Some(expected));
    }
    // A budget is of all of them.
    let change = CatalogueChange::KeyBudgetSet { key: KeyNo(3), budget: Some(per_day(24)) };
    world.ask(KeyNo(1), Action::Change(change)).expect("a budget");
    assert_eq!(world.meter(AGENT, "ada"), None);
    assert!(world.meter(KeyNo(3), "ada").is_some());
    let taken = CatalogueChange::KeyBudgetSet { key: AGENT, budget: None };
    world.ask(KeyNo(1), Action::Change(taken)).expect("no budget");
    assert_eq!(world.meter(KeyNo(3), "ada"), None);
}

#[test]
fn as_many_customers_are_counted_as_the_limit_says_and_no_more() {
    let mut world = World::new(Some(Budget { per_day: None, per_customer_per_day: Some(credits(10)) }));
    for number in 0..BUDGET_CUSTOMERS_PER_DAY_MAX {
        assert_eq!(world.meter(AGENT, &number.to_string()), None);
    }
    world.state.commit();
    let limit = u32::try_from(BUDGET_CUSTOMERS_PER_DAY_MAX).expect("a limit");
    let renews_at = Millis((NOW.0 / DAY_MS + 1) * DAY_MS);
    assert_eq!(world.meter(AGENT, "one too many"), Some(Refusal::TooManyCustomers { limit, renews_at }));
    let known = world.meter(AGENT, "0");
    assert!(matches!(known, Some(Refusal::BudgetExceeded { .. })), "one that is counted is known: {known:?}");
    let bytes = world.state.spending().encode();
    assert_eq!(Spending::decode(&bytes).as_ref(), Ok(world.state.spending()));
    assert!(bytes.len() < 10 * BUDGET_CUSTOMERS_PER_DAY_MAX, "{} bytes", bytes.len());
    assert_eq!(state_digest(&world.recorder.replay().expect("a journal")), state_digest(&world.state));
    // The first call that counts on another day forgets them all.
    let request = chargly_ledger::HoldRequest {
        event_type: EventTypeNo(0),
        quantity: None,
        credits: None,
        expires_in_s: None,
    };
    let action = Action::PlaceHold { customer: "ada".into(), request };
    world.ask_at(AGENT, action, renews_at).expect("a hold");
    assert!(world.state.spending().encode().len() < 30);
}

#[test]
fn where_nothing_is_limited_in_all_as_much_is_counted_as_there_are_amounts() {
    let mut world = World::new(Some(Budget { per_day: None, per_customer_per_day: Some(Credits::MAX) }));
    let hold = |customer: &str, credits| Action::PlaceHold {
        customer: customer.into(),
        request: chargly_ledger::HoldRequest {
            event_type: EventTypeNo(0),
            quantity: None,
            credits: Some(credits),
            expires_in_s: None,
        },
    };
    // A wallet that never refuses can be asked for any amount.
    for customer in ["bob", "cleo"] {
        let policy =
            Action::SetPolicy { customer: customer.into(), policy: chargly_ledger::Policy::RecordOnly };
        world.ask(KeyNo(1), policy).expect("a policy");
    }
    let mut placed = |customer, credits| match world.ask(AGENT, hold(customer, credits)) {
        Ok(Fact::Wallet(fact)) => match fact.event {
            WalletEvent::Refused { refusal, .. } => Some(refusal),
            _ => None,
        },
        other => panic!("no hold: {other:?}"),
    };
    assert_eq!(placed("bob", Credits::MAX), None);
    let refusal = placed("cleo", Credits::from_micro(1));
    assert!(
        matches!(refusal, Some(Refusal::BudgetExceeded { limit: Credits::MAX, spent: Credits::MAX, .. })),
        "{refusal:?}"
    );
    assert_eq!(placed("cleo", Credits::ZERO), None);
}

#[test]
fn what_is_undone_was_not_spent_across_the_turn_of_a_day_as_well() {
    let mut world =
        World::new(Some(Budget { per_day: Some(credits(100)), per_customer_per_day: Some(credits(50)) }));
    assert_eq!(world.meter(AGENT, "ada"), None);
    let (mark, before) = (world.state.mark(), world.state.spending().clone());
    assert_eq!(world.meter(AGENT, "ada"), None);
    assert_eq!(world.meter(AGENT, "bob"), None);
    let request = chargly_ledger::HoldRequest {
        event_type: EventTypeNo(0),
        quantity: None,
        credits: None,
        expires_in_s: None,
    };
    let action = Action::PlaceHold { customer: "ada".into(), request };
    world.ask_at(AGENT, action, NOW.plus(DAY_MS)).expect("a hold");
    assert_ne!(*world.state.spending(), before);
    world.state.rollback(mark);
    assert_eq!(*world.state.spending(), before);
}

#[test]
fn a_budget_limits_something_and_is_of_a_key_that_is_there() {
    let mut world = World::new(None);
    let set = |key, budget| Action::Change(CatalogueChange::KeyBudgetSet { key, budget: Some(budget) });
    let field = |got: Result<Fact, Stop>| match got {
        Err(Stop::Rejected(Rejection::Invalid { field, .. })) => field.to_string(),
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(field(world.ask(KeyNo(1), set(AGENT, Budget::default()))), "budget");
    assert_eq!(field(world.ask(KeyNo(1), set(AGENT, per_day(-1)))), "budget.credits_per_day");
    let each = Budget { per_customer_per_day: Some(credits(8_000_000_001)), per_day: None };
    assert_eq!(field(world.ask(KeyNo(1), set(AGENT, each))), "budget.credits_per_customer_per_day");
    let made = key(None, KeyLimits { budget: Some(Budget::default()), may_set_credits: true });
    assert_eq!(field(world.ask(KeyNo(1), made)), "budget");
    let nobody = world.ask(KeyNo(1), set(KeyNo(9), per_day(1)));
    assert_eq!(nobody, Err(Stop::Rejected(Rejection::NotFound { kind: "key" })));
}

/// The fact of a key as it was written before keys had limits, byte by byte: kind, origin (no key, by key 1), change.
#[test]
fn a_key_of_a_journal_from_before_budgets_is_read_and_written_as_it_was() {
    let mut old = vec![3, 0, 1, 4, 7, 2];
    old.extend(b"ci");
    old.extend([9; 32]);
    old.push(4);
    old.extend(b"cafe");
    old.extend([0b11_1111, 0]);
    let fact = Fact::decode(&old).expect("a fact of an older build");
    assert_eq!(fact.encode(), old);
    let Fact::Catalogue(created) = fact else { panic!("not of the catalogue: {fact:?}") };
    let CatalogueChange::KeyCreated { key, limits, .. } = created.change else { panic!("no key") };
    assert_eq!((key, limits), (KeyNo(7), None));
}
