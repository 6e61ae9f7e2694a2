//! What notices are about, in each of their forms.

use serde_json::json;

use super::*;

fn snapshot(kind: &str, object: &Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "type": kind, "created": 1_800_000_000, "livemode": true,
        "data": {"object": object}, "pending_webhooks": 1,
    })
}

fn about(kind: &str, object: &Value) -> About {
    read_value(snapshot(kind, object)).expect("a notice").about
}

#[test]
fn notice_names_the_order_first_then_the_payment_then_the_charge() {
    let order = || About::Order("ord_1".to_owned());
    let payment = || About::Payment("pi_1".to_owned());
    let ours = json!({"order_id": "ord_1"});
    for (kind, object, expected) in [
        ("checkout.session.completed", json!({"metadata": ours, "payment_intent": "pi_1"}), order()),
        ("checkout.session.expired", json!({"client_reference_id": "ord_1", "metadata": {}}), order()),
        (
            "checkout.session.completed",
            json!({"client_reference_id": "cart 7", "payment_intent": "pi_1"}),
            payment(),
        ),
        (
            "checkout.session.completed",
            json!({"metadata": null, "payment_intent": {"id": "pi_1"}}),
            payment(),
        ),
        ("checkout.session.completed", json!({"metadata": {"order_id": "1001"}}), About::Nothing),
        ("refund.created", json!({"metadata": ours, "payment_intent": "pi_1", "charge": "ch_1"}), order()),
        ("refund.failed", json!({"metadata": {}, "payment_intent": "pi_1", "charge": "ch_1"}), payment()),
        (
            "refund.updated",
            json!({"metadata": {}, "payment_intent": null, "charge": "ch_1"}),
            About::Charge("ch_1".to_owned()),
        ),
        ("charge.refunded", json!({"object": "charge", "id": "ch_1", "metadata": ours}), order()),
        ("charge.refunded", json!({"object": "charge", "id": "ch_1"}), About::Charge("ch_1".to_owned())),
        (
            "charge.dispute.created",
            json!({"id": "dp_1", "object": "dispute", "payment_intent": "pi_1", "charge": "ch_1"}),
            payment(),
        ),
        ("charge.dispute.closed", json!({"id": "dp_1", "charge": "ch_1"}), About::Charge("ch_1".to_owned())),
        ("charge.dispute.closed", json!({}), About::Nothing),
    ] {
        assert_eq!(about(kind, &object), expected, "{kind} {object}");
    }
}

#[test]
fn kinds_that_orders_do_not_depend_on_are_about_nothing() {
    let object = json!({"metadata": {"order_id": "ord_1"}, "payment_intent": "pi_1", "id": "pi_1"});
    for kind in
        ["payment_intent.succeeded", "charge.succeeded", "customer.created", "", "checkout.session.Completed"]
    {
        assert_eq!(about(kind, &object), About::Nothing, "{kind}");
    }
    for kind in EVENT_TYPES {
        assert_eq!(about(kind, &object), About::Order("ord_1".to_owned()), "{kind}");
    }
}

#[test]
fn notice_keeps_its_id_kind_time_and_mode() {
    let notice = read_value(snapshot("customer.created", &json!({}))).expect("a notice");
    assert_eq!(
        (notice.id.as_str(), notice.kind.as_str(), notice.created_ms, notice.is_live),
        ("evt_1", "customer.created", 1_800_000_000_000, true)
    );
}

#[test]
fn thin_notice_is_about_its_related_object_where_that_is_a_payment() {
    let thin = |kind: &str, id: &str| {
        json!({
            "id": "evt_test_65", "object": "v2.core.event", "type": "v1.charge.refunded", "livemode": false,
            "created": "2026-11-03T10:30:00.250Z",
            "related_object": {"id": id, "type": kind, "url": "/v1/x"},
        })
    };
    for (kind, id, expected) in [
        ("payment_intent", "pi_1", About::Payment("pi_1".to_owned())),
        ("charge", "ch_1", About::Charge("ch_1".to_owned())),
        ("checkout.session", "cs_1", About::Nothing),
        ("billing.meter", "mtr_1", About::Nothing),
    ] {
        let notice = read_value(thin(kind, id)).expect("a notice");
        assert_eq!((notice.about, notice.created_ms), (expected, 1_793_701_800_250), "{kind}");
    }
    let mut alone = thin("charge", "ch_1");
    alone["related_object"] = Value::Null;
    assert_eq!(read_value(alone).expect("a notice").about, About::Nothing);
}

#[test]
fn what_is_no_notice_is_not_understood() {
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "7",
        r#"{"id":"evt_1"}"#,
        r#"{"id":1,"type":"a","created":1,"livemode":true}"#,
        r#"{"id":"evt_1","type":"a","created":"yesterday","livemode":true}"#,
        r#"{"id":"evt_1","type":"a","created":9223372036854775807,"livemode":true}"#,
    ] {
        assert!(matches!(read(body.as_bytes()), Err(NoticeError::Unreadable { .. })), "{body}");
    }
}

#[test]
fn body_is_kept_without_the_card() {
    let charge = json!({
        "object": "charge", "id": "ch_1", "amount": 2000, "billing_details": {"name": "Ada"},
        "payment_method_details": {"card": {"brand": "visa", "last4": "4242"}},
    });
    let body = read_value(snapshot("charge.refunded", &charge)).expect("a notice").body;
    assert!(body.contains("2000") && body.contains("visa"), "{body}");
    assert!(!body.contains("4242") && !body.contains("Ada"), "{body}");
}

#[test]
fn guide_names_what_to_subscribe_to_and_nothing_else() {
    let guide = include_str!("../../../../docs/guides/stripe.md");
    let (_, listed) = guide.split_once("```text\n").expect("the guide has a list");
    let (listed, _) = listed.split_once("```").expect("the list ends");
    assert_eq!(listed.lines().collect::<Vec<_>>(), EVENT_TYPES);
}
