//! Refunds: what went back of a charge, which keeps the sum of them.

use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::params::Params;
use crate::payments::charge_of;
use crate::state::{State, number, text};

/// `POST /v1/refunds`
pub(crate) fn create(state: &mut State, params: &Params) -> Result<Value, ApiError> {
    params.only(&["amount", "charge", "expand", "metadata", "payment_intent", "reason"])?;
    let charge = match params.get("charge") {
        Some(charge) => charge.to_owned(),
        None => charge_of(state, params.require("payment_intent")?)?,
    };
    refund(state, &charge, params.integer("amount")?, &params.texts("metadata"), "succeeded")
}

/// Money goes back, now or (`pending`) soon.
pub(crate) fn refund(
    state: &mut State,
    charge: &str,
    amount: Option<i64>,
    metadata: &Value,
    status: &str,
) -> Result<Value, ApiError> {
    let id = state.next_id("re");
    let (now, charge) = (state.now_s(), state.charges.get_mut(charge)?);
    let left = number(charge, "amount") - number(charge, "amount_refunded");
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", text(charge, "id"));
        return Err(ApiError::invalid(message).code("charge_already_refunded"));
    }
    let amount = amount.unwrap_or(left);
    if amount < 1 || amount > left {
        let message =
            format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(ApiError::invalid(message).param("amount"));
    }
    add_refunded(charge, amount);
    let charge = charge.clone();
    let refund = json!({
        "id": id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": {
            "type": "card",
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
        },
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": null,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": status,
        "transfer_reversal": null,
    });
    state.refunds.insert(refund.clone());
    state.happened("refund.created", &refund);
    state.happened("charge.refunded", &charge);
    Ok(refund)
}

/// A refund that was pending has arrived.
pub(crate) fn settle(state: &mut State, id: &str) -> Result<Value, ApiError> {
    let refund = state.refunds.get_mut(id)?;
    if refund["status"] != "pending" {
        return Err(ApiError::invalid("This refund is not pending."));
    }
    refund["status"] = json!("succeeded");
    let refund = refund.clone();
    state.happened("refund.updated", &refund);
    Ok(refund)
}

/// A refund did not arrive: the charge counts it no longer.
pub(crate) fn fail(state: &mut State, id: &str) -> Result<Value, ApiError> {
    let refund = state.refunds.get_mut(id)?;
    if refund["status"] == "failed" {
        return Err(ApiError::invalid("This refund has failed already."));
    }
    refund["status"] = json!("failed");
    refund["failure_reason"] = json!("expired_or_canceled_card");
    let refund = refund.clone();
    add_refunded(state.charges.get_mut(&text(&refund, "charge"))?, -number(&refund, "amount"));
    state.happened("refund.updated", &refund);
    state.happened("refund.failed", &refund);
    Ok(refund)
}

fn add_refunded(charge: &mut Value, amount: i64) {
    let refunded = number(charge, "amount_refunded") + amount;
    charge["amount_refunded"] = json!(refunded);
    charge["refunded"] = json!(refunded == number(charge, "amount"));
}

/// `GET /v1/refunds`
pub(crate) fn list(state: &State, params: &Params) -> Result<Value, ApiError> {
    state.refunds.page_of_a_payment(params, "/v1/refunds")
}
