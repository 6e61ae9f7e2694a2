//! A product made by hand: event types with a price, and events whose cost is what a test says.

use chargly_advisor::{Advice, Calendar, CreditWorth, Gathering, History, Inputs, advise};
use chargly_ledger::{
    AdviceKind, CatalogueChange, CatalogueFact, Charge, Cost, CostSource, Credits, Currency, Dimension,
    EventTypeNo, Facets, Fact, GrantKind, GrantRequest, Grid, IfInsufficient, MeterRequest, Millis, Money,
    Origin, Position, PriceNo, PriceRequest, Quantity, Recommendation, Recorded, Rounding, Rule, Settings,
    State, WalletEvent, WalletFact, WalletNo,
};

pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A Monday, 2026-08-31: ninety days later it is Sunday, 2026-11-29.
const FIRST_DAY: i64 = 20_696;
/// Days of the calendar; the last one is a Sunday.
pub(crate) const DAYS: usize = 91;

/// What a credit is worth: $0.004, as $20 for 5,000.
pub(crate) const WORTH: CreditWorth = CreditWorth { nano: 20_000_000_000, micro: 5_000_000_000 };

pub(crate) struct Books {
    state: State,
    next: u64,
    pub(crate) gathering: Gathering,
    pub(crate) worth: Option<CreditWorth>,
    pub(crate) history: History,
}

/// An event, as a test says it.
#[derive(Clone, Copy)]
pub(crate) struct Sale<'a> {
    pub(crate) day: usize,
    pub(crate) customer: u32,
    pub(crate) event: u32,
    pub(crate) credits: &'a str,
    pub(crate) quantity: &'a str,
    /// Nano-dollars; `None` where nobody knows.
    pub(crate) cost_nano: Option<i64>,
    pub(crate) is_estimated: bool,
    /// Of the dimension `model`.
    pub(crate) model: Option<&'a str>,
}

impl Default for Sale<'_> {
    fn default() -> Self {
        Self {
            day: 0,
            customer: 0,
            event: 0,
            credits: "4",
            quantity: "1",
            cost_nano: Some(4_200_000),
            is_estimated: false,
            model: None,
        }
    }
}

pub(crate) fn cr(text: &str) -> Credits {
    Credits::parse(text).expect("a valid amount")
}

pub(crate) fn flat(credits: &str) -> Rule {
    Rule::Flat { credits: cr(credits) }
}

impl Books {
    /// With event types of these rules, and this target margin.
    pub(crate) fn new(rules: &[Rule], target_margin_bp: u32) -> Self {
        let days: Vec<Millis> = (0..DAYS).map(|day| day_at(day, 0)).collect();
        let calendar = Calendar {
            end: day_at(DAYS, 0),
            first_day: i32::try_from(FIRST_DAY).expect("a day"),
            week_start: 84,
            days,
        };
        let mut books = Self {
            state: State::new(),
            next: 0,
            gathering: Gathering::new(calendar),
            worth: Some(WORTH),
            history: History::default(),
        };
        let salt = [0; 32];
        books.apply(&Fact::EnvironmentCreated { name: "test".into(), salt, currency: Currency::USD }, 0);
        for (number, rule) in (0..).zip(rules) {
            books.change(CatalogueChange::EventTypeDefined {
                event_type: EventTypeNo(number),
                name: format!("event.n{number}").into(),
                label: "An event".into(),
                description: "".into(),
                caller_set_credits: false,
                dimensions: vec!["model".into()],
                archived: false,
                estimated_cost_nano: None,
            });
            books.price(EventTypeNo(number), rule.clone(), 0, None);
        }
        books.set(|settings| settings.target_margin_bp = target_margin_bp);
        books
    }

    pub(crate) fn set(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.state.catalogue().settings.clone();
        change(&mut settings);
        self.change(CatalogueChange::SettingsChanged { settings });
    }

    /// Publishes a price on a day.
    pub(crate) fn price(
        &mut self,
        event_type: EventTypeNo,
        rule: Rule,
        day: usize,
        replaces: Option<PriceNo>,
    ) {
        let known = self.state.catalogue();
        let price = PriceNo(u32::try_from(known.prices.len()).expect("few prices"));
        let versions = known.event_type_no(event_type).map_or(0, |known| known.prices.len());
        let request = PriceRequest {
            event_type,
            rule,
            grid: Grid::MicroCredit,
            rounding: Rounding::HalfUp,
            effective_at: None,
            note: "".into(),
            replaces,
            because: None,
        };
        let version = u32::try_from(versions).expect("few versions") + 1;
        self.change(CatalogueChange::PricePublished {
            request,
            price,
            version,
            effective_at: day_at(day, 0),
        });
    }

    pub(crate) fn change(&mut self, change: CatalogueChange) {
        let origin = Origin { actor: chargly_ledger::KeyNo::SYSTEM, key: None };
        self.apply(&Fact::Catalogue(CatalogueFact { origin, change }), self.next.cast_signed());
    }

    fn apply(&mut self, fact: &Fact, at: i64) {
        let recorded = Recorded::new(Position(self.next), Millis(at), fact, &fact.encode());
        self.next += 1;
        self.state.apply(recorded, fact, None);
        self.state.commit();
    }

    /// A customer pays for credits.
    pub(crate) fn pays(&mut self, customer: u32) {
        let request = GrantRequest {
            credits: cr("5000"),
            kind: GrantKind::Paid,
            price: Some(Money { nano: 20_000_000_000, currency: Currency::USD }),
            priority: 0,
            effective_at: None,
            expires_at: None,
            scope: Vec::new(),
        };
        let lot = chargly_ledger::LotNo(0);
        let event = WalletEvent::Granted { request, lot, active: true, settlements: Vec::new() };
        let header = chargly_ledger::Header {
            origin: Origin { actor: chargly_ledger::KeyNo::SYSTEM, key: None },
            wallet: WalletNo(customer),
            previous: None,
            after: chargly_ledger::Balance::default(),
        };
        self.gathering.note(day_at(0, 0), &Fact::Wallet(WalletFact { header, event }));
    }

    pub(crate) fn sells(&mut self, sale: &Sale<'_>) {
        let money = |nano| Money { nano, currency: Currency::USD };
        let request = MeterRequest {
            event_type: EventTypeNo(sale.event),
            quantity: Quantity::parse(sale.quantity).expect("a quantity"),
            credits: None,
            cost: sale.cost_nano.filter(|_| !sale.is_estimated).map(money),
            occurred_at: None,
            if_insufficient: IfInsufficient::Refuse,
        };
        let charge = Charge {
            price: Some(PriceNo(sale.event)),
            credits: cr(sale.credits),
            draws: Default::default(),
            debt: Credits::ZERO,
            uncharged: Credits::ZERO,
        };
        let estimate = sale.cost_nano.filter(|_| sale.is_estimated);
        let facets = Facets {
            cost: estimate.map(|nano| Cost { nano, source: CostSource::Estimated }),
            usage: None,
            dimensions: sale
                .model
                .map(|value| Dimension { name: "model".into(), value: value.into() })
                .into_iter()
                .collect(),
        };
        let facets = facets.boxed();
        let at = day_at(sale.day, 3_600_000);
        self.gathering.metered(at, WalletNo(sale.customer), (&request, &charge, facets.as_deref()));
    }

    /// `customers` who paid, with one sale each on every day of a range.
    pub(crate) fn sells_daily(
        &mut self,
        customers: u32,
        days: std::ops::Range<usize>,
        sale: impl Fn(usize, u32) -> Sale<'static>,
    ) {
        (0..customers).for_each(|customer| self.pays(customer));
        for day in days {
            for customer in 0..customers {
                self.sells(&Sale { day, customer, ..sale(day, customer) });
            }
        }
    }

    pub(crate) fn advise(&self) -> Advice {
        self.advise_by(7)
    }

    pub(crate) fn advise_by(&self, seed: u64) -> Advice {
        advise(&Inputs {
            catalogue: self.state.catalogue(),
            gathering: &self.gathering,
            worth: self.worth,
            history: &self.history,
            cut_off: Position(self.next),
            as_of: day_at(DAYS - 1, 12 * 3_600_000),
            seed,
        })
    }

    /// Records advice, as a look would.
    pub(crate) fn record(&mut self, advice: &Recommendation) {
        let recommendation = Box::new(advice.clone());
        let change = CatalogueChange::RecommendationMade { recommendation };
        let origin = Origin { actor: chargly_ledger::KeyNo::SYSTEM, key: None };
        let at = day_at(DAYS - 1, 0).0;
        self.apply(&Fact::Catalogue(CatalogueFact { origin, change }), at);
    }

    /// Turns the newest recommendation down.
    pub(crate) fn reject_last(&mut self) {
        let id = self.state.catalogue().recommendations.last().expect("a recommendation").id;
        let request = chargly_ledger::RejectAdviceRequest { recommendation: id, reason: "no".into() };
        self.change(CatalogueChange::RecommendationRejected { request });
    }
}

pub(crate) fn day_at(day: usize, ms: i64) -> Millis {
    Millis((FIRST_DAY + i64::try_from(day).expect("a day")) * DAY_MS + ms)
}

pub(crate) fn of_kind(advice: &Advice, kind: AdviceKind) -> Option<&Recommendation> {
    advice.recommendations.iter().find(|made| made.kind == kind)
}
