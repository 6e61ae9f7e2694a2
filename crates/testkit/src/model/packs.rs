//! Packs for sale, what customers get at first sight, and what becomes of credits whose money went back.

use std::collections::BTreeSet;

use super::catalogue::Catalogue;
use super::price::NANO_MAX;
use super::wallet::{Lot, Wallet};
use super::{
    Answer, CREDITS_MAX, DAY_MS, Happening, Kind, LotStatus, Micro, Model, Money, Ms, Place, Rejected,
    Request,
};

/// What happens to credits that were used before their money went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// They are owed.
    Debt,
    /// They are owed, and new spending waits.
    DebtAndFreeze,
    /// Nobody owes them.
    Uncollectable,
}

/// A version of a pack.
#[derive(Clone, Debug)]
pub(super) struct Pack {
    pub(super) number: u32,
    pub(super) code: String,
    /// Bonus included.
    pub(super) credits: Micro,
    pub(super) price: Money,
    pub(super) valid_days: Option<u32>,
    pub(super) is_active: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Credits, and for how many days.
    pub(super) welcome: Option<(Micro, Option<u32>)>,
    pub(super) refund_shortfall: Shortfall,
    pub(super) dispute_shortfall: Shortfall,
}

impl Default for Settings {
    fn default() -> Self {
        Self { welcome: None, refund_shortfall: Shortfall::Debt, dispute_shortfall: Shortfall::DebtAndFreeze }
    }
}

/// The smallest coin of the currency of the tests: a cent, in nano-units.
pub(super) const COIN: i128 = 10_000_000;
const PACKS_MAX: usize = 100;
const DAYS_MAX: u32 = 3_650;

impl Catalogue {
    pub(super) fn newest_pack(&self, code: &str) -> Option<&Pack> {
        self.packs.iter().rfind(|pack| pack.code == code)
    }
}

impl Model {
    pub(super) fn check_for_sale(&self, code: &str) -> Result<(), Rejected> {
        let pack = self.catalogue.newest_pack(code).ok_or(Rejected::NotFound)?;
        if pack.is_active { Ok(()) } else { Err(Rejected::Invalid { field: "pack".to_owned() }) }
    }

    pub(super) fn publish_pack(&mut self, request: &Request) -> Answer {
        let Request::PublishPack { code, credits, bonus, price, valid_days, is_active } = request else {
            unreachable!("a pack request")
        };
        let codes: BTreeSet<&str> = self.catalogue.packs.iter().map(|pack| pack.code.as_str()).collect();
        let is_new = !codes.contains(code.as_str());
        let wrong = if code.is_empty() || code.len() > 64 {
            Some("code")
        } else if *credits <= 0 {
            Some("credits")
        } else if *bonus < 0 || credits + bonus > CREDITS_MAX {
            Some("bonus_credits")
        } else if price.currency != self.catalogue.currency {
            Some("price.currency")
        } else if !(1..=NANO_MAX).contains(&price.nano) || price.nano % COIN != 0 {
            Some("price.amount")
        } else if valid_days.is_some_and(|days| days == 0 || days > DAYS_MAX) {
            Some("valid_days")
        } else if is_new && codes.len() == PACKS_MAX {
            Some("code")
        } else {
            None
        };
        if let Some(field) = wrong {
            return Answer::Rejected(Rejected::Invalid { field: field.to_owned() });
        }
        let version = 1 + self.catalogue.packs.iter().filter(|pack| pack.code == *code).count();
        let number = u32::try_from(self.catalogue.packs.len()).expect("few packs");
        self.catalogue.packs.push(Pack {
            number,
            code: code.clone(),
            credits: credits + bonus,
            price: price.clone(),
            valid_days: *valid_days,
            is_active: *is_active,
        });
        let version = u32::try_from(version).expect("few versions");
        self.record(None, Happening::PackPublished { pack: number, version })
    }

    pub(super) fn change_settings(&mut self, request: &Request) -> Answer {
        let Request::ChangeSettings { welcome, refund_shortfall, dispute_shortfall } = request else {
            unreachable!("a request for settings")
        };
        let wrong = match welcome {
            Some((credits, _)) if *credits <= 0 => Some("welcome_grant.credits"),
            Some((_, Some(days))) if *days == 0 || *days > DAYS_MAX => Some("welcome_grant.valid_days"),
            _ => None,
        };
        if let Some(field) = wrong {
            return Answer::Rejected(Rejected::Invalid { field: field.to_owned() });
        }
        self.catalogue.settings = Settings {
            welcome: *welcome,
            refund_shortfall: *refund_shortfall,
            dispute_shortfall: *dispute_shortfall,
        };
        self.record(None, Happening::SettingsChanged)
    }
}

impl Wallet {
    /// The wallet's first lot, given as it is opened: how many credits, until when.
    pub(super) fn welcome(
        &mut self,
        place: Place,
        (credits, days): (Micro, Option<u32>),
        now: Ms,
    ) -> (Micro, Option<Ms>) {
        let expires_at = days.map(|days| now + Ms::from(days) * DAY_MS);
        self.bring_in(place, (Kind::Promotional, credits, None), expires_at, now);
        (credits, expires_at)
    }

    /// A lot that is good at once and for everything.
    pub(super) fn bring_in(
        &mut self,
        place: Place,
        (kind, credits, price): (Kind, Micro, Option<Money>),
        expires_at: Option<Ms>,
        now: Ms,
    ) -> u32 {
        let number = self.next_lot();
        self.lots.push(Lot {
            number,
            granted_by: place,
            kind,
            status: LotStatus::Active,
            credits,
            price,
            priority: 0,
            effective_at: now,
            expires_at,
            granted_at: now,
            scope: BTreeSet::new(),
            moves: Vec::new(),
            lapses: Vec::new(),
        });
        number
    }
}
