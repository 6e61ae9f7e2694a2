//! `POST /v1/customers/{customer}/wallet-links`: the address of a customer's own wallet page, for a while.
//!
//! Nothing is recorded: the link is sealed, not kept, so a repeat simply makes another.

use chargly_api::limits::WALLET_LINK_SECONDS_MAX;
use chargly_api::{ErrorCode, Problem};
use chargly_engine::WalletLink;
use chargly_engine::ledger::Millis;

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

/// How long a link is good where nothing is said.
const WALLET_LINK_SECONDS: u32 = 60 * 60;

fn from_request(call: &Call) -> Result<u32, Problem> {
    call.read(|fields, problems| {
        let seconds =
            fields.optional("expires_in_s", problems, |value| read::seconds(value, WALLET_LINK_SECONDS_MAX));
        Some(seconds.unwrap_or(WALLET_LINK_SECONDS))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let seconds = from_request(&call)?;
    let expires_at = Millis(call.env.wall_ms() + i64::from(seconds) * 1_000);
    let link = WalletLink { customer: customer.to_string(), expires_at_ms: expires_at.0 };
    let Some(token) = call.env.wallet_token(&link) else {
        return Err(Problem::new(ErrorCode::Internal, "The link could not be sealed."));
    };
    let root = call.env.public_url().unwrap_or_default();
    Ok(Answer::object(|o| {
        o.text("customer", &customer).text("token", &token);
        o.shown("url", format_args!("{root}/wallet/{}/{token}", call.env.name()));
        view::instant(o, "expires_at", expires_at);
    }))
}
