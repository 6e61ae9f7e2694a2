//! From one fact to what it adds to the rollups.
//!
//! What corrects an event counts where the event does: in its hour, under its type, price version and dimensions, in
//! figures of its own. Debt that is paid counts under the event's type and price version when it is paid; its dimensions are
//! not known then and count as empty. The books have everything on the day it was recorded.

use chargly_ledger::{
    Asked, Charge, Cost, CostSource, Credits, DecodeError, Dimension, Draw, EventRef, EventTypeNo, Facets,
    Fact, Fulfilment, GrantKind, GrantRequest, Lineage, MeterRequest, Millis, Moved, Reclaim, Settlement,
    WalletEvent, WalletFact, WalletNo, cost_of_event,
};

use crate::counting::{Counting, Place, Subject, Target};
use crate::tally::Tally;
use crate::{Figures, LATE_AFTER_MS};

/// Why a fact was not counted.
pub(crate) enum Uncounted {
    /// A sum is too large.
    Overflow,
    /// Its payload cannot be read.
    Unreadable(DecodeError),
}

impl From<DecodeError> for Uncounted {
    fn from(error: DecodeError) -> Self {
        Self::Unreadable(error)
    }
}

type Counted = Result<(), Uncounted>;

/// Adds a fact to the counters.
pub(crate) fn fold(counting: &mut Counting, place: Place<'_>, fact: &Fact) -> Counted {
    match fact {
        Fact::Wallet(fact) => Rows { counting, place, wallet: fact.header.wallet }.wallet(fact),
        Fact::Catalogue(fact) => {
            counting.change(place.position, &fact.change);
            Ok(())
        }
        Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } | Fact::BatchAccepted { .. } => Ok(()),
    }
}

/// Adds a meter event of a wallet.
#[inline]
pub(crate) fn fold_metered(
    counting: &mut Counting,
    place: Place<'_>,
    wallet: WalletNo,
    (request, charge, facets): (&MeterRequest, &Charge, Option<&Facets>),
) -> Counted {
    Rows { counting, place, wallet }.metered(request, charge, facets)
}

/// The rows of every rollup that one wallet's fact touches.
struct Rows<'a> {
    counting: &'a mut Counting,
    place: Place<'a>,
    wallet: WalletNo,
}

impl Rows<'_> {
    fn wallet(&mut self, fact: &WalletFact) -> Counted {
        match &fact.event {
            WalletEvent::Metered { request, charge, facets } => {
                self.metered(request, charge, facets.as_deref())
            }
            WalletEvent::HoldCaptured { request, of, charge, broken, facets, .. } => {
                let cost = cost_of_event(request.cost, facets.as_deref());
                self.captured(*of, cost, charge, facets.as_deref())?;
                self.broken(broken)
            }
            WalletEvent::Refused { asked, facets, .. } => self.refused(asked, facets.as_deref()),
            WalletEvent::Reversed { credits, returns, adjustment, of, .. } => {
                let sums = Sums::of(returns);
                let figures = Figures {
                    reversed_micro: credits.micro().into(),
                    reversed_revenue_nano: sums.revenue_nano,
                    ..Figures::default()
                };
                self.add_to_event(of.as_deref(), &figures)?;
                let given = adjustment.map_or(Credits::ZERO, |adjustment| adjustment.credits);
                self.book(&Figures { adjustment_granted_micro: given.micro().into(), ..figures })
            }
            WalletEvent::Recharged { charge, of, .. } => {
                let figures = Figures {
                    recharged_micro: charge.charged().micro().into(),
                    recharged_revenue_nano: charge.revenue_nano(),
                    uncharged_micro: charge.uncharged.micro().into(),
                    ..Figures::default()
                };
                self.add_to_event(of.as_deref(), &figures)?;
                self.book(&figures)
            }
            // As if it had been charged at first: where the event counts, it is used and charged now.
            WalletEvent::Collected { charge, of, .. } => {
                let sums = Sums::of(&charge.draws);
                let figures = Figures {
                    credits_micro: charge.credits.micro().into(),
                    free_micro: sums.free_micro,
                    revenue_nano: sums.revenue_nano,
                    ..Figures::default()
                };
                let uncharged_micro = -i128::from(charge.credits.micro());
                self.add_to_event(of.as_deref(), &Figures { uncharged_micro, ..figures })?;
                self.book(&figures)
            }
            WalletEvent::CostSet { before, cost, of, .. } => {
                self.add_to_event(of.as_deref(), &cost_corrected(*before, *cost).ok_or(Uncounted::Overflow)?)
            }
            WalletEvent::EventAnnotated { moved, .. } => match moved {
                Some(moved) => self.moved(moved),
                None => Ok(()),
            },
            WalletEvent::Granted { request, settlements, .. } => {
                self.book(&granted(request))?;
                self.settled(self.place.at, settlements)
            }
            WalletEvent::GrantVoided { credits, refunded_nano, .. } => self.book(&Figures {
                voided_micro: credits.micro().into(),
                refunded_nano: (*refunded_nano).into(),
                ..Figures::default()
            }),
            // What happens by time counts from when it was due, however late an idle wallet was swept.
            WalletEvent::LotActivated { due, settlements, .. } => self.settled(*due, settlements),
            WalletEvent::LotExpired { due, broken } => self.broken_at(*due, std::slice::from_ref(broken)),
            WalletEvent::HoldExpired { due, broken, .. } => self.broken_at(*due, broken),
            WalletEvent::HoldVoided { broken, .. } => self.broken(broken),
            WalletEvent::CustomerErased => {
                self.counting.erase(self.wallet);
                Ok(())
            }
            WalletEvent::Opened { welcome } => {
                let given = welcome.as_ref().map_or(Credits::ZERO, |welcome| welcome.credits);
                self.book(&Figures { promotional_granted_micro: given.micro().into(), ..Figures::default() })
            }
            WalletEvent::OrderSettled { fulfilment, reclaim, .. } => {
                if let Some(fulfilment) = fulfilment {
                    self.book(&sold(fulfilment))?;
                    self.settled(self.place.at, &fulfilment.settlements)?;
                }
                reclaim.as_ref().map_or(Ok(()), |reclaim| self.reclaimed(reclaim))
            }
            WalletEvent::AllowanceRenewed { renewal } => {
                self.broken_at(renewal.due, &renewal.lapsed)?;
                let promotional_granted_micro = renewal.credits.micro().into();
                self.book(&Figures { promotional_granted_micro, ..Figures::default() })?;
                self.settled(renewal.due, &renewal.settlements)
            }
            WalletEvent::OrderPlaced { .. }
            | WalletEvent::CheckoutOpened { .. }
            | WalletEvent::RefundStarted { .. }
            | WalletEvent::AllowanceSet { .. }
            | WalletEvent::AllowanceEnded { .. }
            | WalletEvent::HoldPlaced { .. }
            | WalletEvent::HoldIncreased { .. }
            | WalletEvent::HoldExtended { .. }
            | WalletEvent::PolicySet { .. }
            | WalletEvent::Frozen
            | WalletEvent::Thawed => Ok(()),
        }
    }

    #[inline]
    fn metered(&mut self, request: &MeterRequest, charge: &Charge, facets: Option<&Facets>) -> Counted {
        let subject = Subject {
            wallet: self.wallet,
            at: request.occurred_at.unwrap_or(self.place.at),
            event_type: Some(request.event_type),
            price: charge.price,
            dimensions: dimensions(facets),
        };
        let target = self.counting.target(subject, Some(self.place))?;
        let what = Lineage { event_type: request.event_type, quantity: request.quantity };
        self.charged(&target, what, cost_of_event(request.cost, facets), charge)
    }

    fn captured(
        &mut self,
        of: Lineage,
        cost: Option<Cost>,
        charge: &Charge,
        facets: Option<&Facets>,
    ) -> Counted {
        let subject = Subject {
            event_type: Some(of.event_type),
            price: charge.price,
            dimensions: dimensions(facets),
            ..self.unknown(self.place.at)
        };
        let target = self.counting.target(subject, Some(self.place))?;
        self.charged(&target, of, cost, charge)
    }

    #[inline]
    fn charged(&mut self, target: &Target, of: Lineage, cost: Option<Cost>, charge: &Charge) -> Counted {
        let is_late = is_late(self.place.at, target);
        if let Some((kind, tally)) = Tally::of(of.quantity, cost, charge, is_late) {
            return self.counting.count(target, kind, &tally, self.place.at).ok_or(Uncounted::Overflow);
        }
        let figures = event(of, cost, charge, is_late);
        self.counting.add(target, &figures).ok_or(Uncounted::Overflow)?;
        self.book(&figures)
    }

    /// What an event counted for without dimensions counts for those that it has now. Its sums in all do not change.
    fn moved(&mut self, moved: &Moved) -> Counted {
        let EventRef { event_type, price, at, dimensions } = &moved.of;
        let before = Subject {
            at: *at,
            event_type: Some(*event_type),
            price: *price,
            dimensions,
            ..self.unknown(*at)
        };
        let target = self.counting.target(before, None)?;
        let is_late = is_late(moved.recorded_at, &target);
        let figures = event(moved.lineage, moved.cost, &moved.charge, is_late);
        let taken = Figures::default().checked_sub(&figures).ok_or(Uncounted::Overflow)?;
        self.counting.add(&target, &taken).ok_or(Uncounted::Overflow)?;
        // Dimensions that were declared later stand in the annotation's own payload.
        self.add(Subject { dimensions: &moved.dimensions, ..before }, Some(self.place), &figures)
    }

    fn refused(&mut self, asked: &Asked, facets: Option<&Facets>) -> Counted {
        let unknown = self.unknown(self.place.at);
        let (subject, cost) = match asked {
            Asked::Meter(request) => {
                let at = request.occurred_at.unwrap_or(self.place.at);
                let event_type = Some(request.event_type);
                let subject = Subject { at, event_type, dimensions: dimensions(facets), ..unknown };
                (subject, cost_of_event(request.cost, facets))
            }
            Asked::PlaceHold(request) => (Subject { event_type: Some(request.event_type), ..unknown }, None),
            Asked::CaptureHold(request) => (unknown, cost_of_event(request.cost, facets)),
            Asked::Batch(..) => (unknown, None),
            // Nothing that anybody would have used.
            Asked::IncreaseHold(_)
            | Asked::ExtendHold(_)
            | Asked::VoidHold(_)
            | Asked::Grant(_)
            | Asked::VoidGrant(_)
            | Asked::Reverse(_)
            | Asked::Recharge(_)
            | Asked::Collect(_)
            | Asked::SetCost(..)
            | Asked::PlaceOrder(_)
            | Asked::RefundOrder(_)
            | Asked::SetAllowance(_) => return Ok(()),
        };
        let unbilled_cost_nano = cost.map_or(0, |cost| cost.nano.into());
        let figures = Figures { refused: 1, unbilled_cost_nano, ..Figures::default() };
        self.add(subject, Some(self.place), &figures)
    }

    fn broken(&mut self, broken: &[Draw]) -> Counted {
        self.broken_at(self.place.at, broken)
    }

    fn broken_at(&mut self, at: Millis, broken: &[Draw]) -> Counted {
        if broken.is_empty() {
            return Ok(());
        }
        let sums = Sums::of(broken);
        let figures = Figures {
            breakage_micro: sums.credits_micro,
            free_breakage_micro: sums.free_micro,
            breakage_revenue_nano: sums.revenue_nano,
            ..Figures::default()
        };
        self.add(self.unknown(at), None, &figures)?;
        self.book(&figures)
    }

    fn settled(&mut self, at: Millis, settlements: &[Settlement]) -> Counted {
        for Settlement { event_type, price, credits, revenue_nano, .. } in settlements {
            // What was owed for an order of credits has no event type.
            let event_type = Some(*event_type).filter(|event_type| *event_type != EventTypeNo::OF_ORDER);
            let subject = Subject { event_type, price: *price, ..self.unknown(at) };
            let figures = Figures {
                settled_micro: credits.micro().into(),
                settled_revenue_nano: (*revenue_nano).into(),
                ..Figures::default()
            };
            self.add(subject, None, &figures)?;
            self.book(&figures)?;
        }
        Ok(())
    }

    /// What followed money that went back. Revenue that was recognised before is taken back as a reversal is, but
    /// belongs to no event.
    fn reclaimed(&mut self, reclaim: &Reclaim) -> Counted {
        self.broken(reclaim.broken.as_slice())?;
        let returned = Sums::of(&reclaim.returns);
        let figures = Figures {
            reversed_revenue_nano: returned.revenue_nano - i128::from(reclaim.revenue_nano),
            ..Figures::default()
        };
        self.add(self.unknown(self.place.at), None, &figures)?;
        let given = reclaim.adjustment.map_or(Credits::ZERO, |adjustment| adjustment.credits);
        self.book(&Figures {
            voided_micro: (reclaim.taken - reclaim.restored).micro().into(),
            refunded_nano: reclaim.refunded_nano.into(),
            adjustment_granted_micro: given.micro().into(),
            ..figures
        })
    }

    /// Adds to the rows of the event that a later fact is about.
    fn add_to_event(&mut self, of: Option<&EventRef>, figures: &Figures) -> Counted {
        let subject = match of {
            Some(EventRef { event_type, price, at, dimensions }) => Subject {
                wallet: self.wallet,
                at: *at,
                event_type: Some(*event_type),
                price: *price,
                dimensions,
            },
            None => self.unknown(self.place.at),
        };
        self.add(subject, None, figures)
    }

    fn add(&mut self, subject: Subject<'_>, place: Option<Place<'_>>, figures: &Figures) -> Counted {
        let target = self.counting.target(subject, place)?;
        self.counting.add(&target, figures).ok_or(Uncounted::Overflow)
    }

    fn book(&mut self, figures: &Figures) -> Counted {
        self.counting.book(self.place.at, figures).ok_or(Uncounted::Overflow)
    }

    /// Something of this wallet of which no more is known.
    fn unknown(&self, at: Millis) -> Subject<'static> {
        Subject { wallet: self.wallet, at, event_type: None, price: None, dimensions: &[] }
    }
}

/// Whether an event was recorded long after its hour.
fn is_late(recorded_at: Millis, target: &Target) -> bool {
    recorded_at.0.saturating_sub(target.hour.end.0) > LATE_AFTER_MS
}

fn dimensions(facets: Option<&Facets>) -> &[Dimension] {
    facets.map_or(&[], |facets| &facets.dimensions)
}

fn event(of: Lineage, cost: Option<Cost>, charge: &Charge, is_late: bool) -> Figures {
    let sums = Sums::of(&charge.draws);
    Figures {
        events: 1,
        late_events: is_late.into(),
        quantity_micro: of.quantity.micro().into(),
        uncharged_micro: charge.uncharged.micro().into(),
        credits_micro: charge.charged().micro().into(),
        free_micro: sums.free_micro,
        revenue_nano: sums.revenue_nano,
        ..costs(cost)
    }
}

/// The figures of one event's cost.
fn costs(cost: Option<Cost>) -> Figures {
    let none = Figures::default();
    let Some(Cost { nano, source }) = cost else { return Figures { cost_missing: 1, ..none } };
    let cost_nano = nano.into();
    match source {
        CostSource::Reported => Figures { cost_nano, ..none },
        CostSource::RateCard { .. } => {
            Figures { cost_nano, card_cost_nano: cost_nano, card_costs: 1, ..none }
        }
        CostSource::Estimated => {
            Figures { cost_nano, estimated_cost_nano: cost_nano, estimated_costs: 1, ..none }
        }
    }
}

/// What it changes that a cost was `before` and is now another.
fn cost_corrected(before: Option<Cost>, after: Option<Cost>) -> Option<Figures> {
    let nano = |cost: Option<Cost>| cost.map_or(0, |cost| i128::from(cost.nano));
    let corrected = costs(after).checked_sub(&costs(before))?;
    Some(Figures { cost_corrected_nano: nano(after) - nano(before), cost_corrections: 1, ..corrected })
}

fn sold(fulfilment: &Fulfilment) -> Figures {
    Figures {
        sales_nano: fulfilment.price.nano.into(),
        paid_granted_micro: fulfilment.credits.micro().into(),
        ..Figures::default()
    }
}

fn granted(request: &GrantRequest) -> Figures {
    let credits = i128::from(request.credits.micro());
    let none =
        Figures { sales_nano: request.price.map_or(0, |price| price.nano.into()), ..Figures::default() };
    match request.kind {
        GrantKind::Paid => Figures { paid_granted_micro: credits, ..none },
        GrantKind::Promotional => Figures { promotional_granted_micro: credits, ..none },
        GrantKind::Adjustment => Figures { adjustment_granted_micro: credits, ..none },
    }
}

/// Of some draws. One fact has far too few of them to pass 128 bits.
#[derive(Default)]
struct Sums {
    credits_micro: i128,
    /// Those of them that recognised nothing.
    free_micro: i128,
    revenue_nano: i128,
}

impl Sums {
    fn of(draws: &[Draw]) -> Self {
        draws.iter().fold(Self::default(), |sums, draw| {
            let credits = i128::from(draw.credits.micro());
            Self {
                credits_micro: sums.credits_micro + credits,
                free_micro: sums.free_micro + if draw.revenue_nano == 0 { credits } else { 0 },
                revenue_nano: sums.revenue_nano + i128::from(draw.revenue_nano),
            }
        })
    }
}
