//! The one buyer there is, with a card and a bank account. All of it has to be gone from what is kept of a notice.

use serde_json::{Value, json};

/// What a payment was made with: `card` or `sepa_debit`.
pub(crate) fn payment_method_details(kind: &Value) -> Value {
    let card = json!({
        "brand": "visa",
        "checks": {"address_line1_check": null, "address_postal_code_check": "pass", "cvc_check": "pass"},
        "country": "DE",
        "exp_month": 8,
        "exp_year": 2031,
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "funding": "credit",
        "last4": "4242",
        "network": "visa",
    });
    let account = json!({
        "bank_code": "37040044",
        "branch_code": "",
        "country": "DE",
        "fingerprint": "FD81kbVPe7M05BMj",
        "last4": "3000",
        "mandate": null,
    });
    match kind == "card" {
        true => json!({"type": "card", "card": card}),
        false => json!({"type": "sepa_debit", "sepa_debit": account}),
    }
}

/// `billing_details` of a charge.
pub(crate) fn billing_details() -> Value {
    json!({
        "address": address(),
        "email": "buyer@example.com",
        "name": "Ada Buyer",
        "phone": null,
        "tax_id": null,
    })
}

/// `customer_details` of a session.
pub(crate) fn customer_details() -> Value {
    json!({
        "address": address(),
        "business_name": null,
        "email": "buyer@example.com",
        "individual_name": null,
        "name": "Ada Buyer",
        "phone": null,
        "tax_exempt": "none",
        "tax_ids": [],
    })
}

fn address() -> Value {
    json!({"city": null, "country": "DE", "line1": null, "line2": null, "postal_code": "10115", "state": null})
}
