//! Recommendations: what the advisor says about a price, and what became of it.
//!
//! A recommendation is recorded with everything that its card shows, so that every word of it can be checked later
//! against one fact. Its id is sealed with that fact, so whoever applies the id applies exactly this proposal.
//!
//! Invariants: nothing here changes a price. Applying publishes a price version by the same rule as any other
//! ([`PriceRequest`] with [`Because::Approves`]), and only of what is pending, was made for the version that is the
//! newest still, and is sure enough. What a status depends on beside decisions (a later recommendation in its place,
//! another version, time) is derived from the journal and told by nobody.
//!
//! Not owned here: how advice is found (the advisor), and its words.

mod backtest;
mod evidence;
mod goals;
pub(crate) mod rules;

use std::sync::Arc;

use compact_str::CompactString;

pub use self::backtest::{Backtest, Grade, Outcome, PriceRun, Shock, Verdict};
pub use self::evidence::{
    Cap, CapReason, Detail, Driver, Evidence, Guardrail, GuardrailRule, Level, Need, Needed, Span, Tail,
};
pub use self::goals::{AdviceSettings, BLACKOUTS_MAX, Blackout, Objective};
use crate::codec::{Bytes, Codec, DecodeError, boxed_codec, codec_enum, codec_struct};
use crate::{Credits, EntryId, EventTypeNo, Grid, KeyNo, Millis, Position, PriceNo, Rounding, Rule};

/// How long a recommendation can be applied, in milliseconds (14 days): its figures are older by then.
pub const RECOMMENDATION_LASTS_MS: i64 = 14 * 24 * 60 * 60 * 1_000;
/// How long after a price began to hold its recommendation is graded, in milliseconds (31 days): three days for
/// people to notice, and four weeks.
pub const REVIEW_AFTER_MS: i64 = 31 * 24 * 60 * 60 * 1_000;
/// From these probabilities on, in basis points, a claim is stated as very sure, sure or likely. Below the last one
/// nothing can be applied.
pub const VERY_HIGH_BP: u32 = 9_500;
/// See [`VERY_HIGH_BP`].
pub const HIGH_BP: u32 = 8_500;
/// See [`VERY_HIGH_BP`].
pub const MEDIUM_BP: u32 = 7_000;

/// What kind of thing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdviceKind {
    /// It costs more than it earns. Claim: the true mean margin is below 0.
    LossMaking,
    /// The margin is under its target. Claim: profit rises, and the margin stays above the floor.
    UnderTarget,
    /// The margin is far over its target, and few use it. Claim: profit rises, and the margin stays at the target.
    OverTarget,
    /// Values of a dimension differ much in margin. Claim: by more than 15 points.
    Split,
    /// Small events lose money. Claim: there is a base cost, and their margin is below the floor.
    Minimum,
    /// A provider's rate moved. Claim: by at least 5 %.
    CostDrift,
    /// Dear events became more of all events. Claim: that moved the mean cost more than rates did.
    MixDrift,
    /// Costs or prices are missing, so that nothing can be said of margins.
    DataQuality,
}
codec_enum!(AdviceKind, "kind of recommendation" {
    1 => LossMaking, 2 => UnderTarget, 3 => OverTarget, 4 => Split, 5 => Minimum, 6 => CostDrift, 7 => MixDrift,
    8 => DataQuality,
});

impl AdviceKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LossMaking,
        Self::UnderTarget,
        Self::OverTarget,
        Self::Split,
        Self::Minimum,
        Self::CostDrift,
        Self::MixDrift,
        Self::DataQuality,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LossMaking => "loss_making",
            Self::UnderTarget => "under_target",
            Self::OverTarget => "over_target",
            Self::Split => "split_by_dimension",
            Self::Minimum => "add_minimum",
            Self::CostDrift => "cost_drift",
            Self::MixDrift => "mix_drift",
            Self::DataQuality => "data_quality",
        }
    }
}

/// How sure a recommendation is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// Not enough to act on: it is only watched.
    Watching,
    /// Likely.
    Medium,
    /// Sure.
    High,
    /// Very sure.
    VeryHigh,
}

impl Sureness {
    /// Its public name: `low`, `medium` or `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watching => "low",
            Self::Medium => "medium",
            Self::High | Self::VeryHigh => "high",
        }
    }
}

/// The price version that applying publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvisedPrice {
    /// The rule.
    pub rule: Rule,
    /// To what a price is rounded.
    pub grid: Grid,
    /// Which way.
    pub rounding: Rounding,
}
codec_struct!(AdvisedPrice { rule, grid, rounding });

/// One piece of advice, with everything that its card shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// What kind of thing is said.
    pub kind: AdviceKind,
    /// Of which event type.
    pub event_type: EventTypeNo,
    /// The newest version when it was made: applied later, it must be the newest still.
    pub base: Option<PriceNo>,
    /// What applying publishes; `None` where there is nothing to publish.
    pub proposal: Option<AdvisedPrice>,
    /// What a typical unit costs now.
    pub current: Option<Credits>,
    /// What it would cost.
    pub recommended: Option<Credits>,
    /// Whose doing it is.
    pub driver: Driver,
    /// The probability of the claim as it is stated, in basis points.
    pub probability_bp: u32,
    /// The same before caps.
    pub uncapped_bp: u32,
    /// Whether the claim is a sum and no estimate.
    pub is_exact: bool,
    /// The caps that were reached.
    pub caps: Vec<Cap>,
    /// What is missing; nothing can be applied while something is.
    pub needs: Vec<Need>,
    /// How the proposal stands to the rules that keep advice from doing harm.
    pub guardrails: Vec<Guardrail>,
    /// What it brings in a month of 30 days, in nano-units of what is left of revenue: the middle at the same usage,
    /// the ends as usage may answer.
    pub lift: Span,
    /// What leaving it costs in a month of 30 days, in nano-units: what is lost, or lacks to the target.
    pub if_left: Span,
    /// The figures behind it.
    pub evidence: Evidence,
    /// What it would have done to the past.
    pub backtest: Option<Backtest>,
    /// Figures from when …
    pub window_from: Millis,
    /// … until before when.
    pub window_to: Millis,
    /// Only of facts below this position.
    pub cut_off: Position,
    /// Which method found it.
    pub method: u32,
    /// With which random numbers.
    pub seed: u64,
}
codec_struct!(Recommendation {
    kind,
    event_type,
    base,
    proposal,
    current,
    recommended,
    driver,
    probability_bp,
    uncapped_bp,
    is_exact,
    caps,
    needs,
    guardrails,
    lift,
    if_left,
    evidence,
    backtest,
    window_from,
    window_to,
    cut_off,
    method,
    seed
});
boxed_codec!(Recommendation, Outcome);

impl Recommendation {
    /// How sure it is.
    pub fn sureness(&self) -> Sureness {
        match self.probability_bp {
            _ if !self.needs.is_empty() => Sureness::Watching,
            VERY_HIGH_BP.. => Sureness::VeryHigh,
            HIGH_BP.. => Sureness::High,
            MEDIUM_BP.. => Sureness::Medium,
            _ => Sureness::Watching,
        }
    }

    /// Whether an approval has to say how many days of notice customers get: their bills rise much.
    pub fn wants_notice(&self) -> bool {
        self.guardrails.iter().any(|g| g.rule == GuardrailRule::BillShock && !g.is_kept)
    }
}

/// Why a price version was published, where a recommendation is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It is what this recommendation proposed.
    Approves {
        /// Which.
        id: EntryId,
        /// Days until it holds, where the approval says so; what the settings say where it does not.
        notice_days: Option<u32>,
    },
    /// It takes back what this recommendation changed.
    RollsBack {
        /// Which.
        id: EntryId,
    },
}
codec_enum!(Because, "reason for a price" { 1 => Approves { id, notice_days }, 2 => RollsBack { id } });

/// What was decided of a recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// Its price was published.
    Applied {
        /// As which version.
        price: PriceNo,
        /// From when it holds.
        effective_at: Millis,
        /// Who approved it.
        by: KeyNo,
        /// When.
        at: Millis,
        /// Why.
        reason: CompactString,
    },
    /// A person turned it down.
    Rejected {
        /// Who.
        by: KeyNo,
        /// When.
        at: Millis,
        /// Why.
        reason: CompactString,
    },
    /// A later one of the same kind and event type took its place.
    Superseded {
        /// When.
        at: Millis,
    },
    /// Another price version was published.
    Overtaken {
        /// When.
        at: Millis,
    },
}
codec_enum!(Decision, "decision" {
    0 => Open,
    1 => Applied { price, effective_at, by, at, reason },
    2 => Rejected { by, at, reason },
    3 => Superseded { at },
    4 => Overtaken { at },
});

/// Where a recommendation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdviceStatus {
    /// It waits for a person.
    Pending,
    /// Its price holds from a later time on.
    Accepted,
    /// Its price is in force, or was.
    Applied,
    /// It was turned down.
    Rejected,
    /// Its time is over, or another took its place.
    Expired,
}

impl AdviceStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Accepted, Self::Applied, Self::Rejected, Self::Expired];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// A recommendation, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advised {
    /// The fact that made it.
    pub id: EntryId,
    /// When.
    pub made_at: Millis,
    /// What it says. Shared between snapshots of the catalogue, because it is large and never changes.
    pub recommendation: Arc<Recommendation>,
    /// What was decided.
    pub decision: Decision,
    /// The version that took its price back.
    pub rolled_back: Option<PriceNo>,
    /// How it was graded.
    pub grade: Option<Grade>,
}
codec_struct!(Advised { id, made_at, recommendation, decision, rolled_back, grade });

impl Codec for Arc<Recommendation> {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_ref().put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Recommendation::get(from).map(Self::new)
    }
}

impl Advised {
    /// Where it stands at `now`.
    pub fn status(&self, now: Millis) -> AdviceStatus {
        match &self.decision {
            Decision::Open if now < self.expires_at() => AdviceStatus::Pending,
            Decision::Open | Decision::Superseded { .. } | Decision::Overtaken { .. } => {
                AdviceStatus::Expired
            }
            Decision::Applied { effective_at, .. } if *effective_at > now => AdviceStatus::Accepted,
            Decision::Applied { .. } => AdviceStatus::Applied,
            Decision::Rejected { .. } => AdviceStatus::Rejected,
        }
    }

    /// Until when it can be decided on.
    pub fn expires_at(&self) -> Millis {
        self.made_at.plus(RECOMMENDATION_LASTS_MS)
    }

    /// When it is looked at again; `None` unless its price was published.
    pub fn review_at(&self) -> Option<Millis> {
        match self.decision {
            Decision::Applied { effective_at, .. } => Some(effective_at.plus(REVIEW_AFTER_MS)),
            _ => None,
        }
    }
}

/// That an environment was looked at, whatever was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdviceLook {
    /// Facts below this position.
    pub cut_off: Position,
    /// When the last of them was recorded.
    pub as_of: Millis,
    /// Which method.
    pub method: u32,
    /// With which random numbers.
    pub seed: u64,
    /// How many recommendations were new.
    pub made: u32,
}
codec_struct!(AdviceLook { cut_off, as_of, method, seed, made });
