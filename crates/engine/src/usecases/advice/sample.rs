//! On whom proposals are tried: all customers, or every k-th of them by how much they use.
//!
//! One scan of the span counts what each customer used. Where running all of it again for each proposal would take too
//! long, customers are taken at even distances from the list by use, so that large and small ones are in it as they are
//! in the whole. The same facts give the same customers.

use std::cmp::Reverse;
use std::ops::Range;

use chargly_ledger::{Charge, Fact, Position, WalletEvent, WalletNo};

use super::scan::unreadable;
use crate::usecases::past::{Past, PastError};

/// What one customer, or all of them, did in the span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// Customers with any fact.
    pub(super) customers: u32,
    /// Facts.
    pub(super) facts: u64,
    /// Micro-credits charged.
    pub(super) micro: i128,
}

impl Use {
    fn and(self, other: Self) -> Self {
        Self {
            customers: self.customers + other.customers,
            facts: self.facts + other.facts,
            micro: self.micro + other.micro,
        }
    }

    /// What one fact says a customer did.
    fn note(&mut self, charge: Option<&Charge>) {
        self.customers = 1;
        self.facts += 1;
        self.micro += charge.map_or(0, |charge| charge.charged().micro().into());
    }
}

/// The customers on whom proposals are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Their wallets, ascending. Here they are numbered by their place among themselves.
    wallets: Vec<WalletNo>,
    /// One customer in so many was taken.
    pub(super) one_in: u32,
    /// What all customers did.
    pub(super) all: Use,
    /// What those who were taken did.
    pub(super) taken: Use,
}

impl Sample {
    /// The number of a wallet among those that were taken; `None` for the others.
    pub(super) fn number(&self, wallet: WalletNo) -> Option<WalletNo> {
        if self.one_in == 1 {
            return Some(wallet);
        }
        self.wallets.binary_search(&wallet).ok().map(WalletNo::at)
    }
}

/// Counts the span, and takes customers who have at most `facts_max` facts in it; at least one of them.
pub(super) fn choose(
    past: &mut Past<'_>,
    span: &Range<u64>,
    wallets: u32,
    facts_max: u64,
) -> Result<Sample, PastError> {
    let mut uses = vec![Use::default(); usize::try_from(wallets).unwrap_or(0)];
    past.chunks(span, |chunk| {
        for entry in chunk.entries() {
            let fail = |source| unreadable(Position(entry.position.0), source);
            let Some((wallet, is_metered)) = Fact::decode_wallet(entry.fact).map_err(fail)? else { continue };
            let Some(of_wallet) = uses.get_mut(wallet.index()) else { continue };
            if is_metered {
                let metered = Fact::decode_metered(entry.fact).map_err(fail)?;
                of_wallet.note(metered.as_ref().map(|(_, _, charge, _)| charge));
            } else if let Fact::Wallet(fact) = Fact::decode(entry.fact).map_err(fail)? {
                of_wallet.note(match &fact.event {
                    WalletEvent::HoldCaptured { charge, .. } => Some(charge),
                    _ => None,
                });
            }
        }
        Ok(())
    })?;
    Ok(take(&uses, facts_max))
}

fn take(uses: &[Use], facts_max: u64) -> Sample {
    let all = uses.iter().copied().fold(Use::default(), Use::and);
    if all.facts <= facts_max || uses.len() <= 1 {
        return Sample { wallets: Vec::new(), one_in: 1, all, taken: all };
    }
    let mut by_use: Vec<usize> = (0..uses.len()).collect();
    by_use.sort_by_key(|at| (Reverse((uses[*at].micro, uses[*at].facts)), *at));
    let mut one_in = usize::try_from(all.facts.div_ceil(facts_max.max(1))).unwrap_or(usize::MAX);
    loop {
        one_in = one_in.clamp(2, uses.len());
        // From the middle of the first stretch, so that the largest do not speak for more than themselves.
        let places = by_use.iter().skip((one_in - 1) / 2).step_by(one_in);
        let taken = places.clone().map(|at| uses[*at]).fold(Use::default(), Use::and);
        if taken.facts <= facts_max || one_in == uses.len() {
            let mut wallets: Vec<WalletNo> = places.map(|at| WalletNo::at(*at)).collect();
            wallets.sort_unstable();
            return Sample { wallets, one_in: u32::try_from(one_in).unwrap_or(u32::MAX), all, taken };
        }
        one_in += 1 + one_in / 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(facts: &[u64]) -> Vec<Use> {
        let of = |facts: &u64| Use {
            customers: u32::from(*facts > 0),
            facts: *facts,
            micro: i128::from(*facts) * 1_000_000,
        };
        facts.iter().map(of).collect()
    }

    #[test]
    fn all_customers_are_taken_up_to_the_limit_and_every_other_one_above_it() {
        let facts = uses(&[10, 40, 20, 30]);
        let all = take(&facts, 100);
        assert_eq!((all.one_in, all.taken), (1, all.all));
        assert_eq!(all.number(WalletNo(3)), Some(WalletNo(3)));
        let half = take(&facts, 99);
        assert_eq!(half.one_in, 2);
        // By use: 40, 30, 20, 10; of each two the first.
        assert_eq!(half.wallets, [WalletNo(1), WalletNo(2)]);
        assert_eq!(half.number(WalletNo(2)), Some(WalletNo(1)), "numbered among themselves");
        assert_eq!(half.number(WalletNo(0)), None);
        assert_eq!((half.all.facts, half.taken.facts), (100, 60));
    }

    #[test]
    fn fewer_are_taken_until_they_fit_and_never_nobody() {
        let even = take(&uses(&[10; 100]), 100);
        assert_eq!((even.one_in, even.taken.facts, even.taken.customers), (10, 100, 10));
        let skewed = take(&uses(&[500, 500, 1, 1, 1, 1, 1, 1]), 10);
        assert!(skewed.taken.facts <= 10 && skewed.taken.customers >= 1, "{skewed:?}");
        let whale = take(&uses(&[500, 500]), 10);
        assert_eq!((whale.one_in, whale.taken.customers), (2, 1), "one is better than none");
        assert_eq!(take(&[], 10).one_in, 1);
    }
}
