//! From the ledger's wallets to the model's views.

use chargly_ledger::{GrantKind, Hold, Lot, LotStatus, Wallet};

use super::requests::until;
use super::{Driver, facts, sales};
use crate::model::{self, HoldView, Kind, LotView, Money, WalletView};

impl Driver {
    /// A wallet in the model's words.
    pub(super) fn view(&self, wallet: &Wallet) -> WalletView {
        let mut closed: Vec<_> = wallet.closed_lots().iter().map(|l| self.lot_view(l)).collect();
        closed.sort_by_key(|l| l.number);
        let of = |list: &[(chargly_ledger::Position, chargly_ledger::WalletNo)]| -> Vec<_> {
            list.iter().filter(|(_, no)| *no == wallet.number).map(|(place, _)| *place).collect()
        };
        let ended = of(&self.holds).into_iter().filter_map(|place| {
            let known = self.recorder.id(place).and_then(|id| self.state.hold_ref(id));
            let known = known.expect("a hold is remembered for ever");
            known.end.map(|end| (place.0, facts::hold_end(end)))
        });
        let recharged = of(&self.events).into_iter().filter_map(|place| {
            let recharged = self.state.amended(place).map_or(0, |a| a.recharged.micro());
            (recharged > 0).then_some((place.0, recharged.into()))
        });
        let costs = of(&self.events).into_iter().filter_map(|place| {
            let cost = self.state.amended(place).and_then(|a| a.cost)?;
            Some((place.0, cost.nano.into()))
        });
        let reversed = of(&self.events).into_iter().filter_map(|place| {
            let reversed = self.state.amended(place).map_or(0, |a| a.reversed.micro());
            (reversed > 0).then_some((place.0, reversed.into()))
        });
        WalletView {
            customer: wallet.customer.to_string(),
            balance: facts::balance(wallet.balance),
            policy: facts::policy(wallet.policy),
            frozen_by: wallet.frozen_by().map(|p| p.0),
            live: wallet.lots.iter().map(|l| self.lot_view(l)).collect(),
            closed,
            holds: wallet.holds().iter().map(|h| self.hold_view(h)).collect(),
            ended: ended.collect(),
            debts: wallet
                .debts()
                .iter()
                .map(|d| (d.event.0, self.name_of(d.event_type), d.credits.micro().into()))
                .collect(),
            reversed: reversed.collect(),
            recharged: recharged.collect(),
            costs: costs.collect(),
            orders: of(&self.orders)
                .into_iter()
                .map(|placed| {
                    let known = self.recorder.id(placed).and_then(|id| self.state.order(id));
                    sales::order_view(placed, known.expect("an order is remembered for ever"))
                })
                .collect(),
            open_orders: wallet.open_orders().iter().map(|placed| placed.0).collect(),
            allowances: wallet.allowances().iter().map(sales::allowance_view).collect(),
        }
    }

    fn lot_view(&self, lot: &Lot) -> LotView {
        LotView {
            number: lot.number.0,
            kind: match lot.kind {
                GrantKind::Paid => Kind::Paid,
                GrantKind::Promotional => Kind::Promotional,
                GrantKind::Adjustment => Kind::Adjustment,
            },
            status: match lot.status {
                LotStatus::Pending => model::LotStatus::Pending,
                LotStatus::Active => model::LotStatus::Active,
                LotStatus::Expired => model::LotStatus::Expired,
                LotStatus::Voided => model::LotStatus::Voided,
            },
            credits: lot.credits.micro().into(),
            used: lot.used.micro().into(),
            lapsed: lot.lapsed.micro().into(),
            held: lot.held.micro().into(),
            price: lot.price.map(|p| Money { nano: p.nano.into(), currency: p.currency.as_str().to_owned() }),
            priority: lot.priority,
            effective_at: lot.effective_at.0,
            expires_at: until(lot.expires_at),
            scope: lot.scope.iter().map(|no| self.name_of(*no)).collect(),
        }
    }

    fn hold_view(&self, hold: &Hold) -> HoldView {
        HoldView {
            placed: hold.id.position.0,
            event_type: self.name_of(hold.event_type),
            price: hold.price.map(|p| p.0),
            credits: hold.credits.micro().into(),
            reserved: facts::reserved(&hold.reserves),
            on_overdraft: hold.on_overdraft.micro().into(),
            expires_at: hold.expires_at.0,
        }
    }

    fn name_of(&self, number: chargly_ledger::EventTypeNo) -> String {
        self.state.catalogue().event_type_no(number).map(|t| t.name.to_string()).unwrap_or_default()
    }
}
