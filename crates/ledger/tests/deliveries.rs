//! What a provider tells, in any order and any number of times: an order comes to stand where it stands there.
//!
//! Every notice is answered by asking the provider how the order stands, so that what was true last is told last;
//! what was true before arrives whenever it does.

use std::collections::BTreeMap;

use chargly_ledger::{Credits, Fact, entries};
use chargly_testkit::ledger::Audit;
use chargly_testkit::model::{
    Answer, LotView, Micro, Money, Nano, News, OrderView, Payment, Place, Request, Returns, WalletView,
};
use chargly_testkit::pair::Pair;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Cases of each property by default; `PROPTEST_CASES` asks for more.
const CASES: u32 = 256;
/// How often one notice is delivered at most.
const DELIVERIES_MAX: usize = 5;
/// What the pack costs: $10, in nano-units.
const PRICE: Nano = 10_000_000_000;
/// What comes with it: 500 credits, in micro-credits.
const CREDITS: Micro = 500_000_000;

fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: asked.unwrap_or(CASES), failure_persistence: None, ..Config::default() }
}

/// What happens at a provider.
#[derive(Clone, Copy, Debug)]
enum Notice {
    Completed,
    AsyncPaid,
    AsyncFailed,
    Expired,
    Refunded40,
    Refunded100,
    RefundFailed,
    DisputeOpened,
    FundsWithdrawn,
    Won,
    Lost,
}

const ALL: [Notice; 11] = [
    Notice::Completed,
    Notice::AsyncPaid,
    Notice::AsyncFailed,
    Notice::Expired,
    Notice::Refunded40,
    Notice::Refunded100,
    Notice::RefundFailed,
    Notice::DisputeOpened,
    Notice::FundsWithdrawn,
    Notice::Won,
    Notice::Lost,
];

/// How an order stands at its provider.
#[derive(Clone, Debug, Default)]
struct Standing {
    payment: Option<News>,
    returns: Returns,
}

impl Standing {
    fn is_paid(&self) -> bool {
        matches!(self.payment, Some(News::Paid(_)))
    }

    fn hear(&mut self, notice: Notice) {
        let paid = || {
            let subtotal = Money { nano: PRICE, currency: "usd".to_owned() };
            Some(News::Paid(Payment { subtotal, discount: 0, tax: 0, total: PRICE }))
        };
        let (open, done) = (self.payment.is_none(), self.is_paid());
        let returns = &mut self.returns;
        match notice {
            // A bank debit: the money is on its way.
            Notice::Completed if open => self.payment = Some(News::Pending),
            Notice::AsyncPaid => self.payment = paid(),
            Notice::Expired if open => self.payment = Some(News::Expired),
            Notice::AsyncFailed if !done => self.payment = Some(News::Failed),
            Notice::Refunded40 => returns.refunded = PRICE * 40 / 100,
            Notice::Refunded100 => returns.refunded = PRICE,
            Notice::RefundFailed => returns.refunded = 0,
            Notice::DisputeOpened => returns.disputed = PRICE - returns.refunded,
            Notice::FundsWithdrawn | Notice::Lost => {
                returns.withdrawn += std::mem::take(&mut returns.disputed);
            }
            Notice::Won => (returns.withdrawn, returns.disputed) = (0, 0),
            Notice::Completed | Notice::Expired | Notice::AsyncFailed => {}
        }
    }
}

/// How the order stands after each of these.
fn told_after(notices: &[Notice]) -> Vec<Standing> {
    let mut standing = Standing::default();
    let after = notices.iter().map(|notice| {
        standing.hear(*notice);
        standing.clone()
    });
    after.collect()
}

/// A history at the provider, and in which order what was true in it is told: the last of it last.
fn deliveries() -> impl Strategy<Value = Vec<Standing>> {
    let history = (Just(ALL.to_vec()).prop_shuffle(), 1..=ALL.len());
    let times = vec(1..=DELIVERIES_MAX, ALL.len());
    let order = vec(any::<u32>(), ALL.len() * DELIVERIES_MAX);
    (history, times, order).prop_map(|((mut notices, len), times, order)| {
        notices.truncate(len);
        let standings = told_after(&notices);
        let many = standings.iter().zip(&times).flat_map(|(standing, n)| vec![standing.clone(); *n]);
        let mut arriving: Vec<_> = order.iter().zip(many).collect();
        arriving.sort_by_key(|(at, _)| **at);
        let last = standings.last().cloned();
        arriving.into_iter().map(|(_, standing)| standing).chain(last).collect()
    })
}

/// Both ledgers with a pack that was ordered.
fn ordered() -> (Pair, Place) {
    let mut pair = Pair::new();
    let define = Request::DefineEventType {
        name: "tool".to_owned(),
        caller_set: true,
        archived: false,
        first_price: None,
    };
    let price = Money { nano: PRICE, currency: "usd".to_owned() };
    let pack = Request::PublishPack {
        code: "regular".to_owned(),
        credits: CREDITS,
        bonus: 0,
        price,
        valid_days: None,
        is_active: true,
    };
    pair.ask(None, &define);
    pair.ask(None, &pack);
    let order = Request::PlaceOrder { customer: "ada".to_owned(), pack: "regular".to_owned() };
    let Answer::Done(place) = pair.ask(None, &order) else { panic!("an order is placed") };
    (pair, place)
}

fn settle(pair: &mut Pair, order: Place, standing: &Standing) {
    pair.ask(
        None,
        &Request::SettleOrder {
            order,
            payment: standing.payment.clone(),
            returns: Some(standing.returns),
            ends_refund: None,
            is_accepted: false,
        },
    );
}

/// Where a wallet and its order stand, without the places of facts.
fn standing(pair: &Pair) -> (WalletView, Vec<LotView>, OrderView, Nano) {
    let mut wallet = pair.model.wallets().remove(0);
    let mut order = wallet.orders.remove(0);
    order.froze = None;
    wallet.frozen_by = None;
    let lots = wallet.live.drain(..).chain(wallet.closed.drain(..)).collect();
    (wallet, lots, order, revenue(pair))
}

/// Nano-units recognised in all, by the lines of the real ledger.
fn revenue(pair: &Pair) -> Nano {
    let stored = pair.driver.recorder.stored().iter();
    let facts = stored.map(|one| Fact::decode(&one.fact).expect("a fact"));
    facts.flat_map(|fact| entries(&fact)).map(|line| Nano::from(line.revenue_nano)).sum()
}

fn meter(credits: Micro) -> Request {
    Request::Meter {
        customer: "ada".to_owned(),
        event_type: "tool".to_owned(),
        quantity: None,
        credits: Some(credits),
        cost: None,
        record: false,
        uncharged: false,
        properties: BTreeMap::new(),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn however_it_is_told_an_order_stands_where_the_last_word_puts_it(told in deliveries()) {
        let (mut pair, order) = ordered();
        for word in &told {
            settle(&mut pair, order, word);
        }
        let (mut straight, same) = ordered();
        settle(&mut straight, same, told.last().expect("a last word"));
        prop_assert_eq!(standing(&pair), standing(&straight));
        // Said once more, it is no news.
        let len = pair.driver.len();
        settle(&mut pair, order, told.last().expect("a last word"));
        prop_assert_eq!(pair.driver.len(), len);
        Audit::new().check(pair.driver.recorder.stored());
    }

    #[test]
    fn the_books_close_whatever_is_used_between_what_is_told(
        told in deliveries(), used in vec(0..CREDITS, 56), other_pack_at in 0..56usize,
    ) {
        let (mut pair, order) = ordered();
        for (index, (word, credits)) in told.iter().zip(&used).enumerate() {
            settle(&mut pair, order, word);
            // A third of the time, and twice of it most of what is there.
            if index % 3 == 0 {
                pair.ask(None, &meter(*credits));
            }
            if index == other_pack_at {
                let again = Request::PlaceOrder { customer: "ada".to_owned(), pack: "regular".to_owned() };
                let Answer::Done(other) = pair.ask(None, &again) else { panic!("an order is placed") };
                let mut paid = Standing::default();
                paid.hear(Notice::AsyncPaid);
                settle(&mut pair, other, &paid);
            }
        }
        let mut audit = Audit::new();
        audit.check(pair.driver.recorder.stored());
        // What was used of the packs is paid for or owed, and what went back with money is gone from both.
        let wallet = &pair.model.wallets()[0];
        let metered: Micro = wallet_used(&pair);
        let bought: Micro = wallet.orders.iter().filter(|o| o.lot.is_some()).map(|o| o.credits).sum();
        let gone: Micro = wallet.orders.iter().map(|o| o.taken + o.owed).sum();
        prop_assert_eq!(wallet.balance.posted, bought - metered - gone);
        prop_assert!(audit.state.wallets().all(|w| w.balance.posted >= Credits::ZERO - Credits::MAX));
    }
}

/// Micro-credits of all events.
fn wallet_used(pair: &Pair) -> Micro {
    let charged = pair.model.journal.iter().filter_map(|entry| match &entry.what {
        chargly_testkit::model::Happening::Metered { charge } => Some(charge.credits),
        _ => None,
    });
    charged.sum()
}

#[test]
fn all_that_a_provider_tells_is_told_in_these_tests() {
    // Paid after it had failed, refunded in part and wholly, and back; disputed, lost, and won after all.
    let notices = [
        Notice::Completed,
        Notice::AsyncFailed,
        Notice::AsyncPaid,
        Notice::Refunded40,
        Notice::RefundFailed,
        Notice::DisputeOpened,
        Notice::FundsWithdrawn,
        Notice::Won,
        Notice::Refunded100,
    ];
    let expected = [(0, 0), (0, 0), (500, 0), (300, 0), (500, 0), (500, 500), (0, 0), (500, 0), (0, 0)];
    let (mut pair, order) = ordered();
    for (standing, (posted, held)) in told_after(&notices).iter().zip(expected) {
        settle(&mut pair, order, standing);
        let balance = pair.model.wallets()[0].balance;
        assert_eq!((balance.posted, balance.held), (posted * 1_000_000, held * 1_000_000), "{standing:?}");
    }
}
