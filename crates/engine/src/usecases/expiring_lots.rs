//! Lots that will expire with credits in them: what customers are warned of.
//!
//! Read from the living state like the sums of lots: a slice of the wallets in each turn of the writer, so that commits
//! never wait for all of them.

use chargly_ledger::{Credits, EntryId, GrantKind, LotStatus, Millis, State, WalletNo};
use compact_str::CompactString;

use super::figures::TURN_LOTS_MAX;
use crate::environment::Environment;
use crate::outcome::CallError;
use crate::submission::{Ask, Failure, Item, Verdict};

/// A lot that will expire with credits in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiringLot {
    /// Whose.
    pub wallet: WalletNo,
    /// The fact that opened the wallet.
    pub wallet_id: EntryId,
    /// The customer's own id; empty once erased.
    pub customer: CompactString,
    /// What the wallet has to spend.
    pub available: Credits,
    /// The fact that granted the lot.
    pub lot: EntryId,
    /// Where it came from.
    pub kind: GrantKind,
    /// Credits that would lapse: those that no hold reserves.
    pub credits: Credits,
    /// When.
    pub expires_at: Millis,
}

/// Some wallets' lots, in one turn of the writer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpiringSlice {
    /// In no order.
    pub lots: Vec<ExpiringLot>,
    /// The wallet with which the next slice begins; `None` behind the last.
    pub next: Option<WalletNo>,
}

impl Environment {
    /// Lots that expire before a time with credits in them: of some wallets, from this wallet on.
    pub async fn expiring_lots(&self, from: WalletNo, before: Millis) -> Result<ExpiringSlice, CallError> {
        let answered = self.ask(vec![Item::read(Ask::Expiring(from, before))], Vec::new(), false).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Expiring(slice)) => Ok(*slice),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }
}

impl ExpiringSlice {
    /// Reads the slice that begins with a wallet. At least one wallet, however many lots it has.
    pub(crate) fn read(state: &State, from: WalletNo, before: Millis) -> Self {
        let (mut lots, mut looked_at, mut count) = (Vec::new(), 0, from.index());
        for wallet in state.wallets().skip(from.index()) {
            let open = wallet.lots.iter().filter(|lot| lot.status == LotStatus::Active);
            let due = open.filter(|lot| lot.expires_at < before && lot.free().is_positive());
            lots.extend(due.map(|lot| ExpiringLot {
                wallet: wallet.number,
                wallet_id: wallet.id,
                customer: wallet.customer.clone(),
                available: wallet.balance.available(),
                lot: lot.id,
                kind: lot.kind,
                credits: lot.free(),
                expires_at: lot.expires_at,
            }));
            count += 1;
            looked_at += 1 + wallet.lots.len();
            if looked_at >= TURN_LOTS_MAX {
                break;
            }
        }
        let next = (count < state.wallet_count()).then(|| WalletNo::at(count));
        Self { lots, next }
    }
}
