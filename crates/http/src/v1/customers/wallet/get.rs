//! `GET /v1/customers/{customer}/wallet`: what a customer has, now or at an earlier instant.

use chargly_api::{IdKind, ObjectWriter, Problem, Problems, time};
use chargly_engine::ledger::{Balance, Catalogue, Lot, LotStatus, Millis, Policy, Wallet};

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

fn from_request(call: &mut Call) -> Result<Option<Millis>, Problem> {
    let now = Millis(call.env.wall_ms());
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let as_of = query.optional("as_of", &mut problems, |text| {
        let at = Millis(time::parse(text)?);
        if at > now { Err("must not be in the future".to_owned()) } else { Ok(at) }
    });
    query.finish(&mut problems);
    problems.check()?;
    Ok(as_of)
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let as_of = from_request(&mut call)?;
    let wallet = call.env.wallet(&customer).await.map_err(|error| call.problem(error))?;
    match (as_of, wallet) {
        (None, wallet) => {
            let catalogue = call.env.catalogue();
            Ok(Answer::object(|o| into_view(o, &customer, wallet.as_deref(), &catalogue)))
        }
        (Some(at), wallet) => {
            let then = match &wallet {
                Some(wallet) => {
                    call.env.wallet_as_of(wallet, at).await.map_err(|error| call.problem(error))?
                }
                None => None,
            };
            let balance = then.map(|then| then.balance).unwrap_or_default();
            Ok(Answer::object(|o| {
                write_balance(o, &customer, wallet.as_deref(), &balance);
                view::instant(o, "as_of", at);
            }))
        }
    }
}

/// A customer never seen has a wallet with nothing in it, which is opened by the first thing that happens to it.
fn into_view(o: &mut ObjectWriter<'_>, customer: &str, wallet: Option<&Wallet>, catalogue: &Catalogue) {
    let balance = wallet.map(|wallet| wallet.balance).unwrap_or_default();
    write_balance(o, customer, wallet, &balance);
    view::policy(o, wallet.map_or(Policy::Strict, |wallet| wallet.policy));
    o.boolean("frozen", wallet.is_some_and(|wallet| wallet.frozen_by().is_some()));
    o.number("open_holds", wallet.map_or(0, |wallet| wallet.holds().len()));
    o.array("lots", |list| {
        for lot in wallet.iter().flat_map(|wallet| &wallet.lots) {
            list.object(|o| write_lot(o, lot, catalogue));
        }
    });
}

fn write_balance(o: &mut ObjectWriter<'_>, customer: &str, wallet: Option<&Wallet>, balance: &Balance) {
    o.text("customer", customer);
    o.shown_or_null("wallet_id", wallet.map(|wallet| view::id(IdKind::Wallet, wallet.id)));
    o.text("unit", "credits").number("posted", balance.posted).number("held", balance.held);
    o.number("available", balance.available()).number("debt", balance.debt);
}

fn write_lot(o: &mut ObjectWriter<'_>, lot: &Lot, catalogue: &Catalogue) {
    o.shown("id", view::id(IdKind::Grant, lot.id)).text("kind", lot.kind.as_str());
    o.text("status", status(lot.status));
    o.number("credits", lot.credits).number("remaining", lot.remaining()).number("held", lot.held);
    view::money_or_null(o, "price", lot.price);
    o.number("priority", lot.priority);
    view::instant(o, "effective_at", lot.effective_at);
    view::instant_or_null(o, "expires_at", Some(lot.expires_at));
    o.array("scope", |list| {
        for event_type in &lot.scope {
            list.text(view::event_name(catalogue, *event_type));
        }
    });
}

const fn status(status: LotStatus) -> &'static str {
    match status {
        LotStatus::Pending => "pending",
        LotStatus::Active => "active",
        LotStatus::Expired => "expired",
        LotStatus::Voided => "voided",
    }
}
