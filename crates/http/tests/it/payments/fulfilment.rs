//! The credits of an order arrive once, whatever is told of it, how often, in which order, or never.

use chargly_fake_stripe::{Command, Fault, Method, Options, Presentment};

use super::shop::{Ordered, Shop};

/// What happens to an order, one after the other.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A card pays.
    Pay,
    /// A bank debit is ordered: the session is complete, its money on the way.
    Debit,
    /// The debit's money comes.
    Arrive,
    /// The debit's money does not come.
    Fail,
    /// The session ends before anybody has paid.
    Expire,
    /// What has happened is told, each so many times.
    Tell(u32),
    /// The newest is told first.
    TellBackwards,
    /// Two deliveries of each notice at once.
    TellAtOnce,
    /// The buyer comes back to our page.
    Return,
    /// All that has happened gets lost, and Stripe believes that it arrived.
    Lose,
    /// All that has happened is never sent, and listed as not delivered.
    Drop,
    /// One pass of the sweep.
    Sweep,
    /// So many minutes pass.
    Wait(i64),
    /// Everything of ours ends and begins again.
    Restart,
}

use Step::{
    Arrive, Debit, Drop, Expire, Fail, Lose, Pay, Restart, Return, Sweep, Tell, TellAtOnce, TellBackwards,
    Wait,
};

async fn take(shop: &mut Shop, order: &Ordered, step: Step) {
    let session = || order.session.clone();
    let happens = match step {
        Pay => Command::pay(&order.session),
        Debit => Command::Pay {
            session: session(),
            method: Method::BankDebit,
            tax: 0,
            discount: 0,
            presentment: None,
        },
        Arrive => Command::Settle { session: session() },
        Fail => Command::Fail { session: session() },
        Expire => return expire(shop, order).await,
        Tell(times) => {
            let attempts = shop.fake.deliver_as(None, times, 0).await;
            assert!(attempts.iter().all(|attempt| attempt.status == 200), "{attempts:?}");
            return;
        }
        TellBackwards => {
            let order = (0..shop.fake.queue().len()).rev().collect();
            let attempts = shop.fake.deliver_as(Some(order), 1, 0).await;
            assert!(attempts.iter().all(|attempt| attempt.status == 200), "{attempts:?}");
            return;
        }
        TellAtOnce => return tell_at_once(shop).await,
        Return => return drop(shop.return_to(order).await.expect(200)),
        Lose => return shop.lose_notices().await,
        Drop => return shop.drop_notices().await,
        Sweep => return shop.sweep().await,
        Wait(minutes) => return shop.pass(minutes),
        Restart => return,
    };
    shop.fake.control(happens).await.unwrap_or_else(|error| panic!("{step:?}: {error:?}"));
}

/// Stripe's own way to end a session at once; nothing of ours asks for it.
async fn expire(shop: &Shop, order: &Ordered) {
    shop.stripe().expire(&order.session).await.expect("an open session");
}

async fn tell_at_once(shop: &Shop) {
    for event in shop.fake.queue() {
        let (one, other) =
            tokio::join!(shop.world.send(shop.delivery(&event)), shop.world.send(shop.delivery(&event)));
        for got in [one, other] {
            got.expect(200);
        }
    }
}

#[tokio::test]
async fn credits_arrive_once_whatever_is_told() {
    let rows: &[(&str, &[Step], &str, &str)] = &[
        ("47 + 500", &[Pay, Tell(1)], "paid", "547"),
        ("the same notice five times", &[Pay, Tell(5)], "paid", "547"),
        ("two deliveries at once", &[Pay, TellAtOnce, Tell(1)], "paid", "547"),
        ("our page before any notice", &[Pay, Return, Return, Tell(2)], "paid", "547"),
        ("a notice before our page", &[Pay, Tell(1), Return, Return], "paid", "547"),
        ("the newest notice first", &[Pay, TellBackwards], "paid", "547"),
        ("nobody has paid", &[Return, Tell(1)], "created", "47"),
        ("a debit on its way", &[Debit, Tell(1)], "pending", "47"),
        ("a debit that comes", &[Debit, Tell(1), Arrive, Tell(1)], "paid", "547"),
        ("a debit that comes, told backwards", &[Debit, Arrive, TellBackwards], "paid", "547"),
        ("a debit that comes, found by our page", &[Debit, Return, Arrive, Return, Tell(1)], "paid", "547"),
        ("a debit that does not come", &[Debit, Tell(1), Fail, Tell(1)], "failed", "47"),
        ("a debit that does not come, told backwards", &[Debit, Fail, TellBackwards], "failed", "47"),
        ("expired", &[Expire, Tell(2), Return], "expired", "47"),
        ("expired by time", &[Wait(24 * 60), Return], "expired", "47"),
        ("lost, then found by the sweep", &[Pay, Lose, Sweep, Wait(2), Sweep, Sweep], "paid", "547"),
        ("lost, and the sweep has not come to it yet", &[Pay, Lose, Sweep, Wait(1), Sweep], "created", "47"),
        ("lost while it was pending", &[Debit, Tell(1), Arrive, Lose, Sweep, Wait(2), Sweep], "paid", "547"),
        ("lost, and we began again", &[Pay, Lose, Restart, Sweep, Wait(2), Sweep], "paid", "547"),
        ("never sent, then found among the missed", &[Pay, Drop, Sweep, Sweep], "paid", "547"),
        ("never sent and found, then told after all", &[Pay, Sweep, Tell(2), Wait(2), Sweep], "paid", "547"),
    ];
    for (name, steps, status, available) in rows {
        let mut shop = Shop::open().await;
        let order = shop.order("user_42", "k").await;
        for step in *steps {
            if matches!(step, Restart) {
                shop = shop.restart().await;
            }
            take(&mut shop, &order, *step).await;
        }
        assert_eq!(shop.order_now(&order).await["status"], *status, "{name}");
        assert_eq!(shop.world.available("user_42").await, *available, "{name}");
        let deferred = shop.deferred().await;
        assert_eq!(deferred, if *status == "paid" { "10" } else { "0" }, "{name}");
    }
}

#[tokio::test]
async fn what_the_buyer_paid_is_kept_and_the_price_of_the_credits_is_net_of_discount_and_tax() {
    let euros = Presentment { currency: "eur".to_owned(), amount: 920 };
    for (name, tax, discount, presentment, paid, deferred) in [
        ("a tax on top", 190, 0, None, ["10", "0", "1.9", "11.9"], "10"),
        ("a discount", 0, 250, None, ["10", "2.5", "0", "7.5"], "7.5"),
        ("both", 143, 250, None, ["10", "2.5", "1.43", "8.93"], "7.5"),
        ("everything off", 0, 1_000, None, ["10", "10", "0", "0"], "0"),
        ("seen in another currency", 0, 0, Some(euros), ["10", "0", "0", "10"], "10"),
    ] {
        let shop = Shop::open().await;
        let order = shop.order("user_42", "k").await;
        let session = order.session.clone();
        let pay = Command::Pay { session, method: Method::Card, tax, discount, presentment };
        shop.fake.control(pay).await.expect("an open session");
        shop.deliver().await;
        let now = shop.order_now(&order).await;
        let payment = &now["payment"];
        let said = ["subtotal", "discount", "tax", "total"].map(|part| payment[part].as_str().unwrap_or("?"));
        assert_eq!((said, &payment["currency"]), (paid, &"usd".into()), "{name}");
        assert_eq!((&now["status"], &now["held_because"]), (&"paid".into(), &().into()), "{name}");
        assert_eq!(shop.world.available("user_42").await, "547", "{name}");
        assert_eq!(shop.deferred().await, deferred, "{name}");
    }
}

#[tokio::test]
async fn payment_that_is_not_what_was_sold_waits_for_a_person_and_is_released_once() {
    for (why, subtotal, currency) in [("amount", Some(900), None), ("currency", None, Some("eur"))] {
        let shop = Shop::open().await;
        let order = shop.order("user_42", "k").await;
        let currency = currency.map(str::to_owned);
        let amend = Command::Amend { session: order.session.clone(), subtotal, currency };
        shop.fake.control(amend).await.expect("an open session");
        shop.fake.pay(&order.session).await.expect("an open session");
        shop.deliver().await;
        shop.return_to(&order).await.expect(200);
        let held = shop.order_now(&order).await;
        assert_eq!((&held["status"], &held["held_because"]), (&"held".into(), &why.into()));
        assert_eq!(shop.world.available("user_42").await, "47", "{why}");
        let release = format!("/v1/orders/{}/release", order.order);
        let released = shop.world.post(&release, "").await.expect(200);
        assert_eq!(released.text("/status"), "paid", "{why}");
        let again = shop.world.post(&release, "").await.expect(200);
        assert_eq!(again.bytes, released.bytes, "{why}: released once");
        shop.return_to(&order).await.expect(200);
        assert_eq!(shop.world.available("user_42").await, "547", "{why}");
        shop.deferred().await;
    }
}

#[tokio::test]
async fn release_of_an_order_that_nobody_has_paid_changes_nothing() {
    let shop = Shop::open().await;
    let order = shop.order("user_42", "k").await;
    shop.world.post(&format!("/v1/orders/{}/release", order.order), "").await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "created");
    assert_eq!(shop.world.available("user_42").await, "47");
}

#[tokio::test]
async fn money_of_the_other_kind_fills_no_wallet() {
    let shop = Shop::open_with(Options { is_live: true, ..Options::default() }).await;
    let order = shop.order("user_42", "k").await;
    shop.fake.pay(&order.session).await.expect("an open session");
    shop.deliver().await;
    shop.return_to(&order).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "created");
    assert_eq!(shop.world.available("user_42").await, "47");
    let notices = shop.world.get("/v1/payment-notices?state=parked").await.expect(200);
    assert!(notices.text("/data/0/note").contains("money of the other kind"), "{notices:?}");
}

#[tokio::test]
async fn order_that_was_given_up_and_is_paid_after_all_is_fulfilled() {
    let mut shop = Shop::open().await;
    // The session is made, and nobody here hears of it.
    for fault in [Fault::Close, Fault::Status(503), Fault::Status(503)] {
        shop.fake.inject_into_post(fault);
    }
    shop.ask_for_checkout("user_42", "k").await.expect(503);
    shop.sweep().await;
    // For us alone, so that the session is still open.
    let late_s = 49 * 3_600;
    shop.world.clock.advance(late_s * 1_000);
    shop.sweep().await;
    let given_up = shop.world.get("/v1/orders").await.expect(200);
    assert_eq!(given_up.text("/data/0/status"), "expired");
    let order = shop.order("user_42", "k").await;
    assert_eq!(given_up.text("/data/0/id"), order.order);
    shop.fake.pay(&order.session).await.expect("an open session");
    let told = shop.fake.deliver_as(None, 1, -late_s).await;
    assert!(told.iter().all(|attempt| attempt.status == 200), "{told:?}");
    assert_eq!(shop.order_now(&order).await["status"], "paid");
    assert_eq!(shop.world.available("user_42").await, "547");
}

#[tokio::test]
async fn payment_for_which_a_wallet_has_no_room_is_released_once_there_is_some() {
    let shop = Shop::open().await;
    let most = r#"{"credits":7999999999,"kind":"promotional"}"#;
    let grant = shop.world.post("/v1/customers/user_43/grants", most).await.expect(200).text("/id");
    let order = shop.order("user_43", "k").await;
    shop.fake.pay(&order.session).await.expect("an open session");
    shop.deliver().await;
    let held = shop.order_now(&order).await;
    assert_eq!((&held["status"], &held["held_because"]), (&"held".into(), &"no_room".into()));
    let release = format!("/v1/orders/{}/release", order.order);
    assert_eq!(shop.world.post(&release, "").await.expect(200).text("/status"), "held");
    shop.world.post(&format!("/v1/grants/{grant}/void"), r#"{"reason":"too many"}"#).await.expect(200);
    assert_eq!(shop.world.post(&release, "").await.expect(200).text("/status"), "paid");
    assert_eq!(shop.world.available("user_43").await, "500");
    assert_eq!(shop.deferred().await, "10");
}

#[tokio::test]
async fn payment_of_a_customer_who_was_erased_meanwhile_is_in_the_books_and_named_by_nobody() {
    let shop = Shop::open().await;
    let order = shop.order("user_42", "k").await;
    shop.world.ask("DELETE", "/v1/customers/user_42", Some(&shop.world.key), "").await.expect(200);
    shop.fake.pay(&order.session).await.expect("an open session");
    shop.deliver().await;
    let now = shop.order_now(&order).await;
    assert_eq!((&now["status"], &now["customer"]), (&"paid".into(), &"".into()));
    shop.refund_by_hand(&order, 400, false).await;
    shop.deliver().await;
    assert_eq!(shop.order_now(&order).await["reclaimed"]["credits_taken_back"], 200);
    assert_eq!(shop.deferred().await, "6");
    assert_eq!(shop.refund(&order, "{}").await.expect(410).code(), "gone");
}
