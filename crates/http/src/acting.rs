//! Who acts, where another door of this process knows it already: a person who is signed in at the dashboard.
//!
//! Nothing that comes over the network can bring one: a request's extensions are made in this process.

use std::sync::Arc;

use chargly_engine::Environment;
use chargly_engine::ledger::ApiKey;

/// The environment and key in whose name a request is made. Put into the extensions of a request, it stands for the key
/// that the request would have to bring; the key's scopes hold as ever.
#[derive(Clone)]
pub struct Acting {
    /// Where.
    pub environment: Arc<Environment>,
    /// Under which key: it is alive, which whoever makes this has seen to.
    pub key: ApiKey,
}
