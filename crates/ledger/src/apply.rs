//! Assigning what a fact says. Nothing is decided here, and nothing can fail: a fact in the journal happened.

mod orders;

use std::sync::Arc;

use self::orders::ordered;

use crate::wallet::DebtSlice;
use crate::{
    Advised, Allowance, AllowanceRequest, Amended, Annotation, ApiKey, Balance, CatalogueChange,
    CatalogueFact, Charge, ClosedCorrection, Correction, Credits, Decision, Draw, EventType, Fact, Grade,
    GrantKind, GrantRequest, Hold, HoldEnd, HoldRef, Lot, LotNo, LotStatus, Millis, PackVersion,
    PriceVersion, RateCard, Recorded, Renewal, Reserve, SetAside, Settlement, State, Wallet, WalletEvent,
    WalletFact, WalletNo, Welcome, allowances, budget,
};
use crate::{EventTypeNo, Position};

impl State {
    /// Assigns what `fact` says. `customer` is the customer's own id from the payload of a wallet's first fact;
    /// `None` there means that it was erased.
    pub fn apply(&mut self, recorded: Recorded, fact: &Fact, customer: Option<&str>) {
        match fact {
            Fact::Wallet(WalletFact { header, event: WalletEvent::Opened { welcome } }) => {
                let mut wallet =
                    Wallet::open(header.wallet, recorded.id, customer.unwrap_or_default().into());
                if let Some(welcome) = welcome {
                    wallet.balance = header.after;
                    wallet.next_lot = LotNo(2);
                    wallet.insert_lot(welcome_lot(recorded, **welcome));
                    wallet.reschedule();
                }
                self.open_wallet(wallet);
            }
            Fact::Wallet(fact) => self.apply_to_wallet(recorded, fact),
            Fact::Catalogue(fact) => self.apply_to_catalogue(recorded, fact),
            Fact::EnvironmentCreated { name, salt, currency } => self.change_catalogue(|c| {
                c.environment = name.clone();
                c.salt = *salt;
                c.currency = *currency;
            }),
            Fact::EpochStarted { .. } => {}
            Fact::BatchAccepted { wallet, .. } => {
                // Not part of the wallet's chain: its events are.
                debug_assert!(self.wallet(*wallet).is_some());
            }
        }
    }

    fn apply_to_wallet(&mut self, recorded: Recorded, fact: &WalletFact) {
        let number = fact.header.wallet;
        let (after, position) = (fact.header.after, recorded.id.position);
        match &fact.event {
            WalletEvent::Metered { request, charge, .. } => {
                self.spend(fact.header.origin.actor, number, recorded.at, charge.credits);
                if let [draw] = charge.draws.as_slice()
                    && charge.debt.is_zero()
                    && self.pay_from_lot(number, (draw.lot, draw.credits), after, position)
                {
                    return;
                }
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    pay(w, position, request.event_type, charge);
                    if w.next_due != Millis::NEVER {
                        w.reschedule();
                    }
                });
            }
            WalletEvent::HoldPlaced { request, price, credits, reserves, on_overdraft, expires_at } => {
                let counted = self.spend(fact.header.origin.actor, number, recorded.at, *credits);
                let hold = Hold {
                    id: recorded.id,
                    event_type: request.event_type,
                    price: *price,
                    credits: *credits,
                    reserves: reserves.clone(),
                    on_overdraft: *on_overdraft,
                    placed_at: recorded.at,
                    counted: counted.into_iter().collect(),
                    expires_at: *expires_at,
                };
                self.change_hold(position, HoldRef::open(number, &hold));
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    set_aside(w, reserves);
                    w.holds_mut().push(hold);
                    w.reschedule();
                });
            }
            WalletEvent::HoldIncreased { request, credits, .. } => {
                let counted = self.spend(fact.header.origin.actor, number, recorded.at, *credits);
                let placed = request.hold.position;
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    apply_small(w, recorded, &fact.event);
                    if let Some(hold) = w.holds_mut().iter_mut().find(|h| h.id.position == placed) {
                        hold.counted.extend(counted);
                    }
                    w.reschedule();
                });
            }
            WalletEvent::HoldCaptured { request, charge, ended, .. } => {
                let placed = request.hold.position;
                let still_counted = self.capture_counted(recorded, fact, charge);
                if *ended {
                    self.give_back_counted(number, recorded.at, &still_counted);
                }
                if *ended {
                    self.end_hold(placed, HoldEnd::Captured, recorded.at);
                }
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    capture(w, position, placed, &fact.event);
                    if let Some(hold) = w.holds_mut().iter_mut().find(|h| h.id.position == placed) {
                        hold.counted = still_counted;
                    }
                    w.reschedule();
                });
            }
            WalletEvent::HoldVoided { request, released, broken } => {
                let end = (HoldEnd::Voided, recorded.at);
                self.release_hold(fact, recorded, request.hold.position, end, released, broken);
            }
            WalletEvent::HoldExpired { hold, due, released, broken } => {
                self.release_hold(fact, recorded, *hold, (HoldEnd::Expired, *due), released, broken);
            }
            WalletEvent::Granted { settlements, .. } | WalletEvent::LotActivated { settlements, .. } => {
                self.settle(number, settlements, settling_lot(&fact.event));
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    arrive(w, recorded, &fact.event);
                    settle_debts(w, settlements, settling_lot(&fact.event));
                    w.reschedule();
                });
            }
            WalletEvent::Reversed { request, credits, debt, returns, adjustment, .. } => {
                self.change_amended(request.event, number, |a| {
                    a.reversed += *credits;
                    if request.correction.is_some() {
                        a.corrected += *credits;
                    }
                    give_back(a, *credits - *debt);
                    a.revenue_nano -= returns.iter().map(|back| i128::from(back.revenue_nano)).sum::<i128>();
                });
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    pay_debt(w, request.event, *debt);
                    for back in returns {
                        w.change_lot(back.lot, |lot| lot.used -= back.credits);
                    }
                    if let Some(adjustment) = adjustment {
                        w.next_lot = LotNo(adjustment.lot.0 + 1);
                        w.insert_lot(adjustment_lot(recorded, *adjustment));
                    }
                    w.reschedule();
                });
            }
            WalletEvent::Recharged { request, charge, of } => {
                self.change_amended(request.event, number, |a| {
                    a.recharged += charge.charged();
                    a.later.extend(charge.draws.iter().map(|draw| (draw.lot, draw.credits)));
                    a.revenue_nano += charge.revenue_nano();
                });
                let event_type = of.as_ref().map_or(EventTypeNo::default(), |of| of.event_type);
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    pay(w, request.event, event_type, charge);
                    w.reschedule();
                });
            }
            WalletEvent::Collected { request, charge, of } => {
                self.change_amended(request.event, number, |a| {
                    a.collected += charge.credits;
                    a.later.extend(charge.draws.iter().map(|draw| (draw.lot, draw.credits)));
                    a.revenue_nano += charge.revenue_nano();
                });
                let event_type = of.as_ref().map_or(EventTypeNo::default(), |of| of.event_type);
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    pay(w, request.event, event_type, charge);
                    w.reschedule();
                });
            }
            WalletEvent::CostSet { request, cost, .. } => {
                self.change_amended(request.event, number, |a| a.cost = *cost);
                self.change_wallet(number, |w| step(w, after, position));
            }
            WalletEvent::EventAnnotated { event, moved, .. } => {
                let dimensions = moved.as_ref().map(|moved| moved.dimensions.clone()).unwrap_or_default();
                self.change_amended(event.position, number, |a| {
                    a.annotation = Some(Annotation { position, dimensions });
                });
                self.change_wallet(number, |w| step(w, after, position));
            }
            WalletEvent::OrderPlaced { request, terms } => {
                let placed = recorded.id.position;
                self.put_order(placed, ordered(number, recorded, request, terms));
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    w.note_order(placed, true);
                });
            }
            WalletEvent::CheckoutOpened { request } => {
                self.change_order(request.order.position, |order| {
                    order.checkout = Some(position);
                    order.reference = request.reference.clone();
                });
                self.change_wallet(number, |w| step(w, after, position));
            }
            WalletEvent::OrderSettled { .. } | WalletEvent::RefundStarted { .. } => {
                self.apply_to_order(recorded, fact);
            }
            WalletEvent::AllowanceRenewed { renewal } => {
                let lot = renewal.lot.unwrap_or(LotNo(0));
                self.settle(number, &renewal.settlements, lot);
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    renew(w, recorded, renewal);
                    settle_debts(w, &renewal.settlements, lot);
                    w.reschedule();
                });
            }
            WalletEvent::CustomerErased => {
                self.forget_customer(number);
                self.change_wallet(number, |w| {
                    step(w, after, position);
                    // Nobody is there any more who could use what it gets again and again.
                    w.end_allowances();
                    w.reschedule();
                });
            }
            event => self.change_wallet(number, |w| {
                step(w, after, position);
                apply_small(w, recorded, event);
                w.reschedule();
            }),
        }
    }

    fn release_hold(
        &mut self,
        fact: &WalletFact,
        recorded: Recorded,
        placed: Position,
        end: (HoldEnd, Millis),
        released: &[Reserve],
        broken: &[Draw],
    ) {
        let number = fact.header.wallet;
        let open = self.wallet(number).and_then(|w| w.hold(placed));
        let counted = open.map(|hold| hold.counted.clone()).unwrap_or_default();
        self.give_back_counted(number, recorded.at, &counted);
        self.end_hold(placed, end.0, end.1);
        self.change_wallet(number, |w| {
            step(w, fact.header.after, recorded.id.position);
            release(w, released, broken);
            w.holds_mut().retain(|h| h.id.position != placed);
            w.reschedule();
        });
    }

    /// Counts what a capture takes beyond what its hold set aside, and says what of that stays counted.
    fn capture_counted(&mut self, recorded: Recorded, fact: &WalletFact, charge: &Charge) -> Vec<SetAside> {
        let WalletFact { header, event: WalletEvent::HoldCaptured { request, .. } } = fact else {
            return Vec::new();
        };
        let open = self.wallet(header.wallet).and_then(|w| w.hold(request.hold.position));
        let (held, mut counted) = open.map(|hold| (hold.credits, hold.counted.clone())).unwrap_or_default();
        let within = held.min(charge.credits);
        budget::use_up(&mut counted, within);
        self.spend(header.origin.actor, header.wallet, recorded.at, charge.credits - within);
        counted
    }

    fn end_hold(&mut self, placed: Position, end: HoldEnd, ended_at: Millis) {
        let Some(hold) = self.holds.get(&placed).copied() else { return };
        let open = self.wallet(hold.wallet).and_then(|w| w.hold(placed));
        let lapsed = match end {
            HoldEnd::Expired => open.map_or(Credits::ZERO, |h| h.credits),
            HoldEnd::Captured | HoldEnd::Voided => Credits::ZERO,
        };
        self.change_hold(placed, HoldRef { end: Some(end), ended_at, lapsed, ..hold });
    }

    fn settle(&mut self, wallet: WalletNo, settlements: &[Settlement], lot: LotNo) {
        for settled in settlements {
            self.change_amended(settled.event, wallet, |a| {
                a.settled += settled.credits;
                a.later.push((lot, settled.credits));
                a.revenue_nano += i128::from(settled.revenue_nano);
            });
        }
    }

    fn apply_to_catalogue(&mut self, recorded: Recorded, fact: &CatalogueFact) {
        let author = fact.origin.actor;
        self.change_catalogue(|catalogue| match &fact.change {
            CatalogueChange::EventTypeDefined {
                event_type,
                name,
                label,
                description,
                caller_set_credits,
                dimensions,
                archived,
                estimated_cost_nano,
            } => {
                let known = catalogue.event_type_no(*event_type);
                let prices = known.map(|t| t.prices.clone()).unwrap_or_default();
                let created_at = known.map_or(recorded.at, |t| t.created_at);
                catalogue.put_event_type(EventType {
                    number: *event_type,
                    name: name.clone(),
                    label: label.clone(),
                    description: description.clone(),
                    caller_set_credits: *caller_set_credits,
                    dimensions: dimensions.clone(),
                    archived: *archived,
                    estimated_cost_nano: *estimated_cost_nano,
                    prices,
                    created_at,
                });
            }
            CatalogueChange::PricePublished { request, price, version, effective_at } => {
                catalogue.put_price(PriceVersion {
                    number: *price,
                    id: recorded.id,
                    event_type: request.event_type,
                    version: *version,
                    rule: request.rule.clone(),
                    grid: request.grid,
                    rounding: request.rounding,
                    effective_at: *effective_at,
                    note: request.note.clone(),
                    author,
                    published_at: recorded.at,
                });
                let decision = Decision::Applied {
                    price: *price,
                    effective_at: *effective_at,
                    by: author,
                    at: recorded.at,
                    reason: request.note.clone(),
                };
                catalogue.note_published(request.event_type, (request.because, decision), recorded.at);
            }
            CatalogueChange::RecommendationMade { recommendation } => {
                catalogue.put_recommendation(Advised {
                    id: recorded.id,
                    made_at: recorded.at,
                    recommendation: Arc::new(recommendation.as_ref().clone()),
                    decision: Decision::Open,
                    rolled_back: None,
                    grade: None,
                });
            }
            CatalogueChange::RecommendationRejected { request } => {
                let reason = request.reason.clone();
                let decision = Decision::Rejected { by: author, at: recorded.at, reason };
                catalogue.note_rejected(request.recommendation.position, decision);
            }
            CatalogueChange::RecommendationGraded { recommendation, outcome } => {
                let grade = Grade { at: recorded.at, outcome: outcome.as_ref().clone() };
                catalogue.note_graded(*recommendation, grade);
            }
            CatalogueChange::AdviceLooked { look } => catalogue.last_look = Some(*look),
            CatalogueChange::PriceRefused { .. } => {}
            CatalogueChange::SettingsChanged { settings } => catalogue.settings = settings.clone(),
            CatalogueChange::RateCardPublished { request, card, effective_at } => {
                let card = RateCard {
                    number: *card,
                    id: recorded.id,
                    source: request.source.clone(),
                    note: request.note.clone(),
                    effective_at: *effective_at,
                    published_at: recorded.at,
                    author,
                    entries: u32::try_from(request.entries.len()).unwrap_or(u32::MAX),
                };
                Arc::make_mut(&mut catalogue.rates).put_card(card, &request.entries);
            }
            CatalogueChange::PackPublished { request, pack, version } => {
                catalogue.packs.push(PackVersion {
                    number: *pack,
                    id: recorded.id,
                    version: *version,
                    terms: request.as_ref().clone(),
                    author,
                    published_at: recorded.at,
                });
            }
            CatalogueChange::KeyCreated { key, label, secret_hash, hint, scopes, replaces, limits } => {
                let limits = limits.as_deref().copied().unwrap_or_default();
                let replaced = replaces.and_then(|replaced| catalogue.key(replaced));
                let purse = replaced.map_or(*key, |replaced| replaced.purse);
                catalogue.put_key(ApiKey {
                    number: *key,
                    id: recorded.id,
                    label: label.clone(),
                    secret_hash: *secret_hash,
                    hint: hint.clone(),
                    scopes: *scopes,
                    purse,
                    budget: limits.budget,
                    may_set_credits: limits.may_set_credits,
                    created_at: recorded.at,
                    dead_at: Millis::NEVER,
                });
            }
            CatalogueChange::KeyBudgetSet { key, budget } => {
                let purse = catalogue.key(*key).map(|key| key.purse);
                for key in catalogue.keys.iter_mut().filter(|key| Some(key.purse) == purse) {
                    key.budget = *budget;
                }
            }
            CatalogueChange::KeyRevoked { key, dead_at } => {
                if let Some(index) = key.index().checked_sub(1)
                    && let Some(key) = catalogue.keys.get_mut(index)
                {
                    key.dead_at = key.dead_at.min(*dead_at);
                }
            }
            CatalogueChange::CorrectionOpened { request } => catalogue.corrections.push(Correction {
                id: recorded.id,
                key: fact.origin.key,
                author,
                opened_at: recorded.at,
                undoes: request.action.undoes(),
                closed: None,
            }),
            CatalogueChange::CorrectionClosed { correction, sums } => {
                let closed =
                    ClosedCorrection { position: recorded.id.position, at: recorded.at, sums: **sums };
                catalogue.close_correction(*correction, closed);
            }
        });
    }

    pub(crate) fn next_wallet(&self) -> WalletNo {
        WalletNo::at(self.wallet_count())
    }
}

/// What every fact does to its wallet.
fn step(wallet: &mut Wallet, after: Balance, position: Position) {
    wallet.balance = after;
    wallet.last = position;
}

fn draw(wallet: &mut Wallet, draws: &[Draw]) {
    for draw in draws {
        wallet.change_lot(draw.lot, |lot| lot.used += draw.credits);
    }
}

fn pay(wallet: &mut Wallet, event: Position, event_type: EventTypeNo, charge: &Charge) {
    draw(wallet, &charge.draws);
    if charge.debt.is_positive() {
        let debts = wallet.debts_mut();
        if let Some(slice) = debts.iter_mut().find(|d| d.event == event) {
            slice.credits += charge.debt;
            return;
        }
        debts.push(DebtSlice { event, event_type, price: charge.price, credits: charge.debt });
    }
}

/// Takes what lots get back off what was paid for the event, the last payer first.
fn give_back(amended: &mut Amended, credits: Credits) {
    let mut left = credits;
    while let Some((_, paid)) = amended.later.last_mut().filter(|_| left.is_positive()) {
        let part = left.min(*paid);
        left -= part;
        *paid -= part;
        if paid.is_zero() {
            amended.later.pop();
        }
    }
    amended.from_first += left;
}

fn set_aside(wallet: &mut Wallet, reserves: &[Reserve]) {
    for reserve in reserves {
        wallet.change_lot(reserve.lot, |lot| lot.held += reserve.credits);
    }
}

/// Frees reservations first, then lets lapse what belonged to lots that expired meanwhile.
fn release(wallet: &mut Wallet, released: &[Reserve], broken: &[Draw]) {
    for reserve in released {
        wallet.change_lot(reserve.lot, |lot| lot.held -= reserve.credits);
    }
    for draw in broken {
        lapse(wallet, draw);
    }
}

/// Credits of a lot lapse.
fn lapse(wallet: &mut Wallet, broken: &Draw) {
    wallet.change_lot(broken.lot, |lot| {
        lot.used += broken.credits;
        lot.lapsed += broken.credits;
    });
}

fn capture(wallet: &mut Wallet, position: Position, placed: Position, event: &WalletEvent) {
    let WalletEvent::HoldCaptured {
        of,
        charge,
        overdraft_freed,
        used,
        released,
        broken,
        still_held,
        ended,
        ..
    } = event
    else {
        return;
    };
    for reserve in used {
        wallet.change_lot(reserve.lot, |lot| lot.held -= reserve.credits);
    }
    pay(wallet, position, of.event_type, charge);
    release(wallet, released, broken);
    if *ended {
        wallet.holds_mut().retain(|h| h.id.position != placed);
    } else if let Some(hold) = wallet.holds_mut().iter_mut().find(|h| h.id.position == placed) {
        hold.credits = *still_held;
        hold.on_overdraft -= *overdraft_freed;
        for reserve in used.iter().chain(released) {
            if let Some(kept) = hold.reserves.iter_mut().find(|r| r.lot == reserve.lot) {
                kept.credits -= reserve.credits;
            }
        }
        hold.reserves.retain(|r| r.credits.is_positive());
    }
}

/// A period of an allowance begins: what is carried over, what lapses, what is new.
fn renew(wallet: &mut Wallet, recorded: Recorded, renewal: &Renewal) {
    let Some(at) = wallet.allowances().iter().position(|a| a.id.position == renewal.allowance) else {
        return;
    };
    let allowance = wallet.allowances()[at].clone();
    for number in &allowance.lots {
        let is_carried = renewal.carried.contains(number);
        // Its place in the burn order follows from its expiry.
        wallet.replace_lot(*number, |lot| {
            if is_carried {
                lot.expires_at = renewal.ends_at;
            } else if lot.status == LotStatus::Active {
                lot.status = LotStatus::Expired;
            }
        });
    }
    // After that, so that a lot with nothing left says that it expired.
    for draw in &renewal.lapsed {
        lapse(wallet, draw);
    }
    if let Some(lot) = renewal.lot {
        wallet.next_lot = LotNo(lot.0 + 1);
        let request = allowances::granted(&allowance, renewal.credits, renewal.ends_at);
        wallet.insert_lot(granted_lot(recorded, lot, &request));
    }
    let known = &mut wallet.allowances_mut()[at];
    known.periods += 1;
    known.lots = renewal.carried.iter().copied().chain(renewal.lot).collect();
}

fn set_allowance(wallet: &mut Wallet, recorded: Recorded, request: &AllowanceRequest) {
    let known = wallet.allowances_mut().iter_mut().find(|known| known.terms.code == request.code);
    match known {
        Some(known) => {
            let is_moved = request.starts_at.is_some() || request.period != known.terms.period;
            if is_moved {
                known.first = request.starts_at.unwrap_or_else(|| known.next_at());
                known.periods = 0;
            }
            known.terms = request.clone();
        }
        None => {
            let first = request.starts_at.unwrap_or(recorded.at);
            let terms = request.clone();
            wallet.allowances_mut().push(Allowance {
                id: recorded.id,
                terms,
                first,
                periods: 0,
                lots: Vec::new(),
            });
        }
    }
}

fn settling_lot(event: &WalletEvent) -> LotNo {
    match event {
        WalletEvent::Granted { lot, .. } | WalletEvent::LotActivated { lot, .. } => *lot,
        _ => LotNo(0),
    }
}

/// A lot comes in, or its day comes.
fn arrive(wallet: &mut Wallet, recorded: Recorded, event: &WalletEvent) {
    match event {
        WalletEvent::Granted { request, lot, .. } => {
            wallet.next_lot = LotNo(lot.0 + 1);
            wallet.insert_lot(granted_lot(recorded, *lot, request));
        }
        WalletEvent::LotActivated { lot, .. } => {
            wallet.change_lot(*lot, |lot| lot.status = LotStatus::Active);
        }
        _ => {}
    }
}

fn granted_lot(recorded: Recorded, number: LotNo, request: &GrantRequest) -> Lot {
    let effective_at = request.effective_at.unwrap_or(recorded.at);
    Lot {
        number,
        id: recorded.id,
        kind: request.kind,
        status: if effective_at > recorded.at { LotStatus::Pending } else { LotStatus::Active },
        priority: request.priority,
        is_ordered: false,
        price: request.price,
        credits: request.credits,
        used: Credits::ZERO,
        lapsed: Credits::ZERO,
        held: Credits::ZERO,
        effective_at,
        expires_at: request.expires_at.unwrap_or(Millis::NEVER),
        granted_at: recorded.at,
        scope: request.scope.clone(),
    }
}

/// The wallet's first lot: what its customer was given at first sight.
fn welcome_lot(recorded: Recorded, welcome: Welcome) -> Lot {
    let request = GrantRequest {
        credits: welcome.credits,
        kind: GrantKind::Promotional,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: Some(welcome.expires_at),
        scope: Vec::new(),
    };
    granted_lot(recorded, LotNo(1), &request)
}

fn adjustment_lot(recorded: Recorded, adjustment: crate::Adjustment) -> Lot {
    let request = GrantRequest {
        credits: adjustment.credits,
        kind: GrantKind::Adjustment,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: Some(adjustment.expires_at),
        scope: Vec::new(),
    };
    granted_lot(recorded, adjustment.lot, &request)
}

fn settle_debts(wallet: &mut Wallet, settlements: &[Settlement], lot: LotNo) {
    for settled in settlements {
        wallet.change_lot(lot, |lot| lot.used += settled.credits);
        pay_debt(wallet, settled.event, settled.credits);
    }
}

fn pay_debt(wallet: &mut Wallet, event: Position, credits: Credits) {
    if credits.is_zero() {
        return;
    }
    let debts = wallet.debts_mut();
    if let Some(slice) = debts.iter_mut().find(|d| d.event == event) {
        slice.credits -= credits;
    }
    debts.retain(|d| d.credits.is_positive());
}

/// The facts that only touch the wallet itself.
fn apply_small(wallet: &mut Wallet, recorded: Recorded, event: &WalletEvent) {
    let position = recorded.id.position;
    match event {
        WalletEvent::GrantVoided { request, .. } => {
            wallet.change_lot(request.lot, |lot| lot.status = LotStatus::Voided);
        }
        WalletEvent::LotExpired { broken, .. } => wallet.change_lot(broken.lot, |lot| {
            lot.status = LotStatus::Expired;
            lot.used += broken.credits;
            lot.lapsed += broken.credits;
        }),
        WalletEvent::HoldIncreased { request, credits, reserves, on_overdraft } => {
            set_aside(wallet, reserves);
            let placed = request.hold.position;
            if let Some(hold) = wallet.holds_mut().iter_mut().find(|h| h.id.position == placed) {
                hold.credits += *credits;
                hold.on_overdraft += *on_overdraft;
                for reserve in reserves {
                    match hold.reserves.iter_mut().find(|r| r.lot == reserve.lot) {
                        Some(known) => known.credits += reserve.credits,
                        None => hold.reserves.push(*reserve),
                    }
                }
            }
        }
        WalletEvent::HoldExtended { request, expires_at } => {
            let placed = request.hold.position;
            if let Some(hold) = wallet.holds_mut().iter_mut().find(|h| h.id.position == placed) {
                hold.expires_at = *expires_at;
            }
        }
        WalletEvent::AllowanceSet { request } => set_allowance(wallet, recorded, request),
        WalletEvent::AllowanceEnded { allowance } => {
            wallet.allowances_mut().retain(|known| known.id.position != *allowance);
        }
        WalletEvent::PolicySet { policy } => wallet.policy = *policy,
        WalletEvent::Frozen => wallet.set_frozen_by(Some(position)),
        WalletEvent::Thawed => wallet.set_frozen_by(None),
        // A verdict changes nothing but the wallet's place in its history.
        WalletEvent::Refused { .. } => {}
        WalletEvent::Opened { .. }
        | WalletEvent::OrderPlaced { .. }
        | WalletEvent::CheckoutOpened { .. }
        | WalletEvent::OrderSettled { .. }
        | WalletEvent::RefundStarted { .. }
        | WalletEvent::AllowanceRenewed { .. }
        | WalletEvent::Metered { .. }
        | WalletEvent::Granted { .. }
        | WalletEvent::LotActivated { .. }
        | WalletEvent::HoldPlaced { .. }
        | WalletEvent::HoldCaptured { .. }
        | WalletEvent::HoldVoided { .. }
        | WalletEvent::HoldExpired { .. }
        | WalletEvent::Reversed { .. }
        | WalletEvent::CustomerErased
        | WalletEvent::Recharged { .. }
        | WalletEvent::EventAnnotated { .. }
        | WalletEvent::Collected { .. }
        | WalletEvent::CostSet { .. } => debug_assert!(false, "applied by its own code: {event:?}"),
    }
}
