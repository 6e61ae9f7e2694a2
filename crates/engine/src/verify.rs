//! Proving the data: the chain, every sum, and everything derived against a fold from the very first fact.

use std::collections::HashMap;
use std::path::Path;

use chargly_index::{CHECKPOINT_FILE, Checkpoint, CheckpointError, Checkpoints, RunError, RunLength};
use chargly_journal::{ChainCheck, JournalReader, SqliteJournal, read_witness};
use chargly_ledger::{
    Credits, Fact, Lot, LotNo, LotStatus, Position, Recorded, State, Wallet, WalletEvent, WalletFact,
    WalletNo, entries, state_digest,
};
use chargly_views::Views;
use thiserror::Error;

use crate::fold::{Fold, FoldError, Folded};
use crate::verify_runs::{RunsCheck, sealed_runs};

/// Bytes of journal read at once.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// How far a long piece of work has come: facts done, facts in all.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What was checked, and found in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `test`, `live` or `playground`.
    pub environment: String,
    /// Frames whose hashes were recomputed.
    pub frames: u64,
    /// Facts folded.
    pub facts: u64,
    /// Wallets whose lots, holds and debt add up to their balance.
    pub wallets: usize,
    /// Idempotency keys bound, each to one fact.
    pub keys: u64,
    /// Sealed runs that were compared, page by page.
    pub runs: u32,
    /// Where the checkpoint stands that was compared; `None` where there is none.
    pub checkpoint: Option<Position>,
    /// Up to where the rollups were compared.
    pub views: Position,
    /// The chain hash at the head.
    pub chain: [u8; 32],
    /// The digest of the folded state.
    pub digest: [u8; 32],
}

/// The first thing found that is not as it should be.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Read(#[from] chargly_journal::ReadError),
    /// The chain is broken.
    #[error("the journal is damaged at position {position}: {problem}")]
    Chain {
        /// Where.
        position: u64,
        /// How.
        problem: String,
    },
    /// A fact could not be folded.
    #[error("the journal cannot be folded")]
    Fold(#[from] FoldError),
    /// A sum is wrong.
    #[error("wrong sum at position {position}: {problem}")]
    Sum {
        /// Where.
        position: Position,
        /// What is wrong.
        problem: String,
    },
    /// A key is bound by two facts.
    #[error("the idempotency key of position {second} was bound before, at position {first}")]
    KeyTwice {
        /// The first.
        first: Position,
        /// The second.
        second: Position,
    },
    /// Something derived differs from the fold.
    #[error("the {what} differs from the journal at position {position}: {problem}")]
    Derived {
        /// What.
        what: &'static str,
        /// Where it stands.
        position: Position,
        /// The first difference.
        problem: String,
    },
    /// The views could not be read.
    #[error("the rollups cannot be read")]
    Views(#[from] chargly_views::ViewError),
    /// A sealed run could not be read.
    #[error("a sealed run cannot be read")]
    Runs(#[from] RunError),
    /// The head witness could not be read.
    #[error("the head witness cannot be read")]
    Witness(#[from] std::io::Error),
}

/// Checks the environment in `dir`, which may be running.
pub fn verify(dir: &Path, progress: Progress<'_>) -> Result<Report, VerifyError> {
    verify_with(dir, RunLength::FULL, progress)
}

/// As [`verify`], for runs of another length than usual.
pub fn verify_with(dir: &Path, length: RunLength, progress: Progress<'_>) -> Result<Report, VerifyError> {
    // What is derived first, the journal's head last: beside a running server the head must not be the older one.
    let checkpoint = match read_checkpoint(dir) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Err(damaged_checkpoint(&error)),
    };
    let sealed = sealed_runs(dir)?;
    // Where there are none, as in a backup, none are made: there is nothing to compare then.
    let has_views = dir.join(chargly_views::FILE_NAME).exists();
    let stored_views = if has_views { Views::open_snapshot(dir)? } else { Views::in_memory()? };
    let compare_views_at = stored_views.flushed();
    let mut reader = SqliteJournal::reader_in(dir);
    check_witness(dir, reader.as_mut())?;
    let head = reader.head()?;

    let mut check = Checker {
        fold: Fold::from_start(),
        chain: ChainCheck::from_anywhere(),
        // By what the stored ones are counted by: then a fresh fold must come to the same.
        views: Views::in_memory_by(&stored_views.setup())?,
        runs: RunsCheck::new(dir, length, sealed, SqliteJournal::reader_in(dir)),
        frames: 0,
        forgets_later: false,
        error: None,
    };
    let mut compared_checkpoint = None;
    let mut from = chargly_journal::Position(0);
    while from < head.next {
        let chunks = reader.chunks_from(from, READ_BYTES)?;
        let Some(last) = chunks.last() else { break };
        from = last.end();
        for chunk in &chunks {
            check.chunk(chunk, compare_views_at)?;
            // A checkpoint always stands at the end of a frame.
            if let Some(checkpoint) = checkpoint.as_ref().filter(|c| c.next.0 == chunk.end().0) {
                compare_checkpoint(&checkpoint.state, &check.fold.state, checkpoint.next)?;
                compared_checkpoint = Some(checkpoint.next);
            }
        }
        progress(from.0.min(head.next.0), head.next.0);
    }
    if let Some(checkpoint) = &checkpoint
        && compared_checkpoint.is_none()
    {
        let problem = "it stands beyond the end of the journal, or not at the end of a frame".to_owned();
        return Err(VerifyError::Derived { what: "checkpoint", position: checkpoint.next, problem });
    }
    check_orders(&check.fold.state)?;
    let difference = if check.forgets_later {
        stored_views.first_difference_while_forgetting(&check.views)?
    } else {
        stored_views.first_difference(&check.views)?
    };
    if let Some(problem) = difference {
        return Err(VerifyError::Derived { what: "rollup", position: compare_views_at, problem });
    }
    Ok(Report {
        environment: check.fold.state.catalogue().environment.to_string(),
        frames: check.frames,
        facts: check.fold.next.0,
        wallets: check.fold.state.wallet_count(),
        keys: check.runs.keys,
        runs: check.runs.compared(),
        checkpoint: compared_checkpoint,
        views: compare_views_at,
        chain: head.hash.0,
        digest: state_digest(&check.fold.state),
    })
}

struct Checker {
    fold: Fold,
    runs: RunsCheck,
    chain: ChainCheck,
    views: Views,
    frames: u64,
    /// Whether a customer is forgotten by a fact that is not in the stored views.
    forgets_later: bool,
    error: Option<VerifyError>,
}

impl Checker {
    fn chunk(&mut self, chunk: &chargly_journal::Chunk, views_to: Position) -> Result<(), VerifyError> {
        let position = chunk.first.0;
        chunk.verify().map_err(|error| VerifyError::Chain { position, problem: error.to_string() })?;
        self.chain
            .continues_with(chunk)
            .map_err(|error| VerifyError::Chain { position, problem: error.to_string() })?;
        self.frames += u64::from(chunk.last_in_frame);
        let Self { fold, runs, views, forgets_later, error, .. } = self;
        fold.fold_state(chunk, |folded| {
            if error.is_none() {
                *error = check_fact(&folded).err();
            }
            let Recorded { id, at } = folded.recorded;
            if error.is_none() {
                *error = runs.fact(id.position, at, folded.fact).err();
            }
            if error.is_none() && id.position < views_to {
                *error = views
                    .fold_with_payload(id.position, at, folded.fact, folded.payload)
                    .err()
                    .map(VerifyError::from);
            } else if let Fact::Wallet(fact) = folded.fact {
                *forgets_later |= fact.event == WalletEvent::CustomerErased;
            }
        })?;
        self.error.take().map_or(Ok(()), Err)
    }
}

/// Checks the sums of one fact against the state after it.
fn check_fact(folded: &Folded<'_>) -> Result<(), VerifyError> {
    let Folded { recorded, fact, posted_before: before, state, .. } = *folded;
    let Fact::Wallet(WalletFact { header, .. }) = fact else { return Ok(()) };
    let position = recorded.id.position;
    let wrong = |problem| Err(VerifyError::Sum { position, problem });
    let moved: Credits = entries(fact).iter().map(|entry| entry.credits).sum();
    if before + moved != header.after.posted {
        return wrong(format!(
            "the wallet had {before} posted credits, its lines move {moved}, and it is said to have {}",
            header.after.posted
        ));
    }
    match state.wallet(header.wallet) {
        Some(wallet) => check_wallet(wallet).or_else(wrong),
        None => wrong("its wallet was never opened".to_owned()),
    }
}

/// posted = effective, unexpired remainders + expired ones still reserved − debt; held = open holds; every lot within
/// its bounds.
fn check_wallet(wallet: &Wallet) -> Result<(), String> {
    let counted = |lot: &&Lot| matches!(lot.status, LotStatus::Active | LotStatus::Expired);
    let remaining: Credits = wallet.lots.iter().filter(counted).map(Lot::remaining).sum();
    let debt: Credits = wallet.debts().iter().map(|d| d.credits).sum();
    let mut held: Credits = wallet.holds().iter().map(chargly_ledger::Hold::held).sum();
    let balance = wallet.balance;
    if remaining - debt != balance.posted {
        return Err(format!(
            "its lots less its debt are {} and posted is {}",
            remaining - debt,
            balance.posted
        ));
    }
    if debt != balance.debt {
        return Err(format!("its open slices of debt are {debt} and its debt is {}", balance.debt));
    }
    for lot in wallet.lots.iter().chain(wallet.closed_lots()) {
        let reserved: Credits = wallet
            .holds()
            .iter()
            .flat_map(|h| &h.reserves)
            .filter(|r| r.lot == lot.number)
            .map(|r| r.credits)
            .sum();
        if lot.used < Credits::ZERO || lot.used > lot.credits {
            return Err(format!("lot {} has used {} of {}", lot.number.0, lot.used, lot.credits));
        }
        if reserved > lot.held || lot.held > lot.remaining() {
            return Err(format!(
                "lot {} has {} held and {reserved} reserved by holds",
                lot.number.0, lot.held
            ));
        }
        // The rest is set aside by the lot's order, which is compared once all is folded.
        held += lot.held - reserved;
    }
    if held != balance.held {
        return Err(format!("what is set aside in it is {held} and held is {}", balance.held));
    }
    Ok(())
}

/// What lots have set aside beyond open holds is what their orders say, no more and no less.
fn check_orders(state: &State) -> Result<(), VerifyError> {
    let by_order = state.orders().filter(|(_, order)| !order.sums.reserved.is_zero());
    let mut set_aside: HashMap<(WalletNo, LotNo), (Position, Credits)> = by_order
        .filter_map(|(placed, order)| Some(((order.wallet, order.lot?), (placed, order.sums.reserved))))
        .collect();
    for wallet in state.wallets() {
        for lot in wallet.lots.iter().filter(|lot| lot.held.is_positive()) {
            let of_holds = wallet.holds().iter().flat_map(|hold| &hold.reserves);
            let by_holds: Credits = of_holds.filter(|r| r.lot == lot.number).map(|r| r.credits).sum();
            let said = set_aside.remove(&(wallet.number, lot.number));
            let (position, by_order) = said.unwrap_or((wallet.last, Credits::ZERO));
            if by_holds + by_order != lot.held {
                let held = lot.held;
                let problem = format!(
                    "lot {} of wallet {} has {held} held, {by_holds} by holds and {by_order} by its order",
                    lot.number.0, wallet.number.0
                );
                return Err(VerifyError::Sum { position, problem });
            }
        }
    }
    match set_aside.into_values().next() {
        Some((position, credits)) => {
            let problem = format!("an order sets {credits} aside in a lot that holds nothing");
            Err(VerifyError::Sum { position, problem })
        }
        None => Ok(()),
    }
}

fn compare_checkpoint(stored: &State, folded: &State, position: Position) -> Result<(), VerifyError> {
    if state_digest(stored) == state_digest(folded) {
        return Ok(());
    }
    let differs = stored.wallets().zip(folded.wallets()).find(|(a, b)| a != b);
    let problem = match differs {
        Some((a, b)) => format!(
            "wallet {} has {:?} in the checkpoint and {:?} in the journal",
            a.number.0, a.balance, b.balance
        ),
        None if stored.wallet_count() != folded.wallet_count() => {
            format!(
                "{} wallets in the checkpoint, {} in the journal",
                stored.wallet_count(),
                folded.wallet_count()
            )
        }
        None if stored.spending() != folded.spending() => "what was spent of budgets differs".to_owned(),
        None => "its catalogue, holds or amendments differ".to_owned(),
    };
    Err(VerifyError::Derived { what: "checkpoint", position, problem })
}

fn read_checkpoint(dir: &Path) -> Result<Option<Checkpoint>, CheckpointError> {
    if !dir.join(CHECKPOINT_FILE).exists() {
        return Ok(None);
    }
    Checkpoints::open(dir)?.read_whole()
}

fn damaged_checkpoint(error: &CheckpointError) -> VerifyError {
    VerifyError::Derived { what: "checkpoint", position: Position(0), problem: error.to_string() }
}

/// The journal must reach at least as far as its witness has seen it, with the same hash.
fn check_witness(dir: &Path, reader: &mut dyn JournalReader) -> Result<(), VerifyError> {
    let Some(witness) = read_witness(dir)? else { return Ok(()) };
    let Some(last) = witness.next.0.checked_sub(1) else { return Ok(()) };
    let problem = match reader.chunk_at(chargly_journal::Position(last))? {
        None => "the head witness has seen facts here that the journal no longer has",
        Some(chunk) if chunk.hash != witness.hash => "the head witness has seen other facts here",
        Some(_) => return Ok(()),
    };
    Err(VerifyError::Chain { position: last, problem: problem.to_owned() })
}
