//! One look, start to end: the figures at a position, the first scan, the advice, the tries, and what is recorded.

use std::sync::Arc;
use std::time::Duration;

use chargly_advisor::{
    Advice, Calendar, CreditWorth, History, Inputs, METHOD, Options, advise, grade, with_backtest,
};
use chargly_journal::SqliteJournal;
use chargly_ledger::{Action, AdviceLook, Catalogue, Decision, EntryId, KeyNo, Millis, Outcome, Position};
use chargly_views::{Interval, ViewError};
use thiserror::Error;

use super::look::{LookRequest, Looked};
use super::scan::{Scanned, calendar, scan};
use super::tries::{Ground, LIMITS, Pace, try_all};
use crate::environment::Environment;
use crate::outcome::CallError;
use crate::submission::Failure;
use crate::usecases::figures::{CreditValue, paid_value};
use crate::usecases::past::{Past, PastError};
use crate::usecases::price_impact::Gathered;

/// How long a look waits for the figures, in milliseconds (ten minutes): they are a tenth of a second behind, or are
/// being folded anew.
const FIGURES_WAIT_MS: i64 = 10 * 60 * 1_000;
/// How often it is looked whether they are there.
const FIGURES_LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often figures are read again that moved while they were read: under the heaviest traffic they always do, and then
/// a few facts more are in some of them, all of days that are over.
const FIGURES_TRIES: u32 = 10;

/// Why a look has no result.
#[derive(Debug, Error)]
pub(super) enum LookError {
    /// The journal could not be read, or somebody stopped it.
    #[error(transparent)]
    Past(#[from] PastError),
    /// The figures could not be read.
    #[error(transparent)]
    Figures(#[from] ViewError),
    /// The figures did not come to reflect the journal.
    #[error("the figures do not reflect position {position} yet")]
    FiguresBehind {
        /// What they are to reflect.
        position: Position,
    },
    /// What was found could not be recorded.
    #[error("what was found cannot be recorded")]
    Record(#[from] CallError),
    /// There is nothing to record it with.
    #[error("what was found cannot be recorded")]
    Runtime(#[from] std::io::Error),
}

/// What the figures say, all at one position.
struct Figured {
    cut_off: Position,
    as_of: Millis,
    calendar: Calendar,
    history: History,
    paid: Option<CreditValue>,
}

/// What is to be recorded of a look.
struct ToRecord<'a> {
    figured: &'a Figured,
    advice: &'a Advice,
    grades: Vec<(Position, Outcome)>,
    seed: u64,
}

impl Environment {
    /// Looks for advice, on the caller's thread.
    pub(super) fn look(self: &Arc<Self>, request: LookRequest, pace: Pace<'_>) -> Result<Looked, LookError> {
        let begun_ms = self.clock().monotonic_ms();
        let figured = self.figured(pace)?;
        let mut reader = SqliteJournal::reader_in(self.dir());
        let mut past = Past::new(reader.as_mut(), pace.watch, pace.breathe);
        pace.watch.expect(figured.cut_off.0);
        let scanned = scan(&mut past, figured.calendar.clone(), figured.cut_off)?;
        let inputs = Inputs {
            catalogue: &scanned.catalogue,
            gathering: &scanned.gathering,
            worth: worth(&scanned.catalogue, figured.paid),
            history: &figured.history,
            cut_off: figured.cut_off,
            as_of: figured.as_of,
            seed: request.seed,
        };
        let mut advice = advise(&inputs);
        try_on_past(&mut past, (&scanned, &figured), request.seed, &mut advice, pace)?;
        let applied = scanned.catalogue.recommendations.iter();
        let applied = applied.filter(|known| matches!(known.decision, Decision::Applied { .. }));
        let grades = applied.filter_map(|known| Some((known.id.position, grade(&inputs, known)?))).collect();
        let (mut made, mut graded) = (Vec::new(), 0);
        if !request.is_dry && !pace.watch.is_cancelled() {
            let record = ToRecord { figured: &figured, advice: &advice, grades, seed: request.seed };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
            (made, graded) = runtime.block_on(self.record_look(record))?;
        }
        let took_ms = self.clock().monotonic_ms().saturating_sub(begun_ms);
        Ok(Looked {
            cut_off: figured.cut_off,
            as_of: figured.as_of,
            advice,
            made,
            graded,
            events: scanned.events,
            took_ms: u64::try_from(took_ms).unwrap_or(0),
        })
    }

    /// Reads the figures once they reflect what is committed now. Where they stand then is the cut-off: whatever else is
    /// read stops there, too.
    fn figured(&self, pace: Pace<'_>) -> Result<Figured, LookError> {
        let head = self.tail().committed().next;
        let until_ms = self.clock().monotonic_ms() + FIGURES_WAIT_MS;
        while self.views().next() < head {
            if pace.watch.is_cancelled() {
                return Err(PastError::Cancelled.into());
            }
            if self.clock().monotonic_ms() > until_ms {
                return Err(LookError::FiguresBehind { position: head });
            }
            std::thread::sleep(FIGURES_LOOK_EVERY);
        }
        let mut tries_left = FIGURES_TRIES;
        loop {
            let (views, catalogue) = (self.views(), self.catalogue());
            let cut_off = views.next();
            let as_of = self.time_before(cut_off, Millis(i64::MIN));
            let gathered = Gathered::read(&views, &catalogue, |_| false, Options::default(), as_of)?;
            let books = views.books(Millis(0), Millis::NEVER, Interval::Total)?;
            tries_left -= 1;
            if views.next() == cut_off || tries_left == 0 {
                let (calendar, paid) = (calendar(views.zone(), as_of), paid_value(&books));
                return Ok(Figured { cut_off, as_of, calendar, history: gathered.into_history(), paid });
            }
        }
    }

    /// Records grades, recommendations, and that there was a look, in this order: who sees the look sees what it made.
    async fn record_look(&self, record: ToRecord<'_>) -> Result<(Vec<EntryId>, u32), LookError> {
        let (mut made, mut graded) = (Vec::new(), 0);
        for (recommendation, outcome) in record.grades {
            let action = Action::GradeRecommendation { recommendation, outcome: Box::new(outcome) };
            graded += u32::from(self.record_one(action).await?.is_some());
        }
        for recommendation in &record.advice.recommendations {
            let action = Action::Recommend(Box::new(recommendation.clone()));
            made.extend(self.record_one(action).await?);
        }
        let look = AdviceLook {
            cut_off: record.figured.cut_off,
            as_of: record.figured.as_of,
            method: METHOD,
            seed: record.seed,
            made: u32::try_from(made.len()).unwrap_or(u32::MAX),
        };
        self.record_one(Action::NoteLook(look)).await?;
        Ok((made, graded))
    }

    /// Records something as the system; `None` where the ledger refuses, since the world has moved on meanwhile.
    async fn record_one(&self, action: Action) -> Result<Option<EntryId>, LookError> {
        match self.change_catalogue(KeyNo::SYSTEM, action, None).await {
            Ok(outcome) => Ok(Some(outcome.id)),
            Err(CallError::Rejected(why)) => {
                tracing::info!(environment = self.name(), %why, "a finding of a look is out of date");
                Ok(None)
            }
            Err(CallError::Failed(Failure::Stopped)) => Err(PastError::Cancelled.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a credit is worth: as set, else what was really paid for one, else what the cheapest pack asks.
fn worth(catalogue: &Catalogue, paid: Option<CreditValue>) -> Option<CreditWorth> {
    let set = catalogue.settings.credit_value_nano.map(CreditValue::set);
    let value = set.or(paid).or_else(|| CreditValue::of_packs(catalogue))?;
    Some(CreditWorth { nano: value.nano, micro: value.micro })
}

fn try_on_past(
    past: &mut Past<'_>,
    (scanned, figured): (&Scanned, &Figured),
    seed: u64,
    advice: &mut Advice,
    pace: Pace<'_>,
) -> Result<(), PastError> {
    let ground = Ground {
        catalogue: &scanned.catalogue,
        wallets: scanned.wallets,
        end: (figured.cut_off.0, figured.as_of),
        seed,
        limits: LIMITS,
    };
    let backtests = try_all(past, &ground, &advice.recommendations, pace)?;
    let drafts = std::mem::take(&mut advice.recommendations);
    let tried = drafts.into_iter().zip(backtests).map(|(draft, backtest)| match backtest {
        Some(backtest) => with_backtest(draft, backtest),
        None => draft,
    });
    advice.recommendations = tried.collect();
    Ok(())
}
