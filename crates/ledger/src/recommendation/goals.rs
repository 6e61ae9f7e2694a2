//! What the operator wants of advice, and when not to be given any change.

use crate::codec::{codec_enum, codec_struct};
use crate::{Millis, Rejection};

/// Stretches of days without price changes that may be named: a year of holidays.
pub const BLACKOUTS_MAX: usize = 50;
/// Basis points of a whole.
const WHOLE_BP: u32 = 10_000;

/// What advice is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Objective {
    /// The target margin, with the least change.
    #[default]
    TargetMargin,
    /// The largest gross profit.
    Profit,
    /// The largest revenue.
    Revenue,
}
codec_enum!(Objective, "objective" { 0 => TargetMargin, 1 => Profit, 2 => Revenue });

impl Objective {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TargetMargin, Self::Profit, Self::Revenue];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TargetMargin => "target_margin",
            Self::Profit => "profit",
            Self::Revenue => "revenue",
        }
    }
}

/// A stretch of time in which no recommended price may begin to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blackout {
    /// From when.
    pub from: Millis,
    /// Until before when.
    pub to: Millis,
}
codec_struct!(Blackout { from, to });

/// Goals and guardrails of advice, beside the target margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdviceSettings {
    /// Whether an environment is looked at by itself, once a week. Whoever asks is answered either way.
    pub is_weekly: bool,
    /// What advice is to reach.
    pub objective: Objective,
    /// The margin below which no recommended price may lead, in basis points of revenue.
    pub floor_bp: u32,
    /// How far a margin may be off its target before anything is said, in basis points.
    pub dead_band_bp: u32,
    /// How much one change may move a price, in basis points of it.
    pub step_bp: u32,
    /// Price changes of all event types that may be younger than their review, so that some types stay to compare with.
    pub live_changes_max: u32,
    /// Days of notice that an approval has where it says nothing else.
    pub notice_days: u32,
    /// Where an elasticity is expected before anything was seen, in thousandths.
    pub elasticity_milli: i32,
    /// How far from there elasticities usually are, in thousandths.
    pub elasticity_scale_milli: i32,
    /// When no recommended price may begin to hold, in order.
    pub blackouts: Vec<Blackout>,
}
codec_struct!(AdviceSettings {
    is_weekly,
    objective,
    floor_bp,
    dead_band_bp,
    step_bp,
    live_changes_max,
    notice_days,
    elasticity_milli,
    elasticity_scale_milli,
    blackouts
});

impl Default for AdviceSettings {
    fn default() -> Self {
        Self {
            is_weekly: true,
            objective: Objective::TargetMargin,
            floor_bp: 4_000,
            dead_band_bp: 200,
            step_bp: 2_000,
            live_changes_max: 2,
            notice_days: 0,
            elasticity_milli: -700,
            elasticity_scale_milli: 600,
            blackouts: Vec::new(),
        }
    }
}

/// Days of notice at most: a price that is a year away is no advice on this month.
const NOTICE_DAYS_MAX: u32 = 365;
/// Live changes at most.
const LIVE_CHANGES_MAX: u32 = 100;

impl AdviceSettings {
    pub(crate) fn check(&self) -> Result<(), Rejection> {
        let wrong = |field: &str, problem: &str| Err(Rejection::invalid(&format!("advice.{field}"), problem));
        if self.floor_bp >= WHOLE_BP {
            return wrong("margin_floor", "must be below 1: a margin is a part of revenue");
        }
        if self.dead_band_bp >= WHOLE_BP {
            return wrong("dead_band", "must be below 1");
        }
        if !(1..=WHOLE_BP).contains(&self.step_bp) {
            return wrong("step_limit", "must be greater than 0 and at most 1");
        }
        if !(1..=LIVE_CHANGES_MAX).contains(&self.live_changes_max) {
            return wrong("live_changes", "must be 1 to 100");
        }
        if self.notice_days > NOTICE_DAYS_MAX {
            return wrong("notice_days", "must be 365 at most");
        }
        if !(-5_000..=0).contains(&self.elasticity_milli) {
            return wrong("elasticity.centre", "must be from -5 to 0");
        }
        if !(100..=5_000).contains(&self.elasticity_scale_milli) {
            return wrong("elasticity.scale", "must be from 0.1 to 5");
        }
        if self.blackouts.len() > BLACKOUTS_MAX {
            return wrong("blackouts", "must be 50 at most");
        }
        if self.blackouts.iter().any(|blackout| blackout.to <= blackout.from) {
            return wrong("blackouts", "must end later than they begin");
        }
        Ok(())
    }

    /// The blackout that a time lies in.
    pub fn blackout_at(&self, at: Millis) -> Option<&Blackout> {
        self.blackouts.iter().find(|blackout| (blackout.from..blackout.to).contains(&at))
    }
}
