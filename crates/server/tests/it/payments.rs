//! The real server sells packs through Stripe's stand-in, and is killed between every two steps of a sale and of a
//! refund. Whoever was not answered asks again, and Stripe tells again what was not taken: in the end there is one
//! order, one checkout, one lot and one refund, as if nothing had happened.

mod till;

use serde_json::json;

use crate::support::{chargly, json_of, text};
use till::{Recovery, Till};

/// Crash points of payments, and at which passages. The first notices of a sale need nothing done; the third does.
const OF_PAYMENTS: [(&str, &[u32]); 6] = [
    ("payments.order_placed", &[1]),
    ("payments.checkout_started", &[1]),
    ("payments.notice_kept", &[1, 3, 4]),
    ("payments.standing_asked", &[1, 2, 3]),
    ("payments.order_settled", &[1, 2]),
    ("payments.refund_started", &[1]),
];
/// Crash points of the journal and of who writes it, and how often they are passed: a start writes a frame, and a sale
/// and a refund make five.
const OF_THE_JOURNAL: [(&str, u32); 4] = [
    ("journal.before_write", 6),
    ("journal.between_write_and_flush", 6),
    ("journal.after_flush", 6),
    ("engine.after_flush_before_answer", 5),
];

#[test]
fn table_has_every_crash_point_of_payments() {
    let here = OF_PAYMENTS.map(|(point, _)| point);
    assert_eq!(here, chargly_engine::payments::CRASH_POINTS);
}

#[test]
fn sale_and_refund_happen_once_wherever_the_server_dies_between_two_of_their_steps() {
    for (point, passages) in OF_PAYMENTS {
        for passage in passages {
            sell_and_refund(&format!("{point}:{passage}"), Recovery::ToldAgain);
        }
    }
}

#[test]
fn sale_is_found_by_the_sweep_where_nobody_tells_of_it_again() {
    for plan in ["payments.notice_kept:3", "payments.standing_asked:1"] {
        sell_and_refund(plan, Recovery::Sweep);
    }
}

#[test]
fn sale_and_refund_happen_once_wherever_the_journal_is_cut_off() {
    for (point, passages) in OF_THE_JOURNAL {
        for passage in 1..=passages {
            sell_and_refund(&format!("{point}:{passage}"), Recovery::ToldAgain);
        }
    }
}

/// Sells a pack of 500 credits to somebody who has 47, and refunds 200; dies once, as planned.
fn sell_and_refund(plan: &str, recovery: Recovery) {
    let mut till = Till::open();
    till.serve(Some(plan));
    let order = json!({"customer": "user_42", "pack": "regular_500", "idempotency_key": "k"}).to_string();
    let checkout = till.ask("POST", "/v1/checkouts", &order);
    assert_eq!(checkout.status, 200, "{plan}: {}", checkout.json());
    let path = format!("/v1/orders/{}", checkout.json()["order"].as_str().expect("an id"));
    till.pay("cs_test_000001");
    till.is_told_everything(recovery);
    till.comes_to(plan, 547);
    let body = json!({"credits": 200, "idempotency_key": "r"}).to_string();
    let refund = till.ask("POST", &format!("{path}/refund"), &body);
    assert_eq!(refund.status, 200, "{plan}: {}", refund.json());
    till.is_told_everything(recovery);
    till.comes_to(plan, 347);
    // Asked again, both give the first answer again.
    assert_eq!(till.ask("POST", "/v1/checkouts", &order).bytes, checkout.bytes, "{plan}");
    assert_eq!(till.ask("POST", &format!("{path}/refund"), &body).bytes, refund.bytes, "{plan}");
    let now = till.ask("GET", &path, "").json();
    assert_eq!((&now["status"], &now["payment"]["refunded"]), (&json!("paid"), &json!("4")), "{plan}");
    let orders = till.ask("GET", "/v1/orders", "").json();
    assert_eq!(orders["data"].as_array().map(Vec::len), Some(1), "{plan}: {orders}");
    let wallet = till.ask("GET", "/v1/customers/user_42/wallet", "").json();
    assert_eq!(wallet["lots"].as_array().map(Vec::len), Some(2), "{plan}: {wallet}");
    assert_eq!(wallet["held"], 0, "{plan}");
    for second in ["cs_test_000002", "re_000002"] {
        assert!(!till.exists(second), "{plan}: {second} was made too");
    }
    assert_eq!(till.crashes, 1, "{plan} was not reached");
    till.close_and_verify();
}

#[test]
fn restored_server_reaches_nobody_until_effects_are_resumed_and_then_goes_on() {
    let mut till = Till::open();
    till.serve(None);
    let order =
        |key: &str| json!({"customer": "user_42", "pack": "regular_500", "idempotency_key": key}).to_string();
    let first = till.ask("POST", "/v1/checkouts", &order("a"));
    assert_eq!(first.status, 200, "{}", first.json());
    let (backup, restored) = (till.project.beside("backup"), till.project.beside("restored"));
    till.project.json(&["backup", text(&backup)]);
    json_of(&chargly(&["restore", text(&backup), "--json", "--data", text(&restored)]));
    till.pay("cs_test_000001");
    till.serve_at(&restored);
    let asked = till.requests();
    let id = first.json()["id"].as_str().expect("an id").to_owned();
    for (method, path, body) in [
        ("POST", "/v1/checkouts".to_owned(), order("a")),
        ("POST", "/v1/checkouts".to_owned(), order("b")),
        ("POST", format!("/v1/checkouts/{id}/refresh"), String::new()),
    ] {
        let paused = till.ask(method, &path, &body);
        assert_eq!((paused.status, &paused.json()["code"]), (503, &json!("unavailable")), "{path}");
        assert!(paused.json()["detail"].as_str().expect("a text").contains("resume-effects"), "{path}");
    }
    till.is_told_everything(Recovery::ToldAgain);
    let kept = till.ask("GET", "/v1/payment-notices?state=received", "").json();
    assert_eq!(kept["data"].as_array().map(Vec::len), Some(1), "taken, and not followed: {kept}");
    assert_eq!(till.requests(), asked, "nobody was asked");
    till.comes_to("paused", 47);
    json_of(&chargly(&["resume-effects", "--env", "test", "--json", "--data", text(&restored)]));
    let refreshed = till.ask("POST", &format!("/v1/checkouts/{id}/refresh"), "");
    assert_eq!((refreshed.status, &refreshed.json()["status"]), (200, &json!("paid")));
    assert_eq!(till.ask("POST", "/v1/checkouts", &order("a")).bytes, first.bytes, "as it was before");
    assert_eq!(till.ask("POST", "/v1/checkouts", &order("b")).status, 200);
    till.comes_to("resumed", 547);
}

#[test]
fn what_was_told_to_a_future_that_was_lost_is_asked_for_after_a_restore() {
    let mut till = Till::open();
    till.serve(None);
    let order = json!({"customer": "user_42", "pack": "regular_500", "idempotency_key": "a"}).to_string();
    assert_eq!(till.ask("POST", "/v1/checkouts", &order).status, 200);
    let (backup, restored) = (till.project.beside("backup"), till.project.beside("restored"));
    till.project.json(&["backup", text(&backup)]);
    till.pay("cs_test_000001");
    till.is_told_everything(Recovery::ToldAgain);
    till.comes_to("in the future", 547);
    json_of(&chargly(&["restore", text(&backup), "--json", "--data", text(&restored)]));
    till.serve_at(&restored);
    till.comes_to("restored", 47);
    json_of(&chargly(&["resume-effects", "--env", "test", "--json", "--data", text(&restored)]));
    till.comes_to("resumed", 547);
}
