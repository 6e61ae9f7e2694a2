//! How a wallet stands, now or at an earlier instant.

use chargly_index::Posting;
use chargly_ledger::{
    Balance, Cold, ColdKey, EntryId, Fact, HoldRef, Millis, Position, Wallet, WalletEvent, WalletNo,
};
use compact_str::CompactString;

use crate::environment::Environment;
use crate::facts::Facts;
use crate::lookup::Lookup;
use crate::outcome::{CallError, index_failed};
use crate::submission::{Ask, Census, Failure, Item, Verdict, WalletAsked};

/// How a wallet stood at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletAsOf {
    /// Its balance then.
    pub balance: Balance,
    /// The newest fact that counts.
    pub position: Position,
}

impl Environment {
    /// A customer's wallet as committed; `None` for a customer never seen.
    pub async fn wallet(&self, customer: &str) -> Result<Option<Box<Wallet>>, CallError> {
        self.read_wallet(WalletAsked::Customer(customer.into())).await
    }

    /// A wallet by number.
    pub async fn wallet_no(&self, number: WalletNo) -> Result<Option<Box<Wallet>>, CallError> {
        self.read_wallet(WalletAsked::Number(number)).await
    }

    /// How a hold stands, open or ended, and the wallet it belongs to.
    pub async fn hold(&self, hold: EntryId) -> Result<Option<Box<(HoldRef, Wallet)>>, CallError> {
        let answered = self.ask(vec![Item::read(Ask::Hold(hold))], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Hold(Some(found))) => Ok(Some(found)),
            Some(Verdict::Hold(None)) => self.ended_hold(hold).await,
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }

    /// A hold that has left memory, and its wallet.
    async fn ended_hold(&self, id: EntryId) -> Result<Option<Box<(HoldRef, Wallet)>>, CallError> {
        let loaded = self.load_cold(vec![ColdKey::Hold(id.position)]).await?;
        let Some(Cold::Hold { hold, .. }) = loaded.found.into_iter().next() else { return Ok(None) };
        if hold.tag != id.tag {
            return Ok(None);
        }
        Ok(self.wallet_no(hold.wallet).await?.map(|wallet| Box::new((hold, *wallet))))
    }

    /// Several wallets by number, in one turn of the writer.
    pub async fn wallets(&self, wallets: &[WalletNo]) -> Result<Vec<Option<Box<Wallet>>>, CallError> {
        let items = wallets.iter().map(|no| Item::read(Ask::Wallet(WalletAsked::Number(*no)))).collect();
        let answered = self.ask(items, Vec::new(), false).await?;
        answered
            .verdicts
            .into_iter()
            .map(|verdict| match verdict {
                Verdict::Wallet(wallet) => Ok(wallet),
                Verdict::Failed(failure) => Err(failure.into()),
                _ => Err(Failure::Stopped.into()),
            })
            .collect()
    }

    /// The customers of several wallets, in one turn of the writer. Empty for one that was erased.
    pub async fn customers_of(&self, wallets: &[WalletNo]) -> Result<Vec<CompactString>, CallError> {
        let found = self.wallets(wallets).await?;
        Ok(found.into_iter().map(|wallet| wallet.map(|w| w.customer).unwrap_or_default()).collect())
    }

    /// Figures about the environment.
    pub async fn census(&self) -> Result<Census, CallError> {
        let answered = self.ask(vec![Item::read(Ask::Census)], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Census(census)) => Ok(census),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }

    /// How a wallet stood at an instant: after the newest of its facts that counts from then or before. What fell due
    /// by time counts from when it was due, however late it was recorded.
    pub async fn wallet_as_of(&self, wallet: &Wallet, at: Millis) -> Result<Option<WalletAsOf>, CallError> {
        let (facts, lookup) = (self.facts_handle(), self.lookup_handle());
        let (number, newest) = (wallet.number, wallet.last);
        self.blocking(move || {
            let mut next = Some(newest);
            while let Some(position) = next {
                // One by one through what is young; then run by run, since in each the facts of a wallet are sorted.
                if position < lookup.runs().sealed_to() {
                    return as_of_in_runs(&facts, &lookup, number, position, at);
                }
                let Some((counts_from, found, previous)) = read_step(&facts, position)? else { break };
                if counts_from <= at {
                    return Ok(Some(found));
                }
                next = previous;
            }
            Ok(None)
        })
        .await
    }

    async fn read_wallet(&self, asked: WalletAsked) -> Result<Option<Box<Wallet>>, CallError> {
        let answered = self.ask(vec![Item::read(Ask::Wallet(asked))], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Wallet(wallet)) => Ok(wallet),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }
}

/// When a fact of a wallet counts from, how the wallet stood after it, and the wallet's fact before it.
type Step = (Millis, WalletAsOf, Option<Position>);

fn read_step(facts: &Facts, position: Position) -> Result<Option<Step>, CallError> {
    let Some(stored) = facts.read(position)? else { return Ok(None) };
    let Fact::Wallet(fact) = stored.fact else { return Ok(None) };
    let counts_from = counts_from(&fact.event).unwrap_or(stored.at);
    Ok(Some((counts_from, WalletAsOf { balance: fact.header.after, position }, fact.header.previous)))
}

/// The newest fact at or before `newest` that counts from `at` or earlier, by halving. When facts count from never
/// goes back within one wallet, since what is due happens before anything else does.
fn as_of_in_runs(
    facts: &Facts,
    lookup: &Lookup,
    wallet: WalletNo,
    newest: Position,
    at: Millis,
) -> Result<Option<WalletAsOf>, CallError> {
    let mut position = newest;
    loop {
        let list = lookup.list_at(Posting::Wallet(wallet), position).map_err(|error| index_failed(&error))?;
        let Some(list) = list else { return Ok(None) };
        let mut inside: Vec<Position> = list.newest_first(Position(position.0 + 1)).collect();
        inside.reverse();
        let (mut low, mut high, mut found) = (0, inside.len(), None);
        while low < high {
            let middle = low + (high - low) / 2;
            match read_step(facts, inside[middle])? {
                Some((counts_from, stood, _)) if counts_from <= at => {
                    found = Some(stood);
                    low = middle + 1;
                }
                Some(_) => high = middle,
                // Not a fact of the wallet's own chain: it says nothing of its balance.
                None => drop(inside.remove(middle)),
            }
            high = high.min(inside.len());
        }
        if found.is_some() {
            return Ok(found);
        }
        match list.first.0.checked_sub(1) {
            Some(before) => position = Position(before),
            None => return Ok(None),
        }
    }
}

/// When something that happened by time was due.
fn counts_from(event: &WalletEvent) -> Option<Millis> {
    match event {
        WalletEvent::LotActivated { due, .. }
        | WalletEvent::LotExpired { due, .. }
        | WalletEvent::HoldExpired { due, .. } => Some(*due),
        WalletEvent::AllowanceRenewed { renewal } => Some(renewal.due),
        _ => None,
    }
}
