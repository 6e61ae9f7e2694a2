//! What an environment's figures and advice depend on, beside its events. Changed by a fact, so that its order among
//! them is known.

use compact_str::CompactString;

use crate::codec::codec_struct;
use crate::{AdviceSettings, Credits, Money, PACK_VALID_DAYS_MAX, Rejection, Shortfall};

/// The margin aimed at where nobody says otherwise, in basis points of revenue: 60 %.
const TARGET_MARGIN_BP_DEFAULT: u32 = 6_000;
/// The longest name of a time zone, in bytes: the longest there is has 32.
const TIME_ZONE_BYTES_MAX: usize = 64;

/// Origins that buyers may be sent back to after a checkout: more are better served by one page that sends them on.
pub const REDIRECT_ORIGINS_MAX: usize = 20;

/// What a customer gets who is seen for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WelcomeGrant {
    /// How many credits, at no price.
    pub credits: Credits,
    /// For how many days they are good; for ever when not given.
    pub valid_days: Option<u32>,
}
codec_struct!(WelcomeGrant { credits, valid_days });

/// What a payment provider is asked to do at every checkout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckoutSettings {
    /// Work out and add tax.
    pub automatic_tax: bool,
    /// Write an invoice.
    pub invoices: bool,
    /// Let buyers enter promotion codes.
    pub promotion_codes: bool,
}
codec_struct!(CheckoutSettings { automatic_tax, invoices, promotion_codes });

/// Settings of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The IANA time zone in which reports count days, weeks and months: `UTC`, `Europe/Berlin`.
    pub time_zone: CompactString,
    /// The margin aimed at, in basis points of revenue, below 10,000.
    pub target_margin_bp: u32,
    /// What a credit is worth in planning, in nano-units; `None`: what was really paid for one.
    pub credit_value_nano: Option<i64>,
    /// What customers get who are seen for the first time.
    pub welcome: Option<WelcomeGrant>,
    /// What happens to used credits whose money was refunded.
    pub refund_shortfall: Shortfall,
    /// What happens to used credits whose money was taken by a dispute.
    pub dispute_shortfall: Shortfall,
    /// What checkouts are like.
    pub checkout: CheckoutSettings,
    /// Where buyers may be sent back to: `https://app.example.com`, sorted, without repeats.
    pub redirect_origins: Vec<CompactString>,
    /// What advice is to reach, and what it may not do.
    pub advice: AdviceSettings,
    /// Whether the compatibility surface makes an event type of a name that it does not know, outside of *test* too.
    pub compat_creates_event_types: bool,
}
codec_struct!(Settings {
    time_zone,
    target_margin_bp,
    credit_value_nano,
    welcome,
    refund_shortfall,
    dispute_shortfall,
    checkout,
    redirect_origins,
    advice,
    compat_creates_event_types
});

impl Default for Settings {
    fn default() -> Self {
        Self {
            time_zone: "UTC".into(),
            target_margin_bp: TARGET_MARGIN_BP_DEFAULT,
            credit_value_nano: None,
            welcome: None,
            refund_shortfall: Shortfall::Debt,
            dispute_shortfall: Shortfall::DebtAndFreeze,
            checkout: CheckoutSettings::default(),
            redirect_origins: Vec::new(),
            advice: AdviceSettings::default(),
            compat_creates_event_types: false,
        }
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
        if let Some(WelcomeGrant { credits, valid_days }) = self.welcome {
            if !credits.is_positive() {
                return Err(Rejection::invalid("welcome_grant.credits", "must be greater than zero"));
            }
            if valid_days.is_some_and(|days| !(1..=PACK_VALID_DAYS_MAX).contains(&days)) {
                return Err(Rejection::invalid(
                    "welcome_grant.valid_days",
                    format!("must be 1 to {PACK_VALID_DAYS_MAX}"),
                ));
            }
        }
        if self.redirect_origins.len() > REDIRECT_ORIGINS_MAX {
            return Err(Rejection::invalid(
                "redirect_origins",
                format!("must be {REDIRECT_ORIGINS_MAX} at most"),
            ));
        }
        self.advice.check()
    }
}
