//! Packs, orders and allowances in random scripts.
//!
//! An order in a request is a pick; its money is a template: what came is given beside the price, what went back in
//! per cent of what came. [`resolve`] puts amounts in their place.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::commands::{amount, customer};
use super::{EVENT_TYPES, HUGE};
use crate::model::{
    Micro, Money, Ms, Nano, News, OrderView, Payment, Period, Request, Returns, Rollover, Shortfall,
};

/// A cent, in nano-units.
const CENT: Nano = 10_000_000;
/// Packs of every script.
const PACKS: [&str; 2] = ["small", "large"];

/// What can be done about packs, orders and allowances, and how often it is drawn beside the rest.
pub(super) fn actions(huge: bool) -> Vec<(u32, BoxedStrategy<Request>)> {
    vec![
        (2, publish_pack(huge)),
        (4, settings()),
        (10, place_order()),
        (2, open_checkout()),
        (24, settle_order()),
        (9, refund_order()),
        (3, set_allowance(huge)),
        (1, end_allowance()),
    ]
}

fn usd(nano: Nano) -> Money {
    Money { nano, currency: "usd".to_owned() }
}

fn pack() -> BoxedStrategy<String> {
    prop_oneof![20 => select(&PACKS[..]), 1 => Just("none")].prop_map(str::to_owned).boxed()
}

fn publish_pack(huge: bool) -> BoxedStrategy<Request> {
    let credits = prop_oneof![
        30 => 1..40i128,
        if huge { 6 } else { 1 } => HUGE..HUGE + 7,
        1 => -1..1i128,
    ];
    let price = prop_oneof![
        20 => (1..60i128).prop_map(|cents| usd(cents * CENT)),
        1 => Just(usd(0)),
        1 => Just(usd(CENT + 1)),
        1 => Just(Money { nano: CENT, currency: "eur".to_owned() }),
    ];
    let days = prop_oneof![4 => Just(None), 8 => (1..4u32).prop_map(Some), 1 => Just(Some(0))];
    (select(&PACKS[..]), credits, prop_oneof![3 => Just(0), 1 => -1..9i128], price, days, 0..9u8)
        .prop_map(|(code, credits, bonus, price, valid_days, retired)| Request::PublishPack {
            code: code.to_owned(),
            credits,
            bonus,
            price,
            valid_days,
            is_active: retired > 0,
        })
        .boxed()
}

fn settings() -> BoxedStrategy<Request> {
    let welcome = prop_oneof![
        2 => Just(None),
        3 => (0..9i128, prop_oneof![Just(None), (0..4u32).prop_map(Some)]).prop_map(Some),
    ];
    let shortfall = || select(&[Shortfall::Debt, Shortfall::DebtAndFreeze, Shortfall::Uncollectable][..]);
    (welcome, shortfall(), shortfall())
        .prop_map(|(welcome, refund_shortfall, dispute_shortfall)| Request::ChangeSettings {
            welcome,
            refund_shortfall,
            dispute_shortfall,
        })
        .boxed()
}

fn place_order() -> BoxedStrategy<Request> {
    (customer(), pack()).prop_map(|(customer, pack)| Request::PlaceOrder { customer, pack }).boxed()
}

/// An order, picked back from the newest.
fn order() -> BoxedStrategy<u64> {
    prop_oneof![8 => 0u64..3, 1 => 0u64..20].boxed()
}

fn open_checkout() -> BoxedStrategy<Request> {
    order().prop_map(|order| Request::OpenCheckout { order }).boxed()
}

fn payment() -> BoxedStrategy<News> {
    let beside_price = prop_oneof![
        12 => Just(usd(0)),
        2 => (-1..2i128).prop_map(|cents| usd(cents * CENT)),
        1 => Just(Money { nano: 0, currency: "eur".to_owned() }),
    ];
    let per_cent = prop_oneof![6 => Just(0), 2 => 1..100i128, 1 => Just(100)];
    (beside_price, per_cent, prop_oneof![3 => Just(0), 1 => 1..30i128])
        .prop_map(|(subtotal, discount, tax)| News::Paid(Payment { subtotal, discount, tax, total: 0 }))
        .boxed()
}

fn settle_order() -> BoxedStrategy<Request> {
    let news = prop_oneof![
        10 => payment().prop_map(Some),
        6 => Just(None),
        1 => Just(Some(News::Pending)),
        1 => Just(Some(News::Expired)),
        1 => Just(Some(News::Failed)),
    ];
    let per_cent = || prop_oneof![6 => Just(0), 2 => 1..100i128, 2 => Just(100), 1 => Just(130)];
    let returns = (per_cent(), per_cent(), per_cent()).prop_map(|(refunded, withdrawn, disputed)| Returns {
        refunded,
        withdrawn,
        disputed,
    });
    let returns = prop_oneof![2 => Just(None), 4 => returns.prop_map(Some)];
    (order(), news, returns, 0..3u8, 0..6u8)
        .prop_map(|(order, payment, returns, ends, accepted)| Request::SettleOrder {
            order,
            payment,
            returns,
            ends_refund: (ends == 0).then_some(0),
            is_accepted: accepted == 0,
        })
        .boxed()
}

fn refund_order() -> BoxedStrategy<Request> {
    (order(), amount()).prop_map(|(order, credits)| Request::RefundOrder { order, credits }).boxed()
}

fn set_allowance(huge: bool) -> BoxedStrategy<Request> {
    let credits = prop_oneof![
        30 => 1..20i128,
        if huge { 6 } else { 1 } => HUGE - 20..HUGE + 7,
        1 => -1..1i128,
    ];
    let rollover = prop_oneof![
        2 => Just(Rollover::default()),
        2 => (1..15i128).prop_map(|max| Rollover { min: 0, max }),
        3 => (1..9i128, -1..9i128).prop_map(|(min, more)| Rollover { min, max: min + more }),
    ];
    let starts_at = prop_oneof![3 => Just(None), 2 => (-1..60i64).prop_map(|m| Some(m * 60_000))];
    let scope = prop_oneof![
        3 => Just(BTreeSet::new()),
        1 => proptest::collection::btree_set(select(&EVENT_TYPES[..4]).prop_map(str::to_owned), 1..3),
    ];
    let period = prop_oneof![6 => Just(Period::Day), 2 => Just(Period::Week), 1 => Just(Period::Month)];
    (customer(), select(&["plan", "extra"][..]), credits, period, starts_at, rollover, (-1..2i32, scope))
        .prop_map(|(customer, code, credits, period, starts_at, rollover, (priority, scope))| {
            let code = code.to_owned();
            Request::SetAllowance { customer, code, credits, period, starts_at, rollover, priority, scope }
        })
        .boxed()
}

fn end_allowance() -> BoxedStrategy<Request> {
    (customer(), select(&["plan", "extra"][..]))
        .prop_map(|(customer, code)| Request::EndAllowance { customer, code: code.to_owned() })
        .boxed()
}

/// Puts amounts for what a template says beside the price and in per cent, for the order that was picked.
pub(super) fn resolve(request: &mut Request, order: &OrderView) {
    let Request::SettleOrder { payment, returns, ends_refund, .. } = request else { return };
    if let Some(News::Paid(Payment { subtotal, discount, tax, total })) = payment {
        subtotal.nano = (subtotal.nano + order.price.nano).max(0);
        *discount = subtotal.nano * *discount / 100;
        *tax = subtotal.nano * *tax / 100;
        *total = subtotal.nano - *discount + *tax;
    }
    let came = match (&order.payment, payment) {
        (Some(known), _) => known.total,
        (None, Some(News::Paid(payment))) => payment.total,
        (None, _) => order.price.nano,
    };
    if let Some(Returns { refunded, withdrawn, disputed }) = returns {
        for money in [refunded, withdrawn, disputed] {
            *money = came * *money / 100;
        }
    }
    // Seldom another refund than the one that goes on.
    *ends_refund = ends_refund.map(|other| order.refund.map_or(other, |(id, ..)| id));
}

/// Packs that every script begins with.
pub(super) fn packs() -> [Request; 2] {
    let pack = |code: &str, credits: Micro, cents: Nano, valid_days| Request::PublishPack {
        code: code.to_owned(),
        credits,
        bonus: 1,
        price: usd(cents * CENT),
        valid_days,
        is_active: true,
    };
    [pack("small", 9, 1, Some(1)), pack("large", 30, 5, None)]
}

/// A time given as an offset.
pub(super) fn later(offset: &mut Option<Ms>, now: Ms) {
    *offset = offset.map(|offset| now + offset);
}
