//! The table of standings: Stripe's objects on one side, what the product understands on the other.

use serde_json::{Value, json};

use super::*;

/// A session of $20 that was paid, changed by `change`.
fn session(change: Value) -> Session {
    let mut session = json!({
        "id": "cs_1", "payment_status": "paid", "status": "complete", "payment_intent": "pi_1", "currency": "usd",
        "amount_subtotal": 2000, "amount_total": 2000, "livemode": false, "expires_at": 1,
        "total_details": {"amount_discount": 0, "amount_tax": 0},
    });
    merge(&mut session, change);
    serde_json::from_value(session).expect("a session")
}

fn intent(status: &str, charge: &Value) -> Intent {
    serde_json::from_value(json!({"status": status, "latest_charge": charge})).expect("an intent")
}

fn refunded_intent(amount_refunded: i64, currency: &str) -> Intent {
    intent(
        "succeeded",
        &json!({"amount": 2000, "amount_refunded": amount_refunded, "currency": currency, "payment_intent": "pi_1"}),
    )
}

fn dispute(status: &str, amount: i64, currency: &str, moves: &[(i64, &str)]) -> Dispute {
    let moved = |(amount, currency): &(i64, &str)| json!({"amount": amount, "currency": currency, "fee": 1500, "net": amount - 1500});
    let moves: Vec<Value> = moves.iter().map(moved).collect();
    let dispute =
        json!({"status": status, "amount": amount, "currency": currency, "balance_transactions": moves});
    serde_json::from_value(dispute).expect("a dispute")
}

fn merge(into: &mut Value, change: Value) {
    if let (Value::Object(into), Value::Object(change)) = (into, change) {
        into.extend(change);
    }
}

#[test]
fn payment_stands_where_its_money_is() {
    let paid = |session: &Session| PaymentStanding::Paid(seen(session).expect("a paid session"));
    let unpaid = |status: &str| session(json!({"payment_status": "unpaid", "status": status}));
    let processing = intent("processing", &json!(null));
    let wanting = intent("requires_payment_method", &json!("ch_1"));
    let canceled = intent("canceled", &json!(null));
    let done = intent("succeeded", &json!("ch_1"));
    let free =
        session(json!({"payment_status": "no_payment_required", "payment_intent": null, "amount_total": 0}));
    for (session, intent, expected) in [
        (session(json!({})), Some(&done), paid(&session(json!({})))),
        (session(json!({"status": "open"})), Some(&done), paid(&session(json!({})))),
        (free.clone(), None, paid(&free)),
        (unpaid("open"), None, PaymentStanding::Open),
        (unpaid("open"), Some(&wanting), PaymentStanding::Open),
        (session(json!({"payment_status": "unpaid", "status": null})), None, PaymentStanding::Open),
        (unpaid("complete"), Some(&processing), PaymentStanding::Pending),
        (unpaid("complete"), None, PaymentStanding::Pending),
        (unpaid("complete"), Some(&done), PaymentStanding::Pending),
        (unpaid("complete"), Some(&wanting), PaymentStanding::Failed),
        (unpaid("complete"), Some(&canceled), PaymentStanding::Failed),
        (unpaid("expired"), None, PaymentStanding::Expired),
        (unpaid("expired"), Some(&wanting), PaymentStanding::Expired),
    ] {
        assert_eq!(payment(&session, intent), Ok(expected), "{session:?} {intent:?}");
    }
}

#[test]
fn amounts_are_those_of_the_session_in_its_own_currency() {
    let tax_and_discount = session(json!({
        "amount_total": 1880, "total_details": {"amount_discount": 500, "amount_tax": 380, "amount_shipping": 0},
        "presentment_details": {"presentment_amount": 1730, "presentment_currency": "eur"}, "livemode": true,
    }));
    let expected = PaymentSeen {
        subtotal: Money { nano: 20_000_000_000, currency: Currency::USD },
        discount_nano: 5_000_000_000,
        tax_nano: 3_800_000_000,
        total_nano: 18_800_000_000,
        payment: "pi_1".to_owned(),
        is_live: true,
    };
    assert_eq!(seen(&tax_and_discount), Ok(expected));
    let yen = seen(&session(json!({"currency": "jpy"}))).expect("a paid session");
    assert_eq!(yen.subtotal.nano, 2_000_000_000_000);
}

#[test]
fn paid_session_that_does_not_say_what_was_paid_is_not_understood() {
    for change in [
        json!({"currency": null}),
        json!({"currency": "dollars"}),
        json!({"amount_subtotal": null}),
        json!({"amount_total": null}),
        json!({"amount_total": -1}),
        json!({"amount_total": i64::MAX}),
        json!({"payment_intent": null}),
        json!({"payment_status": "half"}),
    ] {
        let folded = fold(&session(change.clone()), None, &[]);
        assert!(matches!(folded, Err(ProviderError::Unreadable { .. })), "{change}: {folded:?}");
    }
}

/// Cents.
fn returns_are(intent: &Intent, disputes: &[Dispute], expected: (i64, i64, i64)) {
    let standing = fold(&session(json!({})), Some(intent), disputes).expect("a standing");
    let cents = |nano: i64| nano / 10_000_000;
    let returns = standing.returns;
    let found = (cents(returns.refunded_nano), cents(returns.withdrawn_nano), cents(returns.disputed_nano));
    assert_eq!(found, expected, "{disputes:?}");
}

#[test]
fn refunded_is_what_the_charge_says() {
    for refunded in [0, 1, 800, 2_000] {
        returns_are(&refunded_intent(refunded, "usd"), &[], (refunded, 0, 0));
    }
    returns_are(&intent("succeeded", &json!(null)), &[], (0, 0, 0));
}

#[test]
fn dispute_counts_as_its_state_and_its_money_say() {
    let (away, back) = ((-2_000, "usd"), (2_000, "usd"));
    for (status, moves, withdrawn, disputed) in [
        ("warning_needs_response", &[][..], 0, 2_000),
        ("warning_under_review", &[], 0, 2_000),
        ("warning_closed", &[], 0, 0),
        ("needs_response", &[], 0, 2_000),
        ("needs_response", &[away], 2_000, 0),
        ("needs_response", &[(-500, "usd")], 500, 1_500),
        ("under_review", &[away], 2_000, 0),
        ("under_review", &[away, back], 0, 2_000),
        ("won", &[], 0, 0),
        ("won", &[away], 2_000, 0),
        ("won", &[away, back], 0, 0),
        ("prevented", &[away, back], 0, 0),
        ("prevented", &[], 0, 0),
        ("lost", &[], 2_000, 0),
        ("lost", &[away], 2_000, 0),
        ("appeal_under_review", &[away], 2_000, 0),
        ("something_new", &[], 0, 2_000),
    ] {
        let dispute = dispute(status, 2_000, "usd", moves);
        returns_are(&refunded_intent(0, "usd"), &[dispute], (0, withdrawn, disputed));
    }
}

#[test]
fn balance_in_another_currency_tells_only_the_directions() {
    let (away, back) = ((-1_700, "eur"), (1_650, "eur"));
    for (status, moves, withdrawn, disputed) in [
        ("needs_response", &[away][..], 500, 0),
        ("won", &[away, back], 0, 0),
        ("under_review", &[away, back], 0, 500),
    ] {
        returns_are(
            &refunded_intent(0, "usd"),
            &[dispute(status, 500, "usd", moves)],
            (0, withdrawn, disputed),
        );
    }
}

#[test]
fn charge_in_another_currency_tells_parts_of_what_was_paid() {
    let intent = |refunded: i64| {
        let charge =
            json!({"amount": 1700, "amount_refunded": refunded, "currency": "eur", "payment_intent": "pi_1"});
        intent("succeeded", &charge)
    };
    for (refunded, expected) in [(0, 0), (850, 1_000), (1_700, 2_000), (1_800, 2_000), (1, 1)] {
        returns_are(&intent(refunded), &[], (expected, 0, 0));
    }
    returns_are(&intent(0), &[dispute("lost", 425, "eur", &[])], (0, 500, 0));
}

#[test]
fn dispute_in_a_currency_of_neither_is_about_the_whole_payment() {
    returns_are(&refunded_intent(0, "usd"), &[dispute("lost", 17, "eur", &[])], (0, 2_000, 0));
    returns_are(&refunded_intent(0, "usd"), &[dispute("under_review", 17, "eur", &[])], (0, 0, 2_000));
}

#[test]
fn disputes_add_up_to_what_was_paid_at_most() {
    let intent = refunded_intent(0, "usd");
    let lost = |amount| dispute("lost", amount, "usd", &[]);
    let open = |amount| dispute("needs_response", amount, "usd", &[]);
    returns_are(&intent, &[lost(500), open(700)], (0, 500, 700));
    returns_are(&intent, &[lost(1_500), open(700)], (0, 1_500, 500));
    returns_are(&intent, &[lost(2_300)], (0, 2_000, 0));
    returns_are(&intent, &[lost(2_000), lost(2_000), open(1)], (0, 2_000, 0));
}

#[test]
fn order_that_is_not_paid_has_nothing_to_return() {
    let unpaid = session(json!({"payment_status": "unpaid", "status": "complete"}));
    let standing = fold(&unpaid, Some(&refunded_intent(100, "usd")), &[dispute("lost", 100, "usd", &[])]);
    assert_eq!(standing.map(|standing| standing.returns), Ok(ReturnsStanding::default()));
}
