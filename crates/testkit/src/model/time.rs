//! What happens by time alone.

use super::wallet::Wallet;
use super::{LotStatus, Model, Ms, Place};

/// What can fall due, in the order in which things of one instant happen: holds end before lots lapse, so that what
/// they reserved lapses with the lot; allowances carry lots over before these would lapse; lots lapse before others
/// begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    HoldExpires(Place),
    PeriodBegins(Place),
    LotExpires(Place, u32),
    LotBegins(Place, u32),
}

impl Model {
    /// Lets everything of a wallet happen that is due at `now`, one by one, earliest first.
    pub(super) fn let_due_things_happen(&mut self, number: usize, now: Ms) {
        while let Some((_, due)) = self.wallets[number].next_due().filter(|(at, _)| *at <= now) {
            let place = self.next_place();
            let wallet = &mut self.wallets[number];
            let what = match due {
                Due::HoldExpires(hold) => wallet.expire_hold(hold),
                Due::PeriodBegins(allowance) => wallet.renew(place, allowance, now),
                Due::LotExpires(_, lot) => wallet.expire_lot(lot),
                Due::LotBegins(_, lot) => wallet.activate(lot),
            };
            self.count(number, place, &what, 0, now);
            self.record(Some(number), what);
        }
    }

    /// Lets what is due at `now` happen in a customer's wallet, although nobody asks for anything.
    pub fn sweep(&mut self, customer: &str, now: Ms) {
        if let Some(number) = self.wallets.iter().position(|w| w.customer == customer) {
            self.let_due_things_happen(number, now);
        }
    }
}

impl Wallet {
    fn next_due(&self) -> Option<(Ms, Due)> {
        let holds = self.open_holds().map(|h| (h.expires_at, Due::HoldExpires(h.placed)));
        let live = self.lots.iter().filter(|l| l.remaining() > 0);
        let lots = live.filter_map(|l| match l.status {
            LotStatus::Active => l.expires_at.map(|at| (at, Due::LotExpires(l.granted_by, l.number))),
            LotStatus::Pending => Some((l.effective_at, Due::LotBegins(l.granted_by, l.number))),
            LotStatus::Expired | LotStatus::Voided => None,
        });
        let periods = self.allowances.iter().map(|a| (a.begins(a.periods), Due::PeriodBegins(a.given_by)));
        holds.chain(periods).chain(lots).min()
    }
}
