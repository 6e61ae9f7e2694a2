//! What is counted for one row of a rollup.

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
        }
    };
}

/// How many figures a row has.
pub(crate) const FIGURES: usize = 15;

figures! {
    /// Meter events: charges and captures.
    events,
    /// Their quantity, in micro-units.
    quantity_micro,
    /// Micro-credits they were charged, from lots or as debt.
    credits_micro,
    /// Micro-credits used and not charged, in record-only wallets.
    uncharged_micro,
    /// Nano-units recognised when they were charged. Their debt adds to `settled_revenue_nano` instead, when paid.
    revenue_nano,
    /// Nano-units of cost reported with them.
    cost_nano,
    /// How many of the events came without a cost. Never to be read as a cost of 0.
    cost_missing,
    /// Events, holds, captures and batches refused by a recorded verdict; a batch counts once.
    refused,
    /// Nano-units of cost reported with refused events and captures.
    unbilled_cost_nano,
    /// Micro-credits given back by reversals.
    reversed_micro,
    /// Nano-units of revenue taken back by reversals.
    reversed_revenue_nano,
    /// Micro-credits of debt paid by later grants.
    settled_micro,
    /// Nano-units recognised by it.
    settled_revenue_nano,
    /// Micro-credits that lapsed.
    breakage_micro,
    /// Nano-units recognised by it.
    breakage_revenue_nano,
}
