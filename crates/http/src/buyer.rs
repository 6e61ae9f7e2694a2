//! What buyers see: the page of an order, found by an address that only they were given.
//!
//! Not owned here: the pages' looks (`pages`), and what pressing a button does (the engine).

use std::sync::Arc;

use chargly_api::{IdKind, Problem};
use chargly_engine::Environment;
use chargly_engine::ledger::{Credits, Money};
use chargly_engine::payments::{Order, page_token};
use subtle::ConstantTimeEq as _;

use crate::call::entry_id;
use crate::pages::Purchase;
use crate::public::PublicCall;

pub(crate) mod checkout;
pub(crate) mod sandbox;

/// An order that a page is about, and its environment.
struct Found {
    env: Arc<Environment>,
    order: Order,
    /// The last part of the address: the checkout's id and its token.
    name: String,
}

/// The order whose page is asked for. Whatever is wrong with the address, there is nothing there.
async fn find(call: &PublicCall) -> Result<Found, Problem> {
    let missing = || Problem::not_found("checkout");
    let (environment, name) = (call.param("environment"), call.param("token"));
    let env = call.project.environments.iter().find(|env| env.name() == environment).ok_or_else(missing)?;
    let (id, token) = name.split_once('.').ok_or_else(missing)?;
    let id = entry_id(id, IdKind::Checkout).ok_or_else(missing)?;
    let expected = page_token(&env.catalogue().salt, id);
    if !bool::from(expected.as_bytes().ct_eq(token.as_bytes())) {
        return Err(missing());
    }
    let order = env.order(id).await.map_err(|error| {
        tracing::error!(%error, "the order of a page cannot be read");
        Problem::not_found("checkout")
    })?;
    Ok(Found { env: Arc::clone(env), order: order.ok_or_else(missing)?, name: name.to_owned() })
}

/// What is bought, as its buyer reads it.
struct Bought {
    pack: String,
    credits: Credits,
    bonus: Credits,
    price: Money,
}

impl Bought {
    fn of(found: &Found) -> Self {
        let terms = &found.order.top_up.terms;
        let catalogue = found.env.catalogue();
        match catalogue.pack(found.order.top_up.pack) {
            Some(pack) => Self {
                pack: pack.terms.name.to_string(),
                credits: pack.terms.credits,
                bonus: pack.terms.bonus,
                price: terms.price,
            },
            None => Self {
                pack: "Credits".to_owned(),
                credits: terms.credits,
                bonus: Credits::ZERO,
                price: terms.price,
            },
        }
    }

    fn purchase(&self) -> Purchase<'_> {
        Purchase { pack: &self.pack, credits: self.credits, bonus: self.bonus, price: self.price }
    }
}
