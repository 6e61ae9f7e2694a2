//! Money that goes back: by our own decision, in Stripe's dashboard, or by a dispute.

use chargly_fake_stripe::{Command, DisputeMove, Fault};
use serde_json::{Value, json};

use super::shop::{Ordered, Shop, id_of};

/// What is said of an order whose money went back, for a table's row.
async fn reclaimed(shop: &Shop, order: &Ordered) -> [String; 4] {
    let sums = shop.order_now(order).await["reclaimed"].clone();
    ["credits_taken_back", "credits_owed", "credits_uncollectable", "credits_set_aside"]
        .map(|sum| sums[sum].to_string())
}

async fn wallet(shop: &Shop) -> Value {
    shop.world.get("/v1/customers/user_42/wallet").await.expect(200).json()
}

/// Burns credits of `user_42`, by events of 12.
async fn spend(shop: &Shop, events: u32) {
    for event in 0..events {
        shop.world.meter("user_42", &format!("spent-{event}")).await.expect(200);
    }
}

async fn set(shop: &Shop, settings: &str) {
    shop.world.put("/v1/settings", settings).await.expect(200);
}

async fn dispute(shop: &Shop, order: &Ordered, cents: i64) -> String {
    let payment = shop.payment(order);
    let command = Command::Dispute { payment, amount: Some(cents), is_inquiry: false };
    id_of(&shop.fake.control(command).await.expect("a dispute"))
}

async fn go_on(shop: &Shop, dispute: &str, to: DisputeMove) {
    let command = Command::MoveDispute { dispute: dispute.to_owned(), to };
    shop.fake.control(command).await.expect("a step that can be");
}

#[tokio::test]
async fn refund_of_unused_credits_pays_their_part_back_and_takes_them_out() {
    for (body, credits, amount, available) in [
        (r#"{"idempotency_key":"r"}"#, "500", "10", "47"),
        (r#"{"credits":200,"reason":"bought twice","idempotency_key":"r"}"#, "200", "4", "347"),
        // A cent is the smallest coin, and stands for half a credit.
        (r#"{"credits":0.7,"idempotency_key":"r"}"#, "0.7", "0.01", "546.5"),
    ] {
        let shop = Shop::open().await;
        let order = shop.paid().await;
        let first = shop.refund(&order, body).await.expect(200);
        assert_eq!((first.text("/status"), first.number("/credits")), ("started".into(), credits.into()));
        assert_eq!(first.text("/amount/amount"), amount);
        let now = shop.order_now(&order).await;
        assert_eq!((&now["refund"], &now["payment"]["refunded"]), (&Value::Null, &amount.into()), "{body}");
        let again = shop.refund(&order, body).await.expect(200);
        assert!(again.is_replay() && !first.is_replay());
        assert_eq!(again.bytes, first.bytes, "{body}");
        shop.deliver().await;
        assert_eq!(shop.refund(&order, body).await.expect(200).bytes, first.bytes, "{body}");
        assert_eq!(shop.order_now(&order).await["payment"]["refunded"], amount, "{body}: once");
        assert_eq!(shop.world.available("user_42").await, available, "{body}");
        shop.deferred().await;
    }
}

#[tokio::test]
async fn refund_of_more_than_is_unused_or_of_nothing_is_refused_for_good() {
    let shop = Shop::open().await;
    let unpaid = shop.order("user_43", "k").await;
    let order = shop.paid().await;
    spend(&shop, 10).await;
    let left = shop.order_now(&order).await["credits_refundable"].to_string();
    for (order, body, code) in [
        (&unpaid, json!({"idempotency_key": "a"}), "order_not_paid"),
        (&order, json!({"credits": 501, "idempotency_key": "b"}), "refund_exceeds_unused"),
        (&order, json!({"credits": 0.000001, "idempotency_key": "c"}), "nothing_to_refund"),
    ] {
        let first = shop.refund(order, &body.to_string()).await.expect(409);
        assert_eq!(first.code(), code);
        let again = shop.refund(order, &body.to_string()).await.expect(409);
        assert!(again.is_replay());
        assert_eq!(again.bytes, first.bytes, "{code}");
    }
    let all = shop.refund(&order, r#"{"idempotency_key":"d"}"#).await.expect(200);
    assert_eq!(all.number("/credits"), left, "what is refundable is what is refunded");
    let none = shop.refund(&order, r#"{"idempotency_key":"e"}"#).await.expect(409);
    assert_eq!(none.code(), "refund_exceeds_unused");
    assert_eq!(shop.fake.object("re_000002"), None);
}

#[tokio::test]
async fn refund_sets_credits_aside_at_once_and_the_sweep_goes_on_with_it() {
    let shop = Shop::open().await;
    let order = shop.paid().await;
    for _ in 0..3 {
        shop.fake.inject(Fault::Status(503));
    }
    let body = r#"{"credits":500,"idempotency_key":"r"}"#;
    let first = shop.refund(&order, body).await.expect(200);
    let now = shop.order_now(&order).await;
    assert_eq!(now["refund"]["credits"], 500);
    assert_eq!(
        (wallet(&shop).await["held"].to_string(), now["credits_refundable"].to_string()),
        ("500".into(), "0".into())
    );
    shop.world.meter("user_42", "a").await.expect(200);
    for key in ["b", "c"] {
        shop.world.meter("user_42", key).await.expect(200);
    }
    shop.world.meter("user_42", "d").await.expect(402);
    let second = shop.refund(&order, r#"{"credits":1,"idempotency_key":"s"}"#).await.expect(409);
    assert_eq!(second.code(), "refund_goes_on");
    let mut shop = shop.restart().await;
    shop.sweep().await;
    shop.pass(2);
    shop.sweep().await;
    let now = shop.order_now(&order).await;
    assert_eq!((&now["refund"], &now["payment"]["refunded"]), (&Value::Null, &"10".into()));
    assert_eq!(wallet(&shop).await["held"], 0);
    assert_eq!(shop.world.available("user_42").await, "11");
    assert_eq!(shop.refund(&order, body).await.expect(200).bytes, first.bytes);
    assert_eq!(shop.fake.object("re_000002"), None, "once");
    shop.deferred().await;
}

#[tokio::test]
async fn refund_that_stripe_refuses_frees_its_credits_and_is_never_said_to_have_been_made() {
    let shop = Shop::open().await;
    let order = shop.paid().await;
    // Somebody was quicker, and we have not heard of it.
    shop.refund_by_hand(&order, 900, false).await;
    let body = r#"{"credits":200,"idempotency_key":"r"}"#;
    let refused = shop.refund(&order, body).await.expect(502);
    assert_eq!(refused.code(), "payment_provider_refused");
    assert_eq!(wallet(&shop).await["held"], 0);
    assert_eq!(shop.order_now(&order).await["refund"], Value::Null);
    let again = shop.refund(&order, body).await.expect(502);
    assert_eq!(again.code(), "payment_provider_refused", "not as if it went on");
    shop.deliver().await;
    assert_eq!(shop.world.available("user_42").await, "97");
    let shop = shop.restart().await;
    assert_eq!(shop.refund(&order, body).await.expect(502).code(), "payment_provider_refused");
    let rest = shop.refund(&order, r#"{"credits":50,"idempotency_key":"s"}"#).await.expect(200);
    assert_eq!(rest.text("/amount/amount"), "1");
    assert_eq!(shop.world.available("user_42").await, "47");
}

#[tokio::test]
async fn refund_in_stripe_s_dashboard_takes_its_part_of_the_credits_and_gives_it_back_when_it_fails() {
    let shop = Shop::open().await;
    let order = shop.paid().await;
    let first = shop.refund_by_hand(&order, 400, true).await;
    shop.deliver().await;
    assert_eq!(shop.world.available("user_42").await, "347");
    shop.refund_by_hand(&order, 600, false).await;
    shop.deliver().await;
    assert_eq!(shop.world.available("user_42").await, "47");
    shop.fake.control(Command::FailRefund { refund: first }).await.expect("a pending refund");
    shop.deliver().await;
    assert_eq!(shop.world.available("user_42").await, "247");
    assert_eq!(reclaimed(&shop, &order).await, ["300", "0", "0", "0"]);
    assert_eq!(shop.deferred().await, "4");
}

#[tokio::test]
async fn refund_before_the_grant_is_netted_when_the_credits_arrive() {
    let shop = Shop::open().await;
    let order = shop.order("user_42", "k").await;
    shop.fake.pay(&order.session).await.expect("an open session");
    shop.refund_by_hand(&order, 400, false).await;
    let last = shop.fake.queue().len() - 1;
    shop.fake.deliver_as(Some(vec![last]), 1, 0).await;
    assert_eq!(shop.order_now(&order).await["status"], "paid", "whatever is told, everything is asked");
    assert_eq!(shop.world.available("user_42").await, "347");
    shop.deliver().await;
    assert_eq!(shop.world.available("user_42").await, "347");
    assert_eq!(shop.deferred().await, "6");
}

/// Of 547 credits 480 were spent: the present first, then 433 of the order's. What is left of it is taken, and of what
/// was spent a debt is made, or it is written off.
#[tokio::test]
async fn what_was_spent_before_its_money_went_back_is_owed_or_written_off_by_choice() {
    for (shortfall, posted, reclaim, frozen) in [
        ("debt", "-433", ["67", "433", "0", "0"], false),
        ("debt_and_freeze", "-433", ["67", "433", "0", "0"], true),
        ("uncollectable", "0", ["67", "0", "433", "0"], false),
    ] {
        for by_dispute in [false, true] {
            let shop = Shop::open().await;
            let (refunds, disputes) = if by_dispute { ("debt", shortfall) } else { (shortfall, "debt") };
            set(&shop, &format!(r#"{{"refund_shortfall":"{refunds}","dispute_shortfall":"{disputes}"}}"#))
                .await;
            let order = shop.paid().await;
            spend(&shop, 40).await;
            let back = if by_dispute {
                let id = dispute(&shop, &order, 1_000).await;
                shop.deliver().await;
                assert_eq!(reclaimed(&shop, &order).await, ["0", "0", "0", "67"], "set aside");
                assert_eq!(shop.world.available("user_42").await, "0");
                go_on(&shop, &id, DisputeMove::Withdraw).await;
                id
            } else {
                shop.refund_by_hand(&order, 1_000, true).await
            };
            shop.deliver().await;
            let name = format!("{shortfall}, by dispute: {by_dispute}");
            assert_eq!(reclaimed(&shop, &order).await, reclaim, "{name}");
            let now = wallet(&shop).await;
            assert_eq!(
                (now["posted"].to_string().as_str(), &now["frozen"]),
                (posted, &frozen.into()),
                "{name}"
            );
            shop.deferred().await;
            // The money comes again, and everything is as it was.
            match by_dispute {
                true => go_on(&shop, &back, DisputeMove::Win).await,
                false => {
                    drop(shop.fake.control(Command::FailRefund { refund: back }).await.expect("pending"));
                }
            }
            shop.deliver().await;
            assert_eq!(reclaimed(&shop, &order).await, ["0", "0", "0", "0"], "{name}");
            let now = wallet(&shop).await;
            assert_eq!((&now["posted"], &now["frozen"]), (&67.into(), &false.into()), "{name}");
            shop.deferred().await;
        }
    }
}

/// The order's credits are good for a day, so that they burn before the present. Of its 500, 120 were used, and 380
/// lapse: nobody owes those.
#[tokio::test]
async fn of_what_lapsed_before_its_money_went_back_nothing_is_owed() {
    for is_disputed_first in [false, true] {
        let shop = Shop::open().await;
        let pack =
            r#"{"name":"Daily","credits":500,"price":{"amount":"10","currency":"usd"},"valid_days":1}"#;
        shop.world.put("/v1/packs/regular_500", pack).await.expect(200);
        set(&shop, r#"{"refund_shortfall":"debt","dispute_shortfall":"debt"}"#).await;
        let order = shop.paid().await;
        spend(&shop, 10).await;
        let disputed = match is_disputed_first {
            true => Some(dispute(&shop, &order, 1_000).await),
            false => None,
        };
        shop.deliver().await;
        shop.pass(24 * 60);
        // Whoever meters next finds the wallet as it is then: with the present alone.
        shop.world.meter("user_42", "next").await.expect(200);
        shop.deferred().await;
        let [taken, lapsed] = if is_disputed_first { ["380", "0"] } else { ["0", "380"] };
        let back = match disputed {
            Some(id) => {
                go_on(&shop, &id, DisputeMove::Withdraw).await;
                id
            }
            None => shop.refund_by_hand(&order, 1_000, true).await,
        };
        shop.deliver().await;
        assert_eq!(reclaimed(&shop, &order).await, [taken, "120", "0", "0"], "{is_disputed_first}");
        let now = shop.order_now(&order).await;
        assert_eq!(now["reclaimed"]["credits_lapsed"].to_string(), lapsed, "{is_disputed_first}");
        assert_eq!(wallet(&shop).await["posted"], 35 - 120, "{is_disputed_first}");
        shop.deferred().await;
        match is_disputed_first {
            true => go_on(&shop, &back, DisputeMove::Win).await,
            false => drop(shop.fake.control(Command::FailRefund { refund: back }).await.expect("pending")),
        }
        shop.deliver().await;
        assert_eq!(reclaimed(&shop, &order).await, ["0", "0", "0", "0"], "{is_disputed_first}");
        // What was taken comes back after its time, and is given anew.
        let expected = if is_disputed_first { 35 + 380 } else { 35 };
        assert_eq!(wallet(&shop).await["posted"], expected, "{is_disputed_first}");
        shop.deferred().await;
    }
}

#[tokio::test]
async fn dispute_sets_credits_aside_and_takes_them_only_with_the_money() {
    use DisputeMove::{CloseInquiry, Escalate, Lose, Prevent, Reinstate, Review, Win, Withdraw};
    /// What happens; then what is available, held, and set aside.
    type Row = (DisputeMove, [u32; 3]);
    let rows: &[(&str, bool, &[Row])] = &[
        ("won", false, &[(Withdraw, [347, 0, 0]), (Review, [347, 0, 0]), (Win, [547, 0, 0])]),
        ("won before anything was taken", false, &[(Review, [347, 200, 200]), (Win, [547, 0, 0])]),
        ("lost", false, &[(Withdraw, [347, 0, 0]), (Lose, [347, 0, 0])]),
        ("lost at once", false, &[(Lose, [347, 0, 0])]),
        ("given back", false, &[(Withdraw, [347, 0, 0]), (Reinstate, [347, 200, 200]), (Win, [547, 0, 0])]),
        ("prevented", false, &[(Prevent, [547, 0, 0])]),
        ("an inquiry that ends", true, &[(Review, [347, 200, 200]), (CloseInquiry, [547, 0, 0])]),
        ("an inquiry that does not", true, &[(Escalate, [347, 200, 200]), (Withdraw, [347, 0, 0])]),
    ];
    for (name, is_inquiry, steps) in rows {
        let shop = Shop::open().await;
        let order = shop.paid().await;
        let payment = shop.payment(&order);
        let open = Command::Dispute { payment, amount: Some(400), is_inquiry: *is_inquiry };
        let id = id_of(&shop.fake.control(open).await.expect("a dispute"));
        shop.deliver().await;
        let is = async |expected: [u32; 3]| {
            let wallet = wallet(&shop).await;
            let aside = shop.order_now(&order).await["reclaimed"]["credits_set_aside"].to_string();
            let got = [wallet["available"].to_string(), wallet["held"].to_string(), aside];
            assert_eq!(got, expected.map(|credits| credits.to_string()), "{name}");
            shop.deferred().await;
        };
        is([347, 200, 200]).await;
        for (step, expected) in *steps {
            go_on(&shop, &id, *step).await;
            shop.deliver().await;
            is(*expected).await;
        }
    }
}
