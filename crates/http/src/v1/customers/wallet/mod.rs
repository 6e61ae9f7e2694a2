//! `/v1/customers/{customer}/wallet`

use chargly_api::ObjectWriter;
use chargly_engine::Outcome;
use chargly_engine::ledger::WalletFact;

use crate::view;

pub(crate) mod freeze;
pub(crate) mod get;
pub(crate) mod policy;
pub(crate) mod thaw;

/// Whether the wallet is frozen, with its balance and the time of the change.
fn write_frozen(
    o: &mut ObjectWriter<'_>,
    outcome: &Outcome,
    fact: &WalletFact,
    customer: &str,
    is_frozen: bool,
) {
    o.text("customer", customer).boolean("frozen", is_frozen);
    view::balance(o, &fact.header.after);
    view::instant(o, "changed_at", outcome.at);
}
