//! What is cut out of a notice before it is kept: everything about a card, a bank account or a person.
//!
//! Cut by name, at any depth, so that a field which Stripe moves elsewhere is cut there too. What remains is what an
//! audit needs: ids, amounts, states, times, and our own metadata.

use serde_json::Value;

/// What stands in the place of what was cut out.
pub const CUT: &str = "[cut out]";

/// Names of what is cut out, whatever it holds.
pub const CUT_NAMES: &[&str] = &[
    // Cards and bank accounts.
    "account_holder_name",
    "authorization_code",
    "bank_code",
    "bank_name",
    "branch_code",
    "checks",
    "cvc",
    "dynamic_last4",
    "exp_month",
    "exp_year",
    "fingerprint",
    "generated_from",
    "iban_last4",
    "iin",
    "last4",
    "network_transaction_id",
    "number",
    "routing_number",
    "wallet",
    // People.
    "address",
    "billing_details",
    "collected_information",
    "custom_fields",
    "customer_details",
    "customer_email",
    "email",
    "evidence",
    "ip_address",
    "individual_name",
    "instructions_email",
    "phone",
    "receipt_email",
    "receipt_url",
    "shipping",
    "shipping_details",
    "tax_ids",
    // What opens something.
    "client_secret",
];

/// Cuts out, at every depth. What is null stays so: that there was nothing is worth keeping.
pub(crate) fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                match CUT_NAMES.contains(&name.as_str()) && !inner.is_null() {
                    true => *inner = Value::from(CUT),
                    false => redact(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cards_and_people_are_cut_out_at_every_depth_and_amounts_stay() {
        let mut charge = json!({
            "amount": 2000,
            "metadata": {"order_id": "ord_1"},
            "billing_details": {"name": "Ada Buyer", "email": "ada@example.com"},
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242", "fingerprint": "Xt5"}},
            "refunds": {"data": [{"id": "re_1", "destination_details": {"card": {"last4": "4242"}}}]},
            "receipt_email": null,
        });
        redact(&mut charge);
        assert_eq!(
            charge,
            json!({
                "amount": 2000,
                "metadata": {"order_id": "ord_1"},
                "billing_details": CUT,
                "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": CUT, "fingerprint": CUT}},
                "refunds": {"data": [{"id": "re_1", "destination_details": {"card": {"last4": CUT}}}]},
                "receipt_email": null,
            })
        );
    }

    #[test]
    fn every_name_of_the_list_is_cut_whatever_it_holds() {
        for name in CUT_NAMES {
            for inner in [json!("secret"), json!(4242), json!(["secret"]), json!({"a": "secret"})] {
                let mut value = json!({"data": {"object": {(*name): inner}}});
                redact(&mut value);
                assert_eq!(value["data"]["object"][*name], CUT, "{name}");
            }
        }
    }
}
