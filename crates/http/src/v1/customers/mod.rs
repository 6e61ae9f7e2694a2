//! `/v1/customers/{customer}`

pub(crate) mod allowances;
pub(crate) mod collect;
pub(crate) mod erase;
pub(crate) mod grants;
pub(crate) mod ledger;
pub(crate) mod list;
pub(crate) mod wallet;
pub(crate) mod wallet_links;
