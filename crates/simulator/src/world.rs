//! What would have happened: every request of the span, taken up again in a state of its own.

mod ask;
mod events;
mod orders;
mod reserved;
mod retried;
mod take;

use std::sync::Arc;

use chargly_ledger::{Action, Fact, Millis, Position, Recorded, State, WalletEvent, WalletFact};
use hashbrown::HashMap;

use self::events::Again;
pub(crate) use self::take::Taker;
use crate::elastic::Elasticity;
use crate::history;
use crate::holds::Holds;
use crate::proposal::Proposal;
use crate::references::References;
use crate::replenish::Packs;
use crate::tally::Tally;

/// A fact of the span, as the journal has it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Where and when it was recorded.
    pub recorded: Recorded,
    /// What happened.
    pub fact: &'a Fact,
    /// Its payload; `None` where there is none, or it was erased.
    pub payload: Option<&'a [u8]>,
}

/// What customers do when a price changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Nothing: they use what they used and buy what they bought. Who runs out is refused.
    Static,
    /// They use what they used, and buy the pack they bought last again whenever they run out.
    Replenishing,
    /// They buy what they bought, and use more or less as an elasticity says. What goes through holds may become
    /// less, and never becomes more.
    Elastic {
        /// How usage answers.
        elasticity: Elasticity,
        /// Which events happen.
        seed: u64,
    },
}

/// One simulated run over the span.
pub struct World {
    state: State,
    proposal: Arc<Proposal>,
    references: Arc<References>,
    first: Position,
    mode: Mode,
    tally: Tally,
    holds: Holds,
    /// Events of the span that later facts refer to, as they were charged here.
    charged: HashMap<Position, Again>,
    packs: Packs,
    /// Whether every fact is expected to come out as it was recorded.
    is_checked: bool,
    differences: u64,
}

impl World {
    /// From the state at `first`, where the span begins.
    pub fn new(
        state: State,
        first: Position,
        proposal: Arc<Proposal>,
        references: Arc<References>,
        mode: Mode,
    ) -> Self {
        let packs = match mode {
            Mode::Replenishing => Packs::of(&state),
            Mode::Static | Mode::Elastic { .. } => Packs::default(),
        };
        let is_checked = proposal.is_empty();
        Self {
            state,
            proposal,
            references,
            first,
            mode,
            tally: Tally::default(),
            holds: Holds::default(),
            charged: HashMap::new(),
            packs,
            is_checked,
            differences: 0,
        }
    }

    /// Takes up the next fact of the span.
    pub fn step(&mut self, entry: &Entry<'_>) {
        match entry.fact {
            Fact::Wallet(WalletFact { event: WalletEvent::Opened { .. }, .. }) => {
                let customer = history::customer_of(entry);
                self.state.apply(entry.recorded, entry.fact, customer.as_deref());
            }
            Fact::Wallet(fact) => self.wallet(entry, fact),
            Fact::Catalogue(_)
            | Fact::EnvironmentCreated { .. }
            | Fact::EpochStarted { .. }
            | Fact::BatchAccepted { .. } => self.state.apply(entry.recorded, entry.fact, None),
        }
    }

    /// Forgets how to undo what was taken up; now and then, so that memory stays small.
    pub fn commit(&mut self) {
        self.state.commit();
    }

    /// Lets happen what is due at the end of the span, in wallets that nothing touched since.
    pub fn finish(&mut self, at: Recorded, to: Millis) {
        history::finish(&mut self.state, &mut self.tally, at, to);
    }

    /// The state so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The sums so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The sums, without the state.
    pub fn into_tally(self) -> Tally {
        self.tally
    }

    /// Facts that came out otherwise than they were recorded, although nothing is proposed. Anything but 0 is a defect.
    pub fn differences(&self) -> u64 {
        self.differences
    }

    fn wallet(&mut self, entry: &Entry<'_>, fact: &WalletFact) {
        let records = self.differences;
        let taken = self.dispatch(entry, fact);
        // What was left out came out otherwise as well.
        if self.is_checked && !taken && records == self.differences {
            self.differences += 1;
        }
    }

    /// Takes up what a fact says was asked, or happened by time. Says whether anything was recorded.
    fn dispatch(&mut self, entry: &Entry<'_>, fact: &WalletFact) -> bool {
        match &fact.event {
            WalletEvent::Metered { request, charge, .. } => self.metered(entry, fact, request, charge),
            WalletEvent::HoldPlaced { request, price, credits, .. } => {
                self.placed(entry, fact, request, (*price, *credits))
            }
            WalletEvent::HoldIncreased { request, credits, .. } => {
                self.increased(entry, fact, request, Some(*credits))
            }
            WalletEvent::HoldExtended { request, .. } => self.extended(entry, fact, request),
            WalletEvent::HoldCaptured { request, of, charge, ended, .. } => {
                self.captured(entry, fact, request, (of.event_type, charge, *ended))
            }
            WalletEvent::HoldVoided { request, .. } => self.voided(entry, fact, request),
            WalletEvent::Granted { request, .. } => self.granted(entry, fact, request),
            WalletEvent::GrantVoided { request, .. } => self.grant_voided(entry, fact, request),
            WalletEvent::Reversed { request, .. } => self.reversed(entry, fact, request),
            WalletEvent::Recharged { request, .. } => self.recharged(entry, fact, request),
            WalletEvent::Collected { request, .. } => self.collected(entry, fact, request),
            WalletEvent::CostSet { request, usage, .. } => {
                self.cost_set(entry, fact, request, usage.as_ref())
            }
            WalletEvent::EventAnnotated { request, event, moved } => {
                self.annotated(entry, fact, (request, *event), moved.as_deref())
            }
            WalletEvent::LotActivated { .. }
            | WalletEvent::LotExpired { .. }
            | WalletEvent::AllowanceRenewed { .. }
            | WalletEvent::HoldExpired { .. } => self.by_time(entry, fact.header.wallet),
            WalletEvent::OrderPlaced { request, .. } => self.order_placed(entry, fact, request),
            WalletEvent::CheckoutOpened { request } => {
                self.take_done(entry, fact, Action::OpenCheckout(request.clone()))
            }
            WalletEvent::OrderSettled { request, fulfilment, .. } => {
                self.order_settled(entry, fact, request, fulfilment.as_deref())
            }
            WalletEvent::RefundStarted { request, .. } => {
                self.take_done(entry, fact, Action::RefundOrder(*request))
            }
            WalletEvent::AllowanceSet { request } => self.allowance_set(entry, fact, request),
            WalletEvent::AllowanceEnded { allowance } => self.allowance_ended(entry, fact, *allowance),
            WalletEvent::PolicySet { policy } => self.policy_set(entry, fact, *policy),
            WalletEvent::Frozen => self.frozen(entry, fact),
            WalletEvent::Thawed => self.thawed(entry, fact),
            WalletEvent::CustomerErased => self.erased(entry, fact),
            WalletEvent::Refused { asked, refusal, .. } => self.retried(entry, fact, asked, refusal),
            WalletEvent::Opened { .. } => true,
        }
    }
}
