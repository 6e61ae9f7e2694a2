//! The rollups: by what figures are counted.

use std::ops::Range;

use crate::figures::{BOOK_COLUMNS, OF_BOOKS, OF_USAGE, USAGE_COLUMNS};

/// Key value of "none": no event type known, no price version. Numbers of things are never negative.
pub(crate) const NONE: i64 = -1;

/// What a row is about, in the order of [`Rollup::keys`]. Time comes first, so that what is counted now is written
/// to neighbouring pages: the instant at which the row's hour or day begins, in milliseconds since 1970 UTC.
pub(crate) type Key = [i64; 3];

/// A table of figures. Another one is another variant here and a line in `fold.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rollup {
    /// By hour, event type and price version.
    PriceHour,
    /// By day, wallet and event type.
    WalletDay,
    /// By hour, event type and value of a declared dimension.
    DimensionHour,
    /// By day of recording.
    Books,
}

impl Rollup {
    pub(crate) const ALL: [Self; 4] = [Self::PriceHour, Self::WalletDay, Self::DimensionHour, Self::Books];

    /// Its table.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::PriceHour => "price_hours",
            Self::WalletDay => "wallet_days",
            Self::DimensionHour => "dimension_hours",
            Self::Books => "book_days",
        }
    }

    /// Its key columns.
    pub(crate) const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::PriceHour => &["hour", "event_type", "price"],
            Self::WalletDay => &["day", "wallet", "event_type"],
            Self::DimensionHour => &["hour", "event_type", "value"],
            Self::Books => &["day"],
        }
    }

    /// Which figures it has; the others are 0.
    pub(crate) const fn figures(self) -> Range<usize> {
        match self {
            Self::PriceHour | Self::WalletDay | Self::DimensionHour => OF_USAGE,
            Self::Books => OF_BOOKS,
        }
    }

    /// Which figures have a column of their own: those that most rows have. The others are in one column together, which
    /// is nearly always empty, so that rows stay short.
    pub(crate) const fn columns(self) -> &'static [usize] {
        match self {
            Self::PriceHour | Self::WalletDay | Self::DimensionHour => &USAGE_COLUMNS,
            Self::Books => &BOOK_COLUMNS,
        }
    }

    /// Its place in [`Rollup::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
