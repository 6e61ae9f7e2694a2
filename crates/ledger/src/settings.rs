//! What an environment's figures and advice depend on, beside its events. Changed by a fact, so that its order among
//! them is known.

use compact_str::CompactString;

use crate::codec::codec_struct;
use crate::{Money, Rejection};

/// The margin aimed at where nobody says otherwise, in basis points of revenue: 60 %.
const TARGET_MARGIN_BP_DEFAULT: u32 = 6_000;
/// The longest name of a time zone, in bytes: the longest there is has 32.
const TIME_ZONE_BYTES_MAX: usize = 64;

/// Settings of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The IANA time zone in which reports count days, weeks and months: `UTC`, `Europe/Berlin`.
    pub time_zone: CompactString,
    /// The margin aimed at, in basis points of revenue, below 10,000.
    pub target_margin_bp: u32,
    /// What a credit is worth in planning, in nano-units; `None`: what was really paid for one.
    pub credit_value_nano: Option<i64>,
}
codec_struct!(Settings { time_zone, target_margin_bp, credit_value_nano });

impl Default for Settings {
    fn default() -> Self {
        Self { time_zone: "UTC".into(), target_margin_bp: TARGET_MARGIN_BP_DEFAULT, credit_value_nano: None }
    }
}

impl Settings {
    /// # Errors
    /// [`Rejection::Invalid`] naming the field. Whether the time zone exists is for the caller to look up: the rules
    /// know no list of them.
    pub fn check(&self) -> Result<(), Rejection> {
        if self.time_zone.is_empty() || self.time_zone.len() > TIME_ZONE_BYTES_MAX {
            return Err(Rejection::invalid(
                "time_zone",
                "must be the name of a time zone, such as Europe/Berlin",
            ));
        }
        if self.target_margin_bp >= 10_000 {
            return Err(Rejection::invalid(
                "target_margin",
                "must be below 1: a margin is a part of revenue",
            ));
        }
        if self.credit_value_nano.is_some_and(|nano| !(1..=Money::NANO_MAX).contains(&nano)) {
            return Err(Rejection::invalid(
                "credit_value",
                "must be greater than zero and within the largest amount",
            ));
        }
        Ok(())
    }
}
