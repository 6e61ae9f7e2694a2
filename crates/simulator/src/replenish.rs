//! Customers who buy again: the pack they bought last, whenever their wallet cannot pay.

use chargly_ledger::{GrantKind, GrantRequest, Lot, Millis, State, Wallet, WalletNo};
use hashbrown::HashMap;

/// Packs that one customer buys again in a day, at most: who needs more would have chosen a larger pack.
pub const PACKS_A_DAY_MAX: u32 = 10;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The packs that customers bought last.
#[derive(Default)]
pub(crate) struct Packs {
    by_wallet: HashMap<WalletNo, Pack>,
}

struct Pack {
    request: GrantRequest,
    /// How long its credits last, in milliseconds; `None` for ever.
    lasts_ms: Option<i64>,
    /// The day of the last purchase, in days since 1970, and how many were bought on it.
    bought: (i64, u32),
}

impl Packs {
    /// Those that are known when the span begins.
    pub(crate) fn of(state: &State) -> Self {
        let mut packs = Self::default();
        for wallet in state.wallets() {
            if let Some(lot) = newest_pack(wallet) {
                packs.note(wallet.number, &request_of(lot), lot.granted_at);
            }
        }
        packs
    }

    /// Notes a grant, where it was sold.
    pub(crate) fn note(&mut self, wallet: WalletNo, request: &GrantRequest, at: Millis) {
        let is_sold = request.kind == GrantKind::Paid && request.price.is_some_and(|price| price.nano > 0);
        if !is_sold {
            return;
        }
        let lasts_ms = request.expires_at.map(|expires_at| expires_at.0.saturating_sub(at.0));
        let bought = self.by_wallet.get(&wallet).map_or((0, 0), |pack| pack.bought);
        let request = GrantRequest { effective_at: None, ..request.clone() };
        self.by_wallet.insert(wallet, Pack { request, lasts_ms, bought });
    }

    /// Buys a wallet's pack again at `now`, where it has one and has not bought too many that day.
    pub(crate) fn buy(&mut self, wallet: WalletNo, now: Millis) -> Option<GrantRequest> {
        let pack = self.by_wallet.get_mut(&wallet)?;
        let today = now.0.div_euclid(DAY_MS);
        let before = if pack.bought.0 == today { pack.bought.1 } else { 0 };
        if before >= PACKS_A_DAY_MAX {
            return None;
        }
        pack.bought = (today, before + 1);
        let expires_at = pack.lasts_ms.map(|lasts_ms| now.plus(lasts_ms));
        Some(GrantRequest { expires_at, ..pack.request.clone() })
    }
}

fn newest_pack(wallet: &Wallet) -> Option<&Lot> {
    let lots = wallet.lots.iter().chain(wallet.closed_lots());
    lots.filter(|lot| lot.kind == GrantKind::Paid && lot.price.is_some_and(|price| price.nano > 0))
        .max_by_key(|lot| (lot.granted_at, lot.number))
}

fn request_of(lot: &Lot) -> GrantRequest {
    GrantRequest {
        credits: lot.credits,
        kind: lot.kind,
        price: lot.price,
        priority: lot.priority,
        effective_at: None,
        expires_at: (lot.expires_at != Millis::NEVER).then_some(lot.expires_at),
        scope: lot.scope.clone(),
    }
}
