//! How a wallet stands, now or at an earlier instant.

use chargly_ledger::{Balance, EntryId, Fact, HoldRef, Millis, Position, Wallet, WalletEvent, WalletNo};
use compact_str::CompactString;

use crate::environment::Environment;
use crate::outcome::CallError;
use crate::submission::{Ask, Census, Failure, Item, Key, Verdict, WalletAsked};

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
        let answered = self.ask(vec![read_item(Ask::Hold(hold))], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Hold(found)) => Ok(found),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }

    /// Several wallets by number, in one turn of the writer.
    pub async fn wallets(&self, wallets: &[WalletNo]) -> Result<Vec<Option<Box<Wallet>>>, CallError> {
        let items = wallets.iter().map(|no| read_item(Ask::Wallet(WalletAsked::Number(*no)))).collect();
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
        let answered = self.ask(vec![read_item(Ask::Census)], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Census(census)) => Ok(census),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }

    /// How a wallet stood at an instant: after the newest of its facts that counts from then or before. What fell due
    /// by time counts from when it was due, however late it was recorded.
    pub async fn wallet_as_of(&self, wallet: &Wallet, at: Millis) -> Result<Option<WalletAsOf>, CallError> {
        let facts = self.facts_handle();
        let newest = wallet.last;
        self.blocking(move || {
            let mut next = Some(newest);
            while let Some(position) = next {
                let Some(stored) = facts.read(position)? else { break };
                let Fact::Wallet(fact) = stored.fact else { break };
                if counts_from(&fact.event).unwrap_or(stored.at) <= at {
                    return Ok(Some(WalletAsOf { balance: fact.header.after, position }));
                }
                next = fact.header.previous;
            }
            Ok(None)
        })
        .await
    }

    async fn read_wallet(&self, asked: WalletAsked) -> Result<Option<Box<Wallet>>, CallError> {
        let answered = self.ask(vec![read_item(Ask::Wallet(asked))], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Wallet(wallet)) => Ok(wallet),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }
}

/// When something that happened by time was due.
fn counts_from(event: &WalletEvent) -> Option<Millis> {
    match event {
        WalletEvent::LotActivated { due, .. }
        | WalletEvent::LotExpired { due, .. }
        | WalletEvent::HoldExpired { due, .. } => Some(*due),
        _ => None,
    }
}

fn read_item(ask: Ask) -> Item {
    Item { ask, key: Key::None, payload: 0..0, digest: [0; 32], cleared: None }
}
