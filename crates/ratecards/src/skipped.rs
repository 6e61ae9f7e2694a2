//! What of a list was left out, and why. Nothing is left out in silence.

use compact_str::CompactString;

/// Something of a list that is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Whose model.
    pub provider: CompactString,
    /// Which.
    pub model: CompactString,
    /// Why.
    pub reason: Reason,
}

/// Why something of a list is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The rate is for a unit or a condition that usage cannot name: tokens of audio, a priority queue. The model's
    /// other rates are imported.
    NoUnit {
        /// What the list calls it.
        rate: CompactString,
    },
    /// The list knows a price from a later day on. The one valid now is imported.
    LaterPrice {
        /// The day, as the list has it.
        from: CompactString,
    },
    /// A rate has more than 12 decimal places, and its unit would be missing. The model's other rates are imported.
    RateNotExact {
        /// What the list calls it.
        rate: CompactString,
        /// The number.
        text: CompactString,
    },
    /// A rate has more than 12 decimal places, and without it another would bill its unit. The model is left out.
    NotExact {
        /// What the list calls it.
        rate: CompactString,
        /// The number.
        text: CompactString,
    },
    /// A rate is no amount. The model is left out.
    NotAnAmount {
        /// What the list calls it.
        rate: CompactString,
        /// What stands there.
        text: CompactString,
    },
    /// The price changes within the day. The model is left out.
    TimeOfDay,
    /// Every rate is 0, which a list has for what is free and for what it does not know. The model is left out,
    /// because a missing cost must not look like none.
    OnlyZeros,
    /// There is no rate that usage can name. The model is left out.
    NoRates,
    /// Another entry has this name and other rates; that one is imported.
    NameTaken,
    /// The name is empty, too long, or has control characters. The model is left out.
    BadName,
}

impl Reason {
    /// Its name on the wire.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoUnit { .. } => "no_unit",
            Self::LaterPrice { .. } => "later_price",
            Self::RateNotExact { .. } => "rate_not_exact",
            Self::NotExact { .. } => "not_exact",
            Self::NotAnAmount { .. } => "not_an_amount",
            Self::TimeOfDay => "time_of_day",
            Self::OnlyZeros => "only_zeros",
            Self::NoRates => "no_rates",
            Self::NameTaken => "name_taken",
            Self::BadName => "bad_name",
        }
    }

    /// What it means, for people.
    pub const fn in_words(&self) -> &'static str {
        match self {
            Self::NoUnit { .. } => "rates for units or conditions that usage cannot name",
            Self::LaterPrice { .. } => "prices that begin later",
            Self::RateNotExact { .. } => "rates of more than 12 decimal places",
            Self::NotExact { .. } => "models with a rate of more than 12 decimal places",
            Self::NotAnAmount { .. } => "models with a rate that is no amount",
            Self::TimeOfDay => "models whose price changes within the day",
            Self::OnlyZeros => "models whose rates are all 0: free, or not known",
            Self::NoRates => "models without a rate that usage can name",
            Self::NameTaken => "entries whose name another one has, with other rates",
            Self::BadName => "models with a name that cannot be used",
        }
    }

    /// The part of the list it is about, where it is not the model as a whole.
    pub fn of(&self) -> Option<String> {
        match self {
            Self::NoUnit { rate } => Some(rate.to_string()),
            Self::LaterPrice { from } => Some(format!("from {from}")),
            Self::RateNotExact { rate, text }
            | Self::NotExact { rate, text }
            | Self::NotAnAmount { rate, text } => Some(format!("{rate}: {text}")),
            Self::TimeOfDay | Self::OnlyZeros | Self::NoRates | Self::NameTaken | Self::BadName => None,
        }
    }

    /// Whether the whole model is left out, and not only a part of what the list says of it.
    pub fn leaves_the_model_out(&self) -> bool {
        match self {
            Self::NoUnit { .. } | Self::RateNotExact { .. } | Self::LaterPrice { .. } | Self::NameTaken => {
                false
            }
            Self::NotExact { .. }
            | Self::NotAnAmount { .. }
            | Self::TimeOfDay
            | Self::OnlyZeros
            | Self::NoRates
            | Self::BadName => true,
        }
    }
}
