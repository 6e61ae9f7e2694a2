//! The rollups: by what figures are counted.

/// Key value of "none": no event type known, no price version. Numbers of things are never negative.
pub(crate) const NONE: i64 = -1;

/// Milliseconds of an hour, and of a day.
const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What a row is about, in the order of [`Rollup::keys`]. Time comes first, so that what is counted now is written
/// to neighbouring pages.
pub(crate) type Key = [i64; 3];

/// A table of figures. Another one is another variant here and a line in `fold.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rollup {
    PriceHour,
    WalletDay,
}

impl Rollup {
    pub(crate) const ALL: [Self; 2] = [Self::PriceHour, Self::WalletDay];

    /// Its table.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::PriceHour => "price_hours",
            Self::WalletDay => "wallet_days",
        }
    }

    /// Its key columns; the first counts [`Rollup::bucket_ms`] since 1970 UTC.
    pub(crate) const fn keys(self) -> [&'static str; 3] {
        match self {
            Self::PriceHour => ["hour", "event_type", "price"],
            Self::WalletDay => ["day", "wallet", "event_type"],
        }
    }

    /// The length of its time buckets in milliseconds.
    pub(crate) const fn bucket_ms(self) -> i64 {
        match self {
            Self::PriceHour => HOUR_MS,
            Self::WalletDay => DAY_MS,
        }
    }

    /// The bucket an instant is in.
    pub(crate) const fn bucket(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.bucket_ms())
    }

    /// The first bucket that starts at or after an instant.
    pub(crate) const fn bucket_from(self, at_ms: i64) -> i64 {
        self.bucket(at_ms) + if at_ms.rem_euclid(self.bucket_ms()) == 0 { 0 } else { 1 }
    }

    /// Its place in [`Rollup::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
