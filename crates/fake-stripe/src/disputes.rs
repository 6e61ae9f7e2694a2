//! Disputes and inquiries, through their whole life.

use serde_json::{Value, json};

use crate::control::DisputeMove;
use crate::errors::ApiError;
use crate::params::Params;
use crate::payments::charge_of;
use crate::state::{State, number, text};

/// What a dispute costs besides its money. In a balance transaction it is not part of `amount`.
const FEE: i64 = 1_500;

/// A buyer goes to the bank: over the whole payment unless said otherwise. No money has moved yet.
pub(crate) fn open(
    state: &mut State,
    payment: &str,
    amount: Option<i64>,
    is_inquiry: bool,
) -> Result<Value, ApiError> {
    let charge = charge_of(state, payment)?;
    let id = state.next_id("dp");
    let (now, charge) = (state.now_s(), state.charges.get_mut(&charge)?);
    charge["disputed"] = json!(true);
    let status = if is_inquiry { "warning_needs_response" } else { "needs_response" };
    let dispute = json!({
        "id": id,
        "object": "dispute",
        "amount": amount.unwrap_or_else(|| number(charge, "amount")),
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + 604_800,
            "enhanced_eligibility": {},
            "has_evidence": false,
            "past_due": false,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": is_inquiry,
        "livemode": charge["livemode"],
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "83"},
        },
        "reason": "fraudulent",
        "status": status,
    });
    state.disputes.insert(dispute.clone());
    state.happened("charge.dispute.created", &dispute);
    Ok(dispute)
}

/// A dispute goes on.
pub(crate) fn go_on(state: &mut State, id: &str, to: DisputeMove) -> Result<Value, ApiError> {
    let is_inquiry = text(state.disputes.get(id)?, "status").starts_with("warning_");
    let (status, event) = match to {
        DisputeMove::Withdraw => return transfer(state, id, -1, "charge.dispute.funds_withdrawn"),
        DisputeMove::Reinstate => return transfer(state, id, 1, "charge.dispute.funds_reinstated"),
        DisputeMove::Review if is_inquiry => ("warning_under_review", "charge.dispute.updated"),
        DisputeMove::Review => ("under_review", "charge.dispute.updated"),
        DisputeMove::Escalate => ("needs_response", "charge.dispute.updated"),
        DisputeMove::Win => ("won", "charge.dispute.closed"),
        DisputeMove::Lose => ("lost", "charge.dispute.closed"),
        DisputeMove::CloseInquiry => ("warning_closed", "charge.dispute.closed"),
        DisputeMove::Prevent => ("prevented", "charge.dispute.closed"),
    };
    let dispute = state.disputes.get_mut(id)?;
    dispute["status"] = json!(status);
    let was_withdrawn = taken(dispute) > 0;
    let dispute = dispute.clone();
    state.happened(event, &dispute);
    match to == DisputeMove::Win && was_withdrawn {
        true => transfer(state, id, 1, "charge.dispute.funds_reinstated"),
        false => Ok(dispute),
    }
}

/// What balance transactions have taken.
fn taken(dispute: &Value) -> i64 {
    let moved = dispute["balance_transactions"].as_array().into_iter().flatten();
    -moved.map(|moved| number(moved, "amount")).sum::<i64>()
}

/// Money of a dispute moves: away (`-1`) or back (`1`).
fn transfer(state: &mut State, id: &str, sign: i64, event: &str) -> Result<Value, ApiError> {
    let transaction = state.next_id("txn");
    let (now, dispute) = (state.now_s(), state.disputes.get_mut(id)?);
    if (taken(dispute) > 0) == (sign < 0) {
        return Err(ApiError::invalid("The money of this dispute has moved there already."));
    }
    let (amount, fee) = (sign * number(dispute, "amount"), if sign < 0 { FEE } else { 0 });
    let moved = json!({
        "id": transaction,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": dispute["currency"],
        "description": "Chargeback",
        "exchange_rate": null,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": if sign < 0 { "dispute" } else { "dispute_reversal" },
        "source": id,
        "status": "available",
        "type": "adjustment",
    });
    if let Some(all) = dispute["balance_transactions"].as_array_mut() {
        all.push(moved);
    }
    let dispute = dispute.clone();
    state.happened(event, &dispute);
    Ok(dispute)
}

/// `GET /v1/disputes`
pub(crate) fn list(state: &State, params: &Params) -> Result<Value, ApiError> {
    state.disputes.page_of_a_payment(params, "/v1/disputes")
}
