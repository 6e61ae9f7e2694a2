//! Budgets of API keys: how many credits may be spent in a key's name in a day, in all and for each customer.
//!
//! A day is a day of UTC by the time of the facts, so that a fold counts as the writer did. What counts: the credits of
//! an event, and what a hold sets aside, on the day on which it does; whatever paid, and owed or uncharged parts as
//! well. What a hold gives back on the day it was set aside is there again. A reversal gives nothing back.
//!
//! A key made in another's place spends out of the same purse, so that rotating a key doubles no budget. Only keys with a
//! budget are counted, and only the current day: the first call that counts on another day forgets all before it.
//!
//! Not owned here: who may set a budget, and which calls may be made at all (scopes).

use hashbrown::HashMap;

use crate::codec::{Bytes, Codec, DecodeError, codec_enum, codec_struct};
use crate::{ApiKey, Credits, KeyNo, Millis, Refusal, Rejection, WalletNo, meter};

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Customers of one day that a key with a budget for each of them may spend for: what is counted of them is kept in
/// memory and in checkpoints.
pub const BUDGET_CUSTOMERS_PER_DAY_MAX: usize = 10_000;

/// What may be spent in a key's name in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Budget {
    /// In all.
    pub per_day: Option<Credits>,
    /// For each customer.
    pub per_customer_per_day: Option<Credits>,
}
codec_struct!(Budget { per_day, per_customer_per_day });

impl Budget {
    /// # Errors
    /// [`Rejection::Invalid`] naming the field.
    pub fn check(&self) -> Result<(), Rejection> {
        if let Some(credits) = self.per_day {
            meter::check_credits("budget.credits_per_day", credits)?;
        }
        if let Some(credits) = self.per_customer_per_day {
            meter::check_credits("budget.credits_per_customer_per_day", credits)?;
        }
        if *self == Self::default() {
            return Err(Rejection::invalid("budget", "must have a limit"));
        }
        Ok(())
    }
}

/// What an API key is kept from, where it is kept from anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    /// What may be spent in its name.
    pub budget: Option<Budget>,
    /// Whether it may choose the credits of an event or a hold.
    pub may_set_credits: bool,
}
codec_struct!(KeyLimits { budget, may_set_credits });

impl KeyLimits {
    /// Boxed, where there is anything to say.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

impl Default for KeyLimits {
    fn default() -> Self {
        Self { budget: None, may_set_credits: true }
    }
}

/// Whose budget was not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetOf {
    /// The key's in all.
    Key,
    /// The key's for one customer.
    Customer,
}
codec_enum!(BudgetOf, "budget" { 1 => Key, 2 => Customer });

impl BudgetOf {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Customer => "customer",
        }
    }

    pub(crate) const fn for_whom(self) -> &'static str {
        match self {
            Self::Key => "",
            Self::Customer => " for this customer",
        }
    }
}

/// A limit, and what was spent of it today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allotted {
    /// The most.
    pub limit: Credits,
    /// Of it, what is spent.
    pub spent: Credits,
}

impl Allotted {
    /// What is left; nothing where the limit was lowered below what is spent.
    pub fn left(&self) -> Credits {
        (self.limit - self.spent).max(Credits::ZERO)
    }
}

/// What a key may still spend today, for one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Means {
    /// In all, where that is limited.
    pub key: Option<Allotted>,
    /// For the customer, where that is limited.
    pub customer: Option<Allotted>,
    /// What was spent in all, limited or not, while the key has a budget.
    pub total: Credits,
    /// Whether the key has spent for as many customers as can be counted, and not for this one.
    is_full: bool,
    /// When a new day begins.
    pub renews_at: Millis,
}

impl Means {
    /// Refuses what is beyond the budget. What costs nothing never is.
    pub(crate) fn check(&self, required: Credits) -> Result<(), Refusal> {
        if !required.is_positive() {
            return Ok(());
        }
        let renews_at = self.renews_at;
        for (budget, allotted) in [(BudgetOf::Key, self.key), (BudgetOf::Customer, self.customer)] {
            if let Some(allotted) = allotted.filter(|allotted| required > allotted.left()) {
                let Allotted { limit, spent } = allotted;
                return Err(Refusal::BudgetExceeded { budget, limit, spent, required, renews_at });
            }
        }
        if self.total.checked_add(required).is_none() {
            // Nobody set this limit: beyond it there are no amounts to count by.
            let (budget, limit, spent) = (BudgetOf::Key, Credits::MAX, self.total);
            return Err(Refusal::BudgetExceeded { budget, limit, spent, required, renews_at });
        }
        if self.is_full {
            let limit = u32::try_from(BUDGET_CUSTOMERS_PER_DAY_MAX).unwrap_or(u32::MAX);
            return Err(Refusal::TooManyCustomers { limit, renews_at });
        }
        Ok(())
    }
}

/// Credits of an open hold that were counted when they were set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// In whose purse.
    pub(crate) purse: KeyNo,
    /// On which day.
    pub(crate) day: i64,
    /// How many.
    pub(crate) credits: Credits,
    /// Whether for the customer as well.
    pub(crate) by_customer: bool,
}
codec_struct!(SetAside { purse, day, credits, by_customer });

/// Takes what a capture takes off what was counted, the oldest first. The rest is what ending the hold gives back.
pub(crate) fn use_up(set_aside: &mut Vec<SetAside>, captured: Credits) {
    let mut left = captured;
    for part in set_aside.iter_mut() {
        let used = part.credits.min(left);
        part.credits -= used;
        left -= used;
    }
    set_aside.retain(|part| part.credits.is_positive());
}

/// What was spent today by keys with a budget.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Spending {
    /// The day, counted from 1970-01-01.
    pub(crate) day: i64,
    /// By purse: the first key of those that were made one in another's place.
    pub(crate) purses: HashMap<KeyNo, Spent>,
}

/// What was spent today out of one purse.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Spent {
    /// In all.
    pub(crate) total: Credits,
    /// By customer, while there is a limit for each.
    pub(crate) customers: HashMap<WalletNo, Credits>,
}

impl Spending {
    /// What of a budget is there at `now`.
    pub(crate) fn means(&self, purse: KeyNo, budget: Budget, wallet: Option<WalletNo>, now: Millis) -> Means {
        let day = day_of(now);
        let spent = self.purses.get(&purse).filter(|_| self.day == day);
        let of_customer = spent.zip(wallet).and_then(|(spent, wallet)| spent.customers.get(&wallet)).copied();
        let customers = spent.map_or(0, |spent| spent.customers.len());
        Means {
            key: budget
                .per_day
                .map(|limit| Allotted { limit, spent: spent.map(|s| s.total).unwrap_or_default() }),
            customer: budget
                .per_customer_per_day
                .map(|limit| Allotted { limit, spent: of_customer.unwrap_or_default() }),
            total: spent.map(|s| s.total).unwrap_or_default(),
            is_full: budget.per_customer_per_day.is_some()
                && of_customer.is_none()
                && customers >= BUDGET_CUSTOMERS_PER_DAY_MAX,
            renews_at: budgets_renew_at(now),
        }
    }

    /// What was spent out of a key's purse on the day of `now`: in all, and for how many customers, where there is a limit
    /// for each.
    pub fn of(&self, key: &ApiKey, now: Millis) -> (Credits, usize) {
        let spent = self.purses.get(&key.purse).filter(|_| self.day == day_of(now));
        spent.map_or((Credits::ZERO, 0), |spent| (spent.total, spent.customers.len()))
    }

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        crate::codec::encode_one(self)
    }

    /// Reads [`Spending::encode`] back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        crate::codec::decode_one(bytes)
    }
}

/// When the day after that of `now` begins.
pub const fn budgets_renew_at(now: Millis) -> Millis {
    Millis((day_of(now) + 1).saturating_mul(DAY_MS))
}

/// The day of an instant, in UTC.
pub(crate) const fn day_of(at: Millis) -> i64 {
    at.0.div_euclid(DAY_MS)
}

impl Codec for Spending {
    fn put(&self, out: &mut Vec<u8>) {
        self.day.put(out);
        in_order(&self.purses).put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let (day, purses) = (Codec::get(from)?, Vec::<(KeyNo, Spent)>::get(from)?);
        Ok(Self { day, purses: purses.into_iter().collect() })
    }
}

impl Codec for Spent {
    fn put(&self, out: &mut Vec<u8>) {
        self.total.put(out);
        in_order(&self.customers).put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let (total, customers) = (Codec::get(from)?, Vec::<(WalletNo, Credits)>::get(from)?);
        Ok(Self { total, customers: customers.into_iter().collect() })
    }
}

/// One form for one state.
fn in_order<K: Copy + Ord, V: Clone>(map: &HashMap<K, V>) -> Vec<(K, V)> {
    let mut list: Vec<_> = map.iter().map(|(key, value)| (*key, value.clone())).collect();
    list.sort_unstable_by_key(|(key, _)| *key);
    list
}
