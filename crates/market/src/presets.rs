//! Products with a name, each with one truth to be found, or none.
//!
//! The default product is sound: four event types between the target margin and 15 points above it, packs that sell a
//! credit for about 1.6 cents, and customers of very different sizes. A preset changes one thing.

use chargly_ledger::{Credits, Millis};

use crate::plan::{
    CostPlan, DemandPlan, EventPlan, HabitsPlan, Happening, LevelPlan, MarketPlan, PackPlan, PromoPlan,
    QuantityPlan,
};

/// A product with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preset {
    /// The sound product, with quiet demand.
    Calm,
    /// `image.generate` costs more than it brings in.
    LossMaking,
    /// `image.generate` earns 43 %, and the target is 60 %.
    UnderTarget,
    /// `chat.reply` earns 95 %, and cheaper it would be used so much more that it earned more.
    OverTarget,
    /// `image.generate` earns 85 % with one model and nothing with the other.
    Split,
    /// `ai.summary` costs something whatever its size, and small ones lose money.
    Minimum,
    /// The provider of `agent.run` charges 30 % more, by a rate card, from 21 days before the end.
    CostDrift,
    /// `image.generate` moves to the dear model 21 days before the end, at the same rates.
    MixDrift,
    /// No event tells what it cost.
    NoCosts,
    /// A single customer.
    OneCustomer,
    /// One customer makes half of all use.
    WhaleHalf,
    /// Credits are only given away.
    PromoOnly,
    /// Every type costs more than it brings in.
    NegativeEverywhere,
    /// `image.generate` was raised by a quarter in the middle; its elasticity is −1.
    PriceChange,
    /// One type whose figures can be checked by hand: cost $0.0042, 4 credits of $0.004 each, target 75 %.
    Golden,
}

impl Preset {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 15] = [
        Self::Calm,
        Self::LossMaking,
        Self::UnderTarget,
        Self::OverTarget,
        Self::Split,
        Self::Minimum,
        Self::CostDrift,
        Self::MixDrift,
        Self::NoCosts,
        Self::OneCustomer,
        Self::WhaleHalf,
        Self::PromoOnly,
        Self::NegativeEverywhere,
        Self::PriceChange,
        Self::Golden,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::LossMaking => "loss-making",
            Self::UnderTarget => "under-target",
            Self::OverTarget => "over-target",
            Self::Split => "split",
            Self::Minimum => "minimum",
            Self::CostDrift => "cost-drift",
            Self::MixDrift => "mix-drift",
            Self::NoCosts => "no-costs",
            Self::OneCustomer => "one-customer",
            Self::WhaleHalf => "whale-half",
            Self::PromoOnly => "promo-only",
            Self::NegativeEverywhere => "negative-everywhere",
            Self::PriceChange => "price-change",
            Self::Golden => "golden",
        }
    }

    /// The preset of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }
}

/// 1 March 2026, a Sunday, in milliseconds since 1970.
const START: Millis = Millis(1_772_323_200_000);
/// How long before the end something drifts.
const DRIFT_DAYS_BEFORE_END: u32 = 21;
/// Customers of the product to look around in, and the events that they make in a day, about.
const SAMPLE_CUSTOMERS: u32 = 60;
const SAMPLE_EVENTS_A_DAY: u64 = 500;
/// Nano-dollars in a tenth of a cent.
const TENTH: i64 = 1_000_000;
/// Places of the default types.
const CHAT: usize = 0;
const IMAGE: usize = 1;
const SUMMARY: usize = 2;
const AGENT: usize = 3;

/// The plan of a preset, as it is without any change: 120 days, 200 customers, seed 1.
pub fn preset(preset: Preset) -> MarketPlan {
    preset_over(preset, 120)
}

/// The plan of a preset over so many days: what happens on the way is at the same distance from the end, or in the
/// middle.
pub fn preset_over(preset: Preset, days: u32) -> MarketPlan {
    let mut plan = MarketPlan { name: preset.as_str().into(), days, ..sound() };
    let drift_day = days.saturating_sub(DRIFT_DAYS_BEFORE_END);
    match preset {
        Preset::Calm => {}
        Preset::LossMaking => reported(&mut plan, IMAGE, 0, 95 * TENTH),
        Preset::UnderTarget => {
            reported(&mut plan, IMAGE, 0, 45 * TENTH);
            plan.events[IMAGE].elasticity = -0.4;
        }
        Preset::OverTarget => {
            reported(&mut plan, CHAT, 0, TENTH * 8 / 10);
            plan.events[CHAT].elasticity = -1.9;
        }
        Preset::Split => levels(&mut plan, 0.7, 0.3),
        Preset::Minimum => {
            reported(&mut plan, SUMMARY, 18 * TENTH, 2 * TENTH);
            plan.events[SUMMARY].quantity = QuantityPlan::LogNormal { median: 3.0, sigma: 0.9 };
            plan.events[SUMMARY].credits = credits(1);
        }
        Preset::CostDrift => {
            plan.happenings =
                vec![Happening::CostDrift { day: drift_day, event: AGENT, level: None, factor: 1.3 }];
        }
        Preset::MixDrift => {
            levels(&mut plan, 0.9, 0.1);
            plan.happenings =
                vec![Happening::MixShift { day: drift_day, event: IMAGE, level: 1, share: 0.5 }];
        }
        Preset::NoCosts => {
            plan.happenings =
                (0..plan.events.len()).map(|event| Happening::CostsMissing { event, share: 1.0 }).collect();
        }
        Preset::OneCustomer => plan.customers = 1,
        Preset::WhaleHalf => plan.demand.first_share = Some(0.5),
        Preset::PromoOnly => {
            plan.packs = Vec::new();
            plan.promo =
                Some(PromoPlan { credits: credits(400), every_days: Some(14), valid_days: Some(30) });
        }
        Preset::NegativeEverywhere => {
            reported(&mut plan, CHAT, 0, 20 * TENTH);
            reported(&mut plan, IMAGE, 0, 95 * TENTH);
            reported(&mut plan, SUMMARY, 0, 38 * TENTH);
            reported(&mut plan, AGENT, 0, 240 * TENTH);
        }
        Preset::PriceChange => {
            plan.events[IMAGE].elasticity = -1.0;
            plan.events[IMAGE].credits = credits(4);
            reported(&mut plan, IMAGE, 0, 24 * TENTH);
            plan.happenings =
                vec![Happening::PriceChange { day: days / 2, event: IMAGE, credits: credits(5) }];
        }
        Preset::Golden => golden(&mut plan),
    }
    plan
}

/// A product to look around in, over so many days, as small as it can be with something to say on every page: a price
/// change, a provider that became dearer, credits given away, a cost that is sometimes missing, a customer who uses far
/// more for a while.
pub fn sample_plan(days: u32) -> MarketPlan {
    let mut plan = MarketPlan { name: "sample".into(), ..preset_over(Preset::PriceChange, days) };
    plan.customers = SAMPLE_CUSTOMERS;
    plan.scale_to(u64::from(days) * SAMPLE_EVENTS_A_DAY);
    plan.promo = Some(PromoPlan { credits: credits(30), every_days: Some(14), valid_days: Some(14) });
    plan.habits.never_buys = 0.1;
    let drift_day = days.saturating_sub(DRIFT_DAYS_BEFORE_END);
    plan.happenings.extend([
        Happening::CostDrift { day: drift_day, event: AGENT, level: None, factor: 1.3 },
        Happening::CostsMissing { event: SUMMARY, share: 0.02 },
        Happening::Abuse { day: days.saturating_sub(10), days: 5, customer: 3, factor: 6.0 },
    ]);
    plan
}

/// Makes a plan of so many event types: of the default ones first, then more of their kind under other names.
pub fn set_types(plan: &mut MarketPlan, types: usize) {
    let defaults = plan.events.clone();
    let copy = |(index, event): (usize, &EventPlan)| {
        let round = index / defaults.len();
        if round == 0 {
            return event.clone();
        }
        // A model of its own: a rate that moves for the first type must not move for all of them.
        let cost = match event.cost.clone() {
            CostPlan::RateCard { model, provider, input_tokens, output_tokens, input_pico, output_pico } => {
                let model = compact_str::format_compact!("{model}_{}", round + 1);
                CostPlan::RateCard { model, provider, input_tokens, output_tokens, input_pico, output_pico }
            }
            cost => cost,
        };
        let name = compact_str::format_compact!("{}_{}", event.name, round + 1);
        let label = compact_str::format_compact!("{} {}", event.label, round + 1);
        EventPlan { name, label, cost, ..event.clone() }
    };
    plan.events = defaults.iter().cycle().take(types.max(1)).enumerate().map(copy).collect();
    let types = plan.events.len();
    plan.happenings.retain(|happening| match *happening {
        Happening::PriceChange { event, .. }
        | Happening::CostDrift { event, .. }
        | Happening::MixShift { event, .. }
        | Happening::CostsMissing { event, .. }
        | Happening::CostsEstimated { event, .. } => event < types,
        Happening::Abuse { .. } => true,
    });
}

/// A plan that nothing is wrong with.
fn sound() -> MarketPlan {
    MarketPlan {
        name: "calm".into(),
        seed: 1,
        customers: 200,
        days: 120,
        start: START,
        target_margin_bp: 6_000,
        credit_value_nano: None,
        events: vec![
            event(("chat.reply", "Reply written"), "text", 1, (1_700.0, -0.7), 5 * TENTH),
            event(("image.generate", "Image generated"), "media", 5, (450.0, -0.8), 28 * TENTH),
            event(("ai.summary", "Text summarised"), "text", 2, (600.0, -0.5), 10 * TENTH),
            EventPlan {
                // 5,000 tokens at $4 and 3,000 at $16 the million: $0.068 on average.
                cost: CostPlan::RateCard {
                    provider: "acme".into(),
                    model: "agent-1".into(),
                    input_tokens: 5_000,
                    output_tokens: 3_000,
                    input_pico: 4_000_000,
                    output_pico: 16_000_000,
                },
                ..event(("agent.run", "Agent run"), "agents", 12, (250.0, -0.6), 0)
            },
        ],
        packs: vec![
            pack("starter_500", (500, 0), 10),
            pack("regular_1200", (1_150, 50), 20),
            pack("power_4000", (3_700, 300), 60),
        ],
        promo: None,
        demand: DemandPlan {
            volume_sigma: 1.4,
            first_share: None,
            weekend: 0.66,
            trend: 0.02,
            shock_sigma: 0.05,
            own_shock_sigma: 0.06,
            shock_memory: 0.5,
            customer_day_sigma: 0.5,
            arrivals: 0.15,
            loyalty: 0.4,
        },
        habits: HabitsPlan {
            never_buys: 0.0,
            buys_ahead: 0.4,
            buys: 0.75,
            leaves: 0.25,
            wait_days: 4.0,
            buys_for_days: 21.0,
        },
        happenings: Vec::new(),
    }
}

fn event(
    (name, label): (&str, &str),
    family: &str,
    price: i64,
    (events_a_day, elasticity): (f64, f64),
    unit_nano: i64,
) -> EventPlan {
    EventPlan {
        name: name.into(),
        label: label.into(),
        family: family.into(),
        credits: credits(price),
        events_a_day,
        elasticity,
        quantity: QuantityPlan::One,
        cost: CostPlan::Reported { fixed_nano: 0, unit_nano },
        cost_spread: 0.2,
        day_noise: 0.03,
        event_noise: 0.3,
        levels: Vec::new(),
    }
}

fn reported(plan: &mut MarketPlan, event: usize, fixed_nano: i64, unit_nano: i64) {
    plan.events[event].cost = CostPlan::Reported { fixed_nano, unit_nano };
}

/// `image.generate` with two models: one earns 85 %, the other nothing.
fn levels(plan: &mut MarketPlan, fast: f64, fine: f64) {
    let level = |name: &str, share, unit_nano| LevelPlan { name: name.into(), share, unit_nano };
    reported(plan, IMAGE, 0, 0);
    plan.events[IMAGE].levels = vec![level("fast-1", fast, 12 * TENTH), level("fine-1", fine, 80 * TENTH)];
    plan.events[IMAGE].cost_spread = 0.1;
}

/// 45,500 events in 30 days, whose cost is the same to the last digit, and which everybody can pay.
fn golden(plan: &mut MarketPlan) {
    plan.events.truncate(1);
    let chat = &mut plan.events[CHAT];
    // 45,500 in 30 days.
    (chat.credits, chat.events_a_day) = (credits(4), 1_516.666_666_666_666_7);
    (chat.cost_spread, chat.day_noise, chat.event_noise) = (0.0, 0.0, 0.0);
    reported(plan, CHAT, 0, 42 * TENTH / 10);
    plan.customers = 60;
    plan.target_margin_bp = 7_500;
    plan.credit_value_nano = Some(4 * TENTH);
    plan.packs = vec![pack("small_2500", (2_500, 0), 10), pack("large_25000", (25_000, 0), 100)];
    plan.demand.volume_sigma = 0.8;
    (plan.demand.trend, plan.demand.arrivals) = (0.0, 0.0);
    (plan.demand.shock_sigma, plan.demand.own_shock_sigma) = (0.02, 0.0);
    plan.habits = HabitsPlan { buys_ahead: 1.0, buys: 1.0, leaves: 0.0, ..plan.habits };
}

fn pack(code: &str, (paid, bonus): (i64, i64), dollars: i64) -> PackPlan {
    PackPlan {
        code: code.into(),
        credits: credits(paid),
        bonus: credits(bonus),
        price_nano: dollars * 1_000_000_000,
    }
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).unwrap_or(Credits::ZERO)
}
