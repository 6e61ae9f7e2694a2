//! Checkout Sessions: made, looked up, listed by payment, ended.

use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::params::Params;
use crate::state::{State, number, text};

/// Seconds for which a session may be open: half an hour to a day.
const OPEN_S: std::ops::RangeInclusive<i64> = 30 * 60..=24 * 60 * 60;

/// What a session can be made with, as far as anybody here says it.
const PARAMETERS: &[&str] = &[
    "adaptive_pricing",
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "discounts",
    "expand",
    "expires_at",
    "invoice_creation",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_types",
    "submit_type",
    "success_url",
    "tax_id_collection",
];

/// `POST /v1/checkout/sessions`
pub(crate) fn create(state: &mut State, params: &Params) -> Result<Value, ApiError> {
    params.only(PARAMETERS)?;
    if params.require("mode")? != "payment" {
        return Err(ApiError::invalid("This stand-in takes payments only.").param("mode"));
    }
    let success_url = params.require("success_url")?;
    let (subtotal, currency) = line_items(params)?;
    let expires_at = expiry(state, params)?;
    let id = state.next_id("cs");
    let session = json!({
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": true},
        "allow_promotion_codes": params.get("allow_promotion_codes").map(|value| value == "true"),
        "amount_subtotal": subtotal,
        "amount_total": subtotal,
        "automatic_tax": {
            "enabled": params.is_true("automatic_tax[enabled]"),
            "liability": null,
            "provider": null,
            "status": null,
        },
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": state.now_s(),
        "currency": currency,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null,
            "shipping_address": null,
            "submit": null,
            "terms_of_service_acceptance": null,
        },
        "customer": null,
        "customer_details": null,
        "customer_email": null,
        "discounts": [],
        "expires_at": expires_at,
        "invoice": null,
        "invoice_creation": {
            "enabled": params.is_true("invoice_creation[enabled]"),
            "invoice_data": {
                "account_tax_ids": null,
                "custom_fields": null,
                "description": null,
                "footer": null,
                "issuer": null,
                "metadata": {},
                "rendering_options": null,
            },
        },
        "livemode": state.options.is_live,
        "locale": null,
        "metadata": params.texts("metadata"),
        "mode": "payment",
        "payment_intent": null,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "success_url": success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": format!("{}/pay/{id}", state.base_url),
    });
    state.intent_metadata.insert(id, params.texts("payment_intent_data[metadata]"));
    state.sessions.insert(session.clone());
    Ok(session)
}

/// The sum of what is bought, and its currency.
fn line_items(params: &Params) -> Result<(i64, String), ApiError> {
    let mut sum = 0;
    let mut currency = None;
    for index in 0.. {
        let name = |rest: &str| format!("line_items[{index}]{rest}");
        let Some(quantity) = params.integer(&name("[quantity]"))? else { break };
        let Some(amount) = params.integer(&name("[price_data][unit_amount]"))? else {
            return Err(ApiError::required(&name("[price_data][unit_amount]")));
        };
        params.require(&name("[price_data][product_data][name]"))?;
        if params.get(&name("[price_data][product_data][description]")) == Some("") {
            return Err(ApiError::invalid("You passed an empty string for 'description'.")
                .code("parameter_invalid_empty"));
        }
        if amount < 0 || quantity < 1 {
            return Err(ApiError::invalid("Invalid non-negative integer").param("unit_amount"));
        }
        sum += amount * quantity;
        currency = Some(params.require(&name("[price_data][currency]"))?.to_lowercase());
    }
    Ok((sum, currency.ok_or_else(|| ApiError::required("line_items"))?))
}

fn expiry(state: &State, params: &Params) -> Result<i64, ApiError> {
    let now = state.now_s();
    match params.integer("expires_at")? {
        None => Ok(now + OPEN_S.end()),
        Some(at) if OPEN_S.contains(&(at - now)) => Ok(at),
        Some(_) => Err(ApiError::invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.",
        )
        .param("expires_at")),
    }
}

/// `GET /v1/checkout/sessions`
pub(crate) fn list(state: &State, params: &Params) -> Result<Value, ApiError> {
    params.only(&["ending_before", "expand", "limit", "payment_intent", "starting_after", "status"])?;
    let wanted =
        |session: &Value| params.get("payment_intent").is_none_or(|id| session["payment_intent"] == id);
    state.sessions.page(params, "/v1/checkout/sessions", wanted)
}

/// `POST /v1/checkout/sessions/{id}/expire`
pub(crate) fn expire(state: &mut State, id: &str) -> Result<Value, ApiError> {
    let session = state.sessions.get_mut(id)?;
    if session["status"] != "open" {
        return Err(ApiError::invalid(format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {}.",
            text(session, "status")
        )));
    }
    session["status"] = json!("expired");
    session["url"] = Value::Null;
    let session = session.clone();
    state.happened("checkout.session.expired", &session);
    Ok(session)
}

/// An open session is not what it was made as any more.
pub(crate) fn amend(
    state: &mut State,
    id: &str,
    subtotal: Option<i64>,
    currency: Option<&str>,
) -> Result<Value, ApiError> {
    let session = state.sessions.get_mut(id)?;
    if session["status"] != "open" {
        return Err(ApiError::invalid(format!("This session is {}.", text(session, "status"))));
    }
    if let Some(subtotal) = subtotal {
        session["amount_subtotal"] = json!(subtotal);
    }
    if let Some(currency) = currency {
        session["currency"] = json!(currency);
    }
    Ok(session.clone())
}

/// Ends the sessions whose time is over.
pub(crate) fn expire_old(state: &mut State) {
    let now = state.now_s();
    let is_over = |session: &&Value| session["status"] == "open" && number(session, "expires_at") <= now;
    let over: Vec<String> =
        state.sessions.iter().filter(is_over).map(|session| text(session, "id")).collect();
    for id in over {
        let _open = expire(state, &id);
    }
}
