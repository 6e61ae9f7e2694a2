//! A shop that is the ledger alone, in memory: for tests and whoever wants the facts of a market without a data
//! directory.

use chargly_ledger::{
    Action, Call, Credits, EventTypeNo, Fact, KeyNo, Millis, PayloadOf, Position, PriceInputs, Recorded,
    Recorder, RecorderFull, State, Stop, WalletEvent, WalletFact, execute, sweep,
};
use thiserror::Error;

use crate::plan::MarketPlan;
use crate::requests;
use crate::shop::{Answer, MarketEvent, MarketGrant, Shop, customer_id};

/// The salt of an environment that keeps no secrets.
const SALT: [u8; 32] = [7; 32];

/// Why the ledger could not go on: the plan asks for what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{doing} came to something else: {why}")]
pub struct Unexpected {
    doing: &'static str,
    why: String,
}

/// A ledger with nothing around it. `sink` is handed each fact with its position, its time and its binary form.
pub struct LedgerShop<F> {
    state: State,
    numbers: Vec<EventTypeNo>,
    log: Log<F>,
}

struct Log<F> {
    now: Millis,
    next: u64,
    sink: F,
}

impl<F: FnMut(Position, Millis, &Fact, &[u8])> Recorder for Log<F> {
    fn record(&mut self, fact: &Fact, _payload: PayloadOf<'_>) -> Result<Recorded, RecorderFull> {
        let (position, bytes) = (Position(self.next), fact.encode());
        self.next += 1;
        (self.sink)(position, self.now, fact, &bytes);
        Ok(Recorded::new(position, self.now, fact, &bytes))
    }
}

impl<F: FnMut(Position, Millis, &Fact, &[u8])> LedgerShop<F> {
    /// An empty ledger.
    pub fn new(sink: F) -> Self {
        let log = Log { now: Millis(0), next: 0, sink };
        Self { state: State::new(), numbers: Vec::new(), log }
    }

    /// The ledger as it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How many facts there are.
    pub fn facts(&self) -> u64 {
        self.log.next
    }

    fn act(&mut self, doing: &'static str, action: Action) -> Result<Fact, Unexpected> {
        let call = Call { actor: KeyNo::SYSTEM, key: None, action };
        match execute(&mut self.state, &call, self.log.now, &mut self.log) {
            Ok((_, fact)) => Ok(fact),
            Err(Stop::Rejected(why)) => Err(Unexpected { doing, why: why.to_string() }),
            Err(Stop::Full(why)) => Err(Unexpected { doing, why: why.to_string() }),
        }
    }
}

impl<F: FnMut(Position, Millis, &Fact, &[u8])> Shop for LedgerShop<F> {
    type Error = Unexpected;

    fn open(&mut self, plan: &MarketPlan) -> Result<(), Unexpected> {
        let begun =
            Fact::EnvironmentCreated { name: "test".into(), salt: SALT, currency: requests::CURRENCY };
        if let Ok(recorded) = self.log.record(&begun, PayloadOf::Nothing) {
            self.state.apply(recorded, &begun, None);
        }
        self.act("the settings", Action::ChangeSettings(requests::settings(plan)))?;
        for (index, event) in plan.events.iter().enumerate() {
            self.act("a type", Action::DefineEventType(requests::event_type(plan, index)))?;
            let found = self.state.catalogue().event_type(&event.name).map(|found| found.number);
            let number = found.ok_or(Unexpected { doing: "a type", why: "it is not there".to_owned() })?;
            self.numbers.push(number);
            self.publish_price(plan, index, event.credits)?;
            self.publish_rates(plan, index, 1.0)?;
        }
        for pack in requests::packs(plan) {
            self.act("a pack", Action::PublishPack(Box::new(pack)))?;
        }
        Ok(())
    }

    fn it_is(&mut self, at: Millis) -> Result<(), Unexpected> {
        self.log.now = self.log.now.max(at);
        // What is due of idle wallets: lots that expire.
        while let Some(wallet) = self.state.next_due(self.log.now) {
            let swept = sweep(&mut self.state, wallet, self.log.now, &mut self.log);
            if let Err(why) = swept {
                return Err(Unexpected { doing: "what is due", why: why.to_string() });
            }
        }
        self.state.commit();
        Ok(())
    }

    fn publish_price(&mut self, plan: &MarketPlan, event: usize, credits: Credits) -> Result<(), Unexpected> {
        let request = requests::price(plan, event, self.numbers[event], credits);
        self.act("a price", Action::PublishPrice(request)).map(drop)
    }

    fn publish_rates(&mut self, plan: &MarketPlan, event: usize, factor: f64) -> Result<(), Unexpected> {
        match requests::rate_card(&plan.events[event], factor) {
            Some(card) => self.act("a rate card", Action::PublishRateCard(card)).map(drop),
            None => Ok(()),
        }
    }

    fn grant(&mut self, grants: &[MarketGrant]) -> Result<(), Unexpected> {
        for grant in grants {
            let (customer, request) = (customer_id(grant.customer), requests::grant(grant));
            let fact = self.act("a grant", Action::Grant { customer, request })?;
            let is_granted =
                matches!(&fact, Fact::Wallet(WalletFact { event: WalletEvent::Granted { .. }, .. }));
            if !is_granted {
                return Err(Unexpected { doing: "a grant", why: format!("{fact:?}") });
            }
        }
        Ok(())
    }

    fn meter(
        &mut self,
        plan: &MarketPlan,
        events: &[MarketEvent],
        answers: &mut Vec<Answer>,
    ) -> Result<(), Unexpected> {
        for event in events {
            let action = Action::Meter {
                customer: customer_id(event.customer),
                request: requests::meter(event, self.numbers[usize::from(event.event)]),
                inputs: PriceInputs::new(),
                facets: requests::facets(plan, event),
            };
            let fact = self.act("an event", action)?;
            answers.push(
                answer(&fact).ok_or_else(|| Unexpected { doing: "an event", why: format!("{fact:?}") })?,
            );
        }
        Ok(())
    }
}

/// What a fact answers to an event; `None` where it is about something else, or refuses it for another reason than too
/// few credits.
pub fn answer(fact: &Fact) -> Option<Answer> {
    let Fact::Wallet(WalletFact { header, event }) = fact else { return None };
    match event {
        WalletEvent::Metered { charge, .. } => {
            Some(Answer::Accepted { available: header.after.available(), charged: charge.charged() })
        }
        WalletEvent::Refused { refusal: chargly_ledger::Refusal::InsufficientCredits { .. }, .. } => {
            Some(Answer::Refused)
        }
        _ => None,
    }
}
