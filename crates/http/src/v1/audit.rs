//! `GET /v1/audit`: what people did, newest first: everything but metering and what happens by time.

use chargly_api::Problem;
use chargly_engine::ledger::{Fact, WalletNo};

use crate::answer::Answer;
use crate::call::Call;
use crate::facts::write_fact;
use crate::query::next_cursor;

const LIST: &str = "audit";

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let page = call.page()?;
    let below = page.position(&call.env, LIST).await?;
    let found = call.env.list_audit(below, page.limit()).await.map_err(|error| call.problem(error))?;
    let wallets: Vec<WalletNo> = found.facts.iter().map(|stored| wallet_of(&stored.fact)).collect();
    let customers = call.env.customers_of(&wallets).await.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for (stored, customer) in found.facts.iter().zip(&customers) {
                data.object(|o| write_fact(o, stored, customer, &catalogue));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, LIST, found.next));
    }))
}

/// The wallet of a fact; one that nobody has where the fact is about none.
fn wallet_of(fact: &Fact) -> WalletNo {
    match fact {
        Fact::Wallet(fact) => fact.header.wallet,
        _ => WalletNo(u32::MAX),
    }
}
