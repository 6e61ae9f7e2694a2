//! Figures folded from the journal: what was used, charged, recognised and spent, by hour and by day.
//!
//! [`Views`] takes the facts densely, each once ([`Views::fold_encoded`], [`Views::fold`]), counts in memory, and writes
//! what it counted to `views.db` together with the position it reached ([`Views::flush`]), in one transaction. Queries add what is
//! still in memory, so figures are live, and say the position they reflect.
//!
//! Invariants: the figures shown are exactly the fold of the facts before [`Views::next`]; the figures on disk are
//! exactly the fold of those before [`Views::flushed`]. Everything is an integer, and a sum that cannot be held is
//! an error, never a wrap. Losing the file loses nothing: it is folded again.
//!
//! The rollups: by (hour, event type, price version), by (day, wallet, event type), by (hour, event type, value of a
//! declared dimension), and the books by day of recording. Hours and days are those of the project's time zone. Other
//! combinations have no figures ([`ViewError::NotAnswerable`]): they take a scan of the journal.
//!
//! **Figures without an event type.** Some facts concern a lot rather than an event, or name none: breakage, refused
//! captures and refused batches. They are counted in rows whose event type is `None`, so that every total is whole.
//!
//! **What figures are counted by** ([`Setup`]): the time zone and the declared dimensions, as the catalogue has them. A
//! change of it makes the figures stale ([`Views::asked_setup`]); they are served as they are until they have been folded
//! again beside the old file.
//!
//! Not owned here: when to flush (time is the caller's; [`Views::should_flush`] only looks at size), reading the
//! journal, names of event types, and ratios such as margin (made from these figures where they are shown).

mod active;
mod answer;
mod bases;
mod books;
mod by_type;
mod compare;
mod counters;
mod counting;
mod error;
mod figures;
mod fold;
mod kept;
mod memory;
mod query;
mod ranking;
mod rollup;
mod schema;
mod setup;
mod store;
mod swap;
mod tally;
mod values;
mod views;
mod wallet_days;
mod zone;

pub use active::{ActiveCounts, ActiveWindow};
pub use books::{BooksReport, BooksRow};
pub use error::ViewError;
pub use figures::Figures;
pub use query::{By, FiguresQuery, FiguresReport, FiguresRow, Interval};
pub use ranking::{After, Ranking, WalletCounts};
pub use setup::Setup;
pub use swap::swap_in;
pub use values::{DIMENSION_VALUES_MAX, OTHER};
pub use views::{Encoded, Views};
pub use wallet_days::{WalletDay, WalletDays};
pub use zone::Zone;

/// How long after the end of its hour an event may be recorded before it counts as late, in milliseconds (an hour):
/// longer than a queue at the caller takes, shorter than what surprises a reader of yesterday's figures.
pub const LATE_AFTER_MS: i64 = 60 * 60 * 1_000;

/// Rows counted in memory from which on [`Views::should_flush`] says so: 34 MB, at 64 bytes for each (wallet, event type,
/// day) and each (event type, price version, hour) with meter events. They are freed when they are written; until then
/// as many again may be counted, so that with the order of writing it is 80 MB at most.
pub const MEMORY_ROWS_MAX: usize = 450_000;
/// Facts counted in memory only from which on [`Views::should_flush`] says so: a crash loses them from the figures, and
/// the next start folds them again, which takes some two seconds.
pub const UNFLUSHED_FACTS_MAX: u64 = 4_000_000;
/// Rows one query may answer, about 60 MB: a larger report is asked for in shorter ranges or by wallet.
pub const QUERY_ROWS_MAX: usize = 100_000;
/// How long a statement waits for another connection's lock, in milliseconds. Only a checkpoint or a swap by hand
/// ever holds one; far longer than either takes.
pub const BUSY_TIMEOUT_MS: u64 = 5_000;
/// Name of the file in an environment's directory.
pub const FILE_NAME: &str = "views.db";
