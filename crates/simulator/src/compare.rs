//! The runs beside each other: what changes for the operator, for each event type and for each customer.

use chargly_ledger::{EventTypeNo, LotStatus, Millis, State, WalletNo};

use crate::tally::{CustomerTally, Tally, Totals, TypeTally};

/// A rise of a customer's bill that is called a shock, in hundredths of a percent.
pub const SHOCK_BP: i64 = 2_500;
const WHOLE_BP: i128 = 10_000;
/// Shares are counted in billionths: finer than any amount they are taken of can show.
const WHOLE_PPB: i128 = 1_000_000_000;

/// Every run over the same span.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// What happened.
    pub before: Tally,
    /// The proposal, with usage and purchases as they happened.
    pub fixed: Tally,
    /// The proposal, with packs bought again; where that was asked for.
    pub replenishing: Option<Tally>,
    /// The proposal, with usage that answers, once for each drawn elasticity.
    pub elastic: Vec<Totals>,
}

/// What a proposal would have changed. Amounts are exact; what they are called is in [`Totals`].
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What happened.
    pub before: Totals,
    /// With usage and purchases as they happened.
    pub fixed: Totals,
    /// With packs bought again.
    pub replenishing: Option<Totals>,
    /// With usage that answers; `None` where nothing was drawn.
    pub elastic: Option<Elastic>,
    /// Event types that were used, in the order of definition.
    pub types: Vec<TypeChange>,
    /// Wallets that found too few credits.
    pub run_outs: RunOuts,
    /// What the same usage costs customers.
    pub shock: BillShock,
    /// What was sold and not used when the span ended.
    pub outstanding: Outstanding,
    /// Customers with usage, the largest rise first.
    pub customers: Vec<CustomerChange>,
}

/// The 5th, 50th and 95th percent of the drawn runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// One run in twenty is below.
    pub p5: i128,
    /// Half of the runs are below.
    pub p50: i128,
    /// One run in twenty is above.
    pub p95: i128,
}

/// Runs in which usage answers to the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elastic {
    /// How many.
    pub draws: u32,
    /// Events charged.
    pub events: Spread,
    /// Micro-credits used.
    pub used_micro: Spread,
    /// Nano-units recognised.
    pub revenue_nano: Spread,
    /// Nano-units of provider cost.
    pub cost_nano: Spread,
    /// Recognised less cost, run by run.
    pub margin_nano: Spread,
}

/// One event type, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeChange {
    /// Which.
    pub event_type: EventTypeNo,
    /// What happened.
    pub before: TypeTally,
    /// With usage and purchases as they happened.
    pub after: TypeTally,
}

/// Wallets that found too few credits for an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunOuts {
    /// How many really did.
    pub before: u64,
    /// How many would have.
    pub after: u64,
    /// Of those, how many really did not.
    pub newly: u64,
    /// How many really did, and would have earlier.
    pub earlier: u64,
    /// How many really did, and would not have.
    pub no_longer: u64,
    /// By how much earlier, in milliseconds: half of those who are, nine in ten, all of them at most.
    pub earlier_ms: [i64; 3],
}

/// By how much what customers pay for the same usage changes, in hundredths of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BillShock {
    /// Customers whose usage cost something.
    pub customers: u64,
    /// Half of them pay at most this much more.
    pub p50_bp: i64,
    /// Nine in ten pay at most this much more.
    pub p90_bp: i64,
    /// All of them pay at most this much more.
    pub max_bp: i64,
    /// Customers above [`SHOCK_BP`].
    pub shocked: u64,
}

/// Credits that were sold or given and not used, at the usage of the span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// Micro-credits in lots.
    pub credits_micro: i128,
    /// Nano-units that were paid for them and not recognised.
    pub liability_nano: i128,
    /// Nano-units by which what they buy is worth less, at the same value of what they bought: negative where prices
    /// fall. Rounded to billionths.
    pub devaluation_nano: i128,
    /// Nano-units that serving them would cost at the old prices.
    pub serving_before_nano: i128,
    /// Nano-units that serving them would cost at the proposed ones.
    pub serving_after_nano: i128,
}

/// One customer, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerChange {
    /// Whose wallet.
    pub wallet: WalletNo,
    /// Micro-credits that the usage of the span cost, whoever paid.
    pub before_micro: i128,
    /// Micro-credits that it would have cost.
    pub after_micro: i128,
    /// When the wallet really ran out.
    pub ran_out_before: Option<Millis>,
    /// When it would have.
    pub ran_out_after: Option<Millis>,
}

impl CustomerChange {
    /// The change in hundredths of a percent, towards zero; `None` where there was nothing to change.
    pub fn change_bp(&self) -> Option<i64> {
        let more = (self.after_micro - self.before_micro) * WHOLE_BP;
        more.checked_div(self.before_micro).map(|bp| i64::try_from(bp).unwrap_or(i64::MAX))
    }
}

/// Puts the runs beside each other. `end` is the state when the span ended, as it really was.
pub fn compare(end: &State, runs: &Runs) -> Comparison {
    let types = type_changes(&runs.before, &runs.fixed);
    let mut customers = customer_changes(&runs.before, &runs.fixed);
    customers.sort_by_key(|c| (std::cmp::Reverse(c.after_micro - c.before_micro), c.wallet));
    Comparison {
        before: runs.before.totals,
        fixed: runs.fixed.totals,
        replenishing: runs.replenishing.as_ref().map(|tally| tally.totals),
        elastic: elastic(&runs.elastic),
        run_outs: run_outs(&customers),
        shock: bill_shock(&customers),
        outstanding: outstanding(end, &types),
        types,
        customers,
    }
}

fn elastic(runs: &[Totals]) -> Option<Elastic> {
    let spread = |of: &dyn Fn(&Totals) -> i128| {
        let mut sorted: Vec<i128> = runs.iter().map(of).collect();
        sorted.sort_unstable();
        let at = |percent| rank(&sorted, percent);
        Some(Spread { p5: at(5)?, p50: at(50)?, p95: at(95)? })
    };
    Some(Elastic {
        draws: u32::try_from(runs.len()).unwrap_or(u32::MAX),
        events: spread(&|run| run.events.into())?,
        used_micro: spread(&|run| run.used_micro)?,
        revenue_nano: spread(&|run| run.revenue_nano)?,
        cost_nano: spread(&|run| run.cost_nano)?,
        margin_nano: spread(&|run| run.revenue_nano - run.cost_nano)?,
    })
}

fn type_changes(before: &Tally, after: &Tally) -> Vec<TypeChange> {
    let of = |tally: &Tally, index: usize| tally.types().get(index).copied().unwrap_or_default();
    (0..before.types().len().max(after.types().len()))
        .map(|index| TypeChange {
            event_type: EventTypeNo::at(index),
            before: of(before, index),
            after: of(after, index),
        })
        .filter(|change| change.before != TypeTally::default() || change.after != TypeTally::default())
        .collect()
}

fn customer_changes(before: &Tally, after: &Tally) -> Vec<CustomerChange> {
    let of = |tally: &Tally, index: usize| tally.customers().get(index).copied().unwrap_or_default();
    let one = |index| {
        let really: CustomerTally = of(before, index);
        let here: CustomerTally = of(after, index);
        CustomerChange {
            wallet: WalletNo::at(index),
            before_micro: here.asked_before_micro,
            after_micro: here.asked_after_micro,
            ran_out_before: really.ran_out_at,
            ran_out_after: here.ran_out_at,
        }
    };
    let is_of_interest = |c: &CustomerChange| {
        c.before_micro != 0 || c.after_micro != 0 || c.ran_out_before.is_some() || c.ran_out_after.is_some()
    };
    let customers = before.customers().len().max(after.customers().len());
    (0..customers).map(one).filter(is_of_interest).collect()
}

fn run_outs(customers: &[CustomerChange]) -> RunOuts {
    let mut found = RunOuts::default();
    let mut earlier = Vec::new();
    for customer in customers {
        let (before, after) = (customer.ran_out_before, customer.ran_out_after);
        found.before += u64::from(before.is_some());
        found.after += u64::from(after.is_some());
        match (before, after) {
            (None, Some(_)) => found.newly += 1,
            (Some(_), None) => found.no_longer += 1,
            (Some(before), Some(after)) if after < before => earlier.push(before.0 - after.0),
            _ => {}
        }
    }
    earlier.sort_unstable();
    found.earlier = earlier.len() as u64;
    found.earlier_ms = [50, 90, 100].map(|percent| rank(&earlier, percent).unwrap_or(0));
    found
}

/// By how much what these customers pay for the same usage changes.
pub fn bill_shock(customers: &[CustomerChange]) -> BillShock {
    let mut changes: Vec<i64> = customers.iter().filter_map(CustomerChange::change_bp).collect();
    changes.sort_unstable();
    let at = |percent| rank(&changes, percent).unwrap_or(0);
    BillShock {
        customers: changes.len() as u64,
        p50_bp: at(50),
        p90_bp: at(90),
        max_bp: at(100),
        shocked: changes.iter().filter(|bp| **bp > SHOCK_BP).count() as u64,
    }
}

/// devaluation = liability × (1 − Σ mix × old ÷ new), serving = credits × Σ mix × cost ÷ price, by event type, where
/// mix is a type's share of the credits that the span's usage cost. A type that would cost nothing is left out.
fn outstanding(end: &State, types: &[TypeChange]) -> Outstanding {
    let (credits_micro, liability_nano) = lots_left(end);
    let mut found = Outstanding { credits_micro, liability_nano, ..Outstanding::default() };
    let counted =
        || types.iter().map(|t| (t.before.cost_nano, t.after)).filter(|(_, t)| t.asked_after_micro > 0);
    let all: i128 = counted().map(|(_, t)| t.asked_before_micro).sum();
    if all <= 0 {
        return found;
    }
    let mut kept_ppb = 0;
    for (cost_nano, TypeTally { asked_before_micro: before, asked_after_micro: after, .. }) in counted() {
        let share_ppb = before * WHOLE_PPB / all;
        kept_ppb += share_ppb * before / after;
        let credits = credits_micro * share_ppb / WHOLE_PPB;
        found.serving_before_nano += (credits * cost_nano).checked_div(before).unwrap_or(0);
        found.serving_after_nano += credits * cost_nano / after;
    }
    found.devaluation_nano = liability_nano - liability_nano * kept_ppb / WHOLE_PPB;
    found
}

/// Micro-credits in lots, and the nano-units of their price that were not recognised.
fn lots_left(state: &State) -> (i128, i128) {
    let lots = state.wallets().flat_map(|wallet| &wallet.lots);
    let live = lots.filter(|lot| matches!(lot.status, LotStatus::Active | LotStatus::Pending));
    live.fold((0, 0), |(credits, nano), lot| {
        let deferred = lot.price.map_or(0, |price| price.nano - lot.recognised_nano(lot.used));
        (credits + i128::from(lot.remaining().micro()), nano + i128::from(deferred))
    })
}

/// The smallest of the sorted values that `percent` in a hundred do not pass.
fn rank<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(before: i128, after: i128, ran_out: (Option<i64>, Option<i64>)) -> CustomerChange {
        CustomerChange {
            wallet: WalletNo(0),
            before_micro: before,
            after_micro: after,
            ran_out_before: ran_out.0.map(Millis),
            ran_out_after: ran_out.1.map(Millis),
        }
    }

    #[test]
    fn bill_shock_counts_each_customer_once_by_the_change_for_the_same_usage() {
        let quiet = (None, None);
        let customers = [(100, 100), (100, 110), (100, 125), (100, 126), (0, 50)]
            .map(|(before, after)| customer(before, after, quiet));
        let shock = bill_shock(&customers);
        assert_eq!(shock.customers, 4, "who paid nothing has no change");
        assert_eq!((shock.p50_bp, shock.p90_bp, shock.max_bp), (1_000, 2_600, 2_600));
        assert_eq!(shock.shocked, 1, "a quarter more is not yet a shock");
    }

    #[test]
    fn run_outs_are_told_apart_by_what_really_happened() {
        let at = |before, after| customer(1, 1, (before, after));
        let customers = [
            at(None, None),
            at(None, Some(5)),
            at(Some(9), Some(5)),
            at(Some(9), Some(9)),
            at(Some(9), None),
        ];
        let found = run_outs(&customers);
        assert_eq!((found.before, found.after), (3, 3));
        assert_eq!((found.newly, found.earlier, found.no_longer), (1, 1, 1));
        assert_eq!(found.earlier_ms, [4, 4, 4]);
    }

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let values: Vec<i64> = (1..=20).collect();
        assert_eq!([5, 50, 95, 100].map(|p| rank(&values, p)), [Some(1), Some(10), Some(19), Some(20)]);
        assert_eq!(rank(&values[..0], 50), None);
    }
}
