//! Payments: a session is paid, by card at once or by bank debit later, or is not.

use serde_json::{Value, json};

use crate::control::{Method, Presentment};
use crate::errors::ApiError;
use crate::samples;
use crate::state::{State, number, text};

/// How a session is paid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payment {
    pub(crate) method: Method,
    pub(crate) tax: i64,
    pub(crate) discount: i64,
    pub(crate) presentment: Option<Presentment>,
}

/// The buyer pays: the session as it then stands.
pub(crate) fn pay(state: &mut State, id: &str, payment: &Payment) -> Result<Value, ApiError> {
    let session = state.sessions.get_mut(id)?;
    if session["status"] != "open" {
        return Err(ApiError::invalid(format!("This session is {}.", text(session, "status"))));
    }
    let total = number(session, "amount_subtotal") - payment.discount + payment.tax;
    if total < 0 {
        return Err(ApiError::invalid("A discount cannot be more than everything."));
    }
    session["status"] = json!("complete");
    session["url"] = Value::Null;
    session["amount_total"] = json!(total);
    session["total_details"] =
        json!({"amount_discount": payment.discount, "amount_shipping": 0, "amount_tax": payment.tax});
    session["customer_details"] = samples::customer_details();
    if let Some(seen) = &payment.presentment {
        session["presentment_details"] =
            json!({"presentment_amount": seen.amount, "presentment_currency": seen.currency});
    }
    if total == 0 {
        session["payment_status"] = json!("no_payment_required");
    } else {
        let intent = new_intent(state, id, total, payment)?;
        state.sessions.get_mut(id)?["payment_intent"] = json!(intent);
        if payment.method == Method::Card {
            charge(state, &intent)?;
            state.sessions.get_mut(id)?["payment_status"] = json!("paid");
        }
    }
    let session = state.sessions.get(id)?.clone();
    state.happened("checkout.session.completed", &session);
    Ok(session)
}

/// The money of a bank debit comes.
pub(crate) fn settle(state: &mut State, id: &str) -> Result<Value, ApiError> {
    let intent = intent_on_its_way(state, id)?;
    charge(state, &intent)?;
    let session = state.sessions.get_mut(id)?;
    session["payment_status"] = json!("paid");
    let session = session.clone();
    state.happened("checkout.session.async_payment_succeeded", &session);
    Ok(session)
}

/// The money does not come: a declined card leaves the session open, a bank debit that failed does not.
pub(crate) fn fail(state: &mut State, id: &str) -> Result<Value, ApiError> {
    let session = state.sessions.get(id)?.clone();
    if session["status"] == "open" {
        return Ok(session);
    }
    let intent = intent_on_its_way(state, id)?;
    let intent = state.intents.get_mut(&intent)?;
    intent["status"] = json!("requires_payment_method");
    intent["last_payment_error"] = json!({
        "type": "card_error",
        "code": "payment_intent_payment_attempt_failed",
        "message": "The bank debit failed.",
    });
    let intent = intent.clone();
    state.happened("payment_intent.payment_failed", &intent);
    state.happened("checkout.session.async_payment_failed", &session);
    Ok(session)
}

fn intent_on_its_way(state: &State, session: &str) -> Result<String, ApiError> {
    let intent = text(state.sessions.get(session)?, "payment_intent");
    match state.intents.get(&intent)?["status"] == "processing" {
        true => Ok(intent),
        false => Err(ApiError::invalid("No payment of this session is on its way.")),
    }
}

fn new_intent(state: &mut State, session: &str, total: i64, payment: &Payment) -> Result<String, ApiError> {
    let id = state.next_id("pi");
    let metadata = state.intent_metadata.get(session).cloned().unwrap_or_else(|| json!({}));
    let kind = payment.method.kind();
    let mut intent = json!({
        "id": id,
        "object": "payment_intent",
        "amount": total,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": format!("{id}_secret_fake"),
        "confirmation_method": "automatic",
        "created": state.now_s(),
        "currency": state.sessions.get(session)?["currency"],
        "customer": null,
        "last_payment_error": null,
        "latest_charge": null,
        "livemode": state.options.is_live,
        "metadata": metadata,
        "payment_method_types": [kind],
        "status": "processing",
    });
    if let Some(seen) = &payment.presentment {
        intent["presentment_details"] =
            json!({"presentment_amount": seen.amount, "presentment_currency": seen.currency});
    }
    state.intents.insert(intent);
    Ok(id)
}

/// The money of a payment comes.
fn charge(state: &mut State, intent: &str) -> Result<(), ApiError> {
    let id = state.next_id("ch");
    let now = state.now_s();
    let intent = state.intents.get_mut(intent)?;
    let amount = number(intent, "amount");
    intent["status"] = json!("succeeded");
    intent["amount_received"] = json!(amount);
    intent["latest_charge"] = json!(id);
    let intent = intent.clone();
    let charge = json!({
        "id": id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "balance_transaction": null,
        "billing_details": samples::billing_details(),
        "captured": true,
        "created": now,
        "currency": intent["currency"],
        "customer": null,
        "disputed": false,
        "failure_code": null,
        "failure_message": null,
        "fraud_details": {},
        "livemode": intent["livemode"],
        "metadata": intent["metadata"],
        "outcome": {
            "network_status": "approved_by_network",
            "reason": null,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": true,
        "payment_intent": intent["id"],
        "payment_method_details": samples::payment_method_details(&intent["payment_method_types"][0]),
        "presentment_details": intent["presentment_details"],
        "receipt_email": null,
        "receipt_number": null,
        "refunded": false,
        "status": "succeeded",
    });
    state.charges.insert(charge.clone());
    state.happened("charge.succeeded", &charge);
    state.happened("payment_intent.succeeded", &intent);
    Ok(())
}

/// `GET /v1/payment_intents/{id}`, with its charge in it when that is asked for.
pub(crate) fn retrieve(state: &State, id: &str, expands: &[&str]) -> Result<Value, ApiError> {
    let mut intent = state.intents.get(id)?.clone();
    if expands.contains(&"latest_charge")
        && let Ok(charge) = state.charges.get(&text(&intent, "latest_charge"))
    {
        intent["latest_charge"] = charge.clone();
    }
    Ok(intent)
}

/// The charge by which a payment's money came.
pub(crate) fn charge_of(state: &State, payment: &str) -> Result<String, ApiError> {
    let charge = text(state.intents.get(payment)?, "latest_charge");
    match charge.is_empty() {
        true => Err(ApiError::invalid("This PaymentIntent does not have a successful charge to refund.")),
        false => Ok(charge),
    }
}
