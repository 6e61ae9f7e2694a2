//! What is counted for one row of a rollup.

use std::ops::Range;

macro_rules! figures {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Sums over the facts of one row. Never negative in themselves: what is taken back has a figure of its own.
        ///
        /// They are 128 bits wide, because a handful of the largest amounts that one fact may have is beyond 64.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Figures {
            $($(#[$doc])* pub $name: i128,)*
        }

        impl Figures {
            /// The names, which are the columns, in order.
            pub const NAMES: [&'static str; FIGURES] = [$(stringify!($name)),*];

            /// The values in the order of [`Figures::NAMES`].
            pub const fn values(&self) -> [i128; FIGURES] {
                [$(self.$name),*]
            }

            pub(crate) const fn from_values([$($name),*]: [i128; FIGURES]) -> Self {
                Self { $($name),* }
            }

            /// The sum figure by figure, or `None` where one is beyond 128 bits.
            pub fn checked_add(&self, other: &Self) -> Option<Self> {
                Some(Self { $($name: self.$name.checked_add(other.$name)?),* })
            }

            /// The difference figure by figure, or `None` where one is beyond 128 bits.
            pub(crate) fn checked_sub(&self, other: &Self) -> Option<Self> {
                Some(Self { $($name: self.$name.checked_sub(other.$name)?),* })
            }
        }
    };
}

/// How many figures there are.
pub(crate) const FIGURES: usize = 32;
/// Which of them are counted where an event belongs.
pub(crate) const OF_USAGE: Range<usize> = 0..26;
/// Which of them are counted where a fact was recorded.
pub(crate) const OF_BOOKS: Range<usize> = 14..FIGURES;
/// Those of usage that most rows have: events, quantity, cost, missing costs, credits, free credits and revenue.
pub(crate) const USAGE_COLUMNS: [usize; 7] = [0, 2, 4, 9, 14, 15, 16];
/// All of the books', as there is one row a day.
pub(crate) const BOOK_COLUMNS: [usize; OF_BOOKS.end - OF_BOOKS.start] = {
    let mut columns = [0; OF_BOOKS.end - OF_BOOKS.start];
    let mut i = 0;
    while i < columns.len() {
        columns[i] = OF_BOOKS.start + i;
        i += 1;
    }
    columns
};

figures! {
    /// Meter events: charges and captures.
    events,
    /// Those of them that were recorded later than [`crate::LATE_AFTER_MS`] after the end of the hour they belong to.
    late_events,
    /// Their quantity, in micro-units.
    quantity_micro,
    /// Micro-credits used and not charged, in record-only wallets or of callers that could not be refused; less what was
    /// collected of them since.
    uncharged_micro,
    /// Nano-units that they cost the operator, as known now.
    cost_nano,
    /// The part of it that is computed by a rate card.
    card_cost_nano,
    /// The part of it that is estimated.
    estimated_cost_nano,
    /// How many events' cost is computed by a rate card.
    card_costs,
    /// How many events' cost is estimated.
    estimated_costs,
    /// How many events have no known cost. Never to be read as a cost of 0.
    cost_missing,
    /// What corrections added to the cost as first recorded, in nano-units; negative where they lowered it.
    cost_corrected_nano,
    /// How many times a cost was attached or corrected.
    cost_corrections,
    /// Events, holds, captures and batches refused by a recorded verdict; a batch counts once.
    refused,
    /// Nano-units of cost of refused events and captures.
    unbilled_cost_nano,
    /// Micro-credits events were charged, from lots or as debt.
    credits_micro,
    /// The part of them drawn from lots that recognised nothing by it: promotional ones and adjustments.
    free_micro,
    /// Nano-units recognised when they were charged. Their debt adds to `settled_revenue_nano` instead, when paid.
    revenue_nano,
    /// Micro-credits given back by reversals.
    reversed_micro,
    /// Nano-units of revenue taken back by reversals.
    reversed_revenue_nano,
    /// Micro-credits charged again by corrections.
    recharged_micro,
    /// Nano-units recognised by it.
    recharged_revenue_nano,
    /// Micro-credits of debt paid by later grants.
    settled_micro,
    /// Nano-units recognised by it.
    settled_revenue_nano,
    /// Micro-credits that lapsed.
    breakage_micro,
    /// The part of them whose lots recognised nothing by it: promotional ones and adjustments.
    free_breakage_micro,
    /// Nano-units recognised by it.
    breakage_revenue_nano,
    /// Nano-units paid for lots.
    sales_nano,
    /// Nano-units of lots' prices that will never be recognised, because what was left of the lots was taken back.
    refunded_nano,
    /// Micro-credits sold.
    paid_granted_micro,
    /// Micro-credits given to win or to keep customers.
    promotional_granted_micro,
    /// Micro-credits given to put something right, by the operator or by a reversal.
    adjustment_granted_micro,
    /// Micro-credits taken back with their lots.
    voided_micro,
}

impl Figures {
    /// What of them is counted where it was recorded.
    pub(crate) fn for_books(&self) -> Self {
        let mut values = self.values();
        values[..OF_BOOKS.start].fill(0);
        Self::from_values(values)
    }

    /// Nano-units of revenue recognised in all: by charges and what corrects them, by debt paid, and by breakage.
    pub const fn recognised_nano(&self) -> i128 {
        self.revenue_nano
            .saturating_add(self.recharged_revenue_nano)
            .saturating_add(self.settled_revenue_nano)
            .saturating_add(self.breakage_revenue_nano)
            .saturating_sub(self.reversed_revenue_nano)
    }

    /// Micro-credits used in the end: charged, less what was given back, and what was charged again.
    pub const fn used_micro(&self) -> i128 {
        self.credits_micro.saturating_sub(self.reversed_micro).saturating_add(self.recharged_micro)
    }

    /// Nano-units that are left of what was recognised, less the cost that is known.
    pub const fn contribution_nano(&self) -> i128 {
        self.recognised_nano().saturating_sub(self.cost_nano)
    }

    /// The part of `cost_nano` that was reported, with the event or later.
    pub const fn reported_cost_nano(&self) -> i128 {
        self.cost_nano.saturating_sub(self.card_cost_nano).saturating_sub(self.estimated_cost_nano)
    }

    /// How many events' cost was reported.
    pub const fn reported_costs(&self) -> i128 {
        self.events
            .saturating_sub(self.card_costs)
            .saturating_sub(self.estimated_costs)
            .saturating_sub(self.cost_missing)
    }

    /// Nano-units of cost as known when the events were recorded, before any correction.
    pub const fn cost_first_nano(&self) -> i128 {
        self.cost_nano.saturating_sub(self.cost_corrected_nano)
    }
}
