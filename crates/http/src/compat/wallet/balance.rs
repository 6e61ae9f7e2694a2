//! `GET /api/wallet/balance/{customer}`: what a customer can spend.

use chargly_api::{IdKind, Problem};

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer().map_err(|problem| problem.with_field_called("customer", "customerId"))?;
    let wallet = call.env.wallet(&customer).await.map_err(|error| call.problem(error))?;
    let wallet = wallet.as_deref();
    let balance = wallet.map(|wallet| wallet.balance).unwrap_or_default();
    Ok(Answer::object(|o| {
        o.text("userId", &customer);
        // A customer never seen has none yet.
        o.shown_or_null("walletId", wallet.map(|wallet| view::id(IdKind::Wallet, wallet.id)));
        o.number("balance", balance.available()).text("unit", "credits");
    }))
}
