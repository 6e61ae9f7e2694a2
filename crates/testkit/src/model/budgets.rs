//! The budget of the one key that asks for everything here: what is spent of it is a sum over what was counted that day.

use super::wallet::Wallet;
use super::{CREDITS_MAX, DAY_MS, Happening, Micro, Model, Ms, Place, Refused};

/// Something that counted, or no longer does.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    day: Ms,
    wallet: usize,
    /// Below zero where it was given back.
    credits: Micro,
    /// Whether there was a limit for each customer.
    by_customer: bool,
    /// The hold that set it aside.
    hold: Option<Place>,
    /// Whether a capture used up what that hold had set aside: that was counted then.
    is_use: bool,
}

/// A budget: in all, and for each customer, in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Budget {
    pub(super) per_day: Option<Micro>,
    pub(super) per_customer: Option<Micro>,
}

/// What may still be spent: the limits in all and for a customer, and what is spent of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Means {
    /// In all.
    pub key: Option<(Micro, Micro)>,
    /// For the customer.
    pub customer: Option<(Micro, Micro)>,
    /// What is spent in all, limited or not.
    pub total: Micro,
}

impl Means {
    /// Refuses what is beyond a limit, or beyond what amounts can count; never what costs nothing.
    pub(super) fn check(&self, required: Micro) -> Result<(), Refused> {
        let countable = Some((CREDITS_MAX, self.total));
        for (is_of_customer, allotted) in [(false, self.key), (true, self.customer), (false, countable)] {
            let Some((limit, spent)) = allotted else { continue };
            if required > 0 && spent + required > limit {
                return Err(Refused::BudgetExceeded { is_of_customer, limit, spent, required });
            }
        }
        Ok(())
    }
}

impl Model {
    /// What may still be spent at `now`, for a wallet.
    pub fn means(&self, wallet: usize, now: Ms) -> Means {
        let day = now.div_euclid(DAY_MS);
        let today = || self.counted.iter().filter(move |c| c.day == day && !c.is_use);
        let of_customer = today().filter(|c| c.wallet == wallet && c.by_customer);
        // Of a key without a budget nothing is counted.
        let total = today().map(|c| c.credits).sum();
        Means {
            key: self.budget.per_day.map(|limit| (limit, total)),
            customer: self.budget.per_customer.map(|limit| (limit, of_customer.map(|c| c.credits).sum())),
            total: if self.budget == Budget::default() { 0 } else { total },
        }
    }

    /// Counts what happened to a wallet; `captured` is what had been captured before of the hold it is about.
    pub(super) fn count(&mut self, wallet: usize, place: Place, what: &Happening, captured: Micro, now: Ms) {
        match what {
            Happening::Metered { charge } => self.count_spent(wallet, charge.credits, None, now),
            Happening::HoldPlaced { credits, .. } => self.count_spent(wallet, *credits, Some(place), now),
            Happening::HoldIncreased { hold, credits, .. } => {
                self.count_spent(wallet, *credits, Some(*hold), now);
            }
            Happening::HoldCaptured { hold, charge, ended, .. } => {
                let within = captured_of(&self.wallets[wallet], *hold) - captured;
                self.count_spent(wallet, charge.credits - within, None, now);
                let (day, hold_of) = (now.div_euclid(DAY_MS), Some(*hold));
                self.counted.push(Counted {
                    day,
                    wallet,
                    credits: within,
                    by_customer: false,
                    hold: hold_of,
                    is_use: true,
                });
                if *ended {
                    self.count_back(*hold, now);
                }
            }
            Happening::HoldVoided { hold, .. } | Happening::HoldExpired { hold, .. } => {
                self.count_back(*hold, now);
            }
            _ => {}
        }
    }

    fn count_spent(&mut self, wallet: usize, credits: Micro, hold: Option<Place>, now: Ms) {
        if self.budget != Budget::default() {
            let (day, by_customer) = (now.div_euclid(DAY_MS), self.budget.per_customer.is_some());
            self.counted.push(Counted { day, wallet, credits, by_customer, hold, is_use: false });
        }
    }

    /// Captures used up what was set aside by then, the oldest first; what is left of today's is there again.
    fn count_back(&mut self, hold: Place, now: Ms) {
        let today = now.div_euclid(DAY_MS);
        let mut parts: Vec<Counted> = Vec::new();
        for step in self.counted.iter().filter(|step| step.hold == Some(hold)) {
            if !step.is_use {
                parts.push(step.clone());
                continue;
            }
            let mut left = step.credits;
            for part in &mut parts {
                let used = part.credits.min(left);
                part.credits -= used;
                left -= used;
            }
        }
        let back = parts.into_iter().filter(|part| part.day == today);
        self.counted.extend(back.map(|part| Counted { credits: -part.credits, hold: None, ..part }));
    }
}

/// What captures took so far of what a hold set aside.
pub(super) fn captured_of(wallet: &Wallet, hold: Place) -> Micro {
    wallet.hold(hold).map_or(0, |hold| hold.captured)
}
