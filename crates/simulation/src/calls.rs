//! What clients ask: a call is a request under a key, sent as often as it takes to hear what became of it.

use chargly_engine::ledger::{Action, Call as LedgerCall, KeyNo, Payload, key_hash};
use chargly_engine::{Answered, Ask, Item, Key, Submission, WalletAsked};
use chargly_journal::payload_digest;
use chargly_testkit::model::{Place, Request};
use tokio::sync::oneshot::Receiver;

/// Keys the hashes of the environment's idempotency keys.
pub(crate) const SALT: [u8; 32] = [7; 32];
/// Bytes of properties that a call with a heavy payload brings along: some forty of them fill a frame.
pub(crate) const HEAVY_BYTES: usize = 12 * 1024;

/// The number of a call.
pub(crate) type CallNo = usize;
/// Where a key belongs: whose it is, and the key.
pub(crate) type Slot = (String, String);

/// What a call asks for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    One(Request),
    /// All or none, for one customer.
    Batch(Vec<Request>),
}

/// A call, and what its clients know of it.
pub(crate) struct Call {
    pub(crate) asked: Asked,
    /// In the ledger's words, one for each request; made once, as a client would repeat its bytes.
    pub(crate) actions: Vec<Action>,
    pub(crate) slot: Option<Slot>,
    pub(crate) is_heavy: bool,
    /// Where its fact stands, as the disk says.
    pub(crate) applied: Option<Place>,
    /// Where clients were told that the answer stands.
    pub(crate) told: Option<Place>,
    /// How often it was sent.
    pub(crate) attempts: u32,
    /// How often clients were told that it was done just now, and not before.
    pub(crate) decided: u32,
    /// Some answer was lost in a crash or by a writer that stopped.
    pub(crate) is_in_doubt: bool,
    /// It was undone, and clients told so.
    pub(crate) was_undone: bool,
    /// It was rejected once.
    pub(crate) was_rejected: bool,
    /// Somebody was told what came of it, for or against, and not only that it failed.
    pub(crate) is_settled: bool,
}

impl Call {
    pub(crate) fn new(asked: Asked, actions: Vec<Action>, slot: Option<Slot>, is_heavy: bool) -> Self {
        Self {
            asked,
            actions,
            slot,
            is_heavy,
            applied: None,
            told: None,
            attempts: 0,
            decided: 0,
            is_in_doubt: false,
            was_undone: false,
            was_rejected: false,
            is_settled: false,
        }
    }

    pub(crate) fn request(&self) -> &Request {
        match &self.asked {
            Asked::One(request) => request,
            Asked::Batch(requests) => &requests[0],
        }
    }

    pub(crate) fn is_batch(&self) -> bool {
        matches!(self.asked, Asked::Batch(_))
    }

    /// Its items for the writer. Every payload says which call it belongs to, so that the disk alone can be read.
    pub(crate) fn items(&self, number: CallNo, arena: &mut Vec<u8>) -> Vec<Item> {
        let key = |index: usize| self.slot.as_ref().filter(|_| index == 0);
        let mut item = |index: usize, action: &Action| {
            let payload = Payload {
                key: key(index).map(|(_, key)| key.as_str().into()),
                reason: Some(format!("call {number}").into()),
                properties: self.is_heavy.then(|| "x".repeat(HEAVY_BYTES).into()),
                ..Payload::default()
            };
            let start = arena.len();
            payload.encode_into(arena);
            let payload = start..arena.len();
            let digest = payload_digest(&arena[payload.clone()]);
            let call = LedgerCall { actor: KeyNo::SYSTEM, key: None, action: action.clone() };
            let key = key(index).map_or(Key::None, |slot| key_of(action, slot));
            Item { key, payload, digest, ..Item::read(Ask::Act(call)) }
        };
        self.actions.iter().enumerate().map(|(index, action)| item(index, action)).collect()
    }
}

/// The call that a payload belongs to.
pub(crate) fn call_of(payload: &Payload) -> Option<CallNo> {
    payload.reason.as_ref()?.strip_prefix("call ")?.parse().ok()
}

/// Whether a retry of such a request may carry a key.
pub(crate) fn can_have_key(request: &Request) -> bool {
    !matches!(
        request,
        Request::DefineEventType { .. }
            | Request::PublishPrice { .. }
            | Request::SetPolicy { .. }
            | Request::Freeze { .. }
            | Request::Thaw { .. }
            | Request::EraseCustomer { .. }
    )
}

/// As the engine's use cases do: hashed by the caller where the customer is named, else by the writer.
fn key_of(action: &Action, (customer, key): &Slot) -> Key {
    match action {
        Action::Meter { .. } | Action::PlaceHold { .. } | Action::Grant { .. } => {
            Key::Hash(key_hash(&SALT, Some(customer), key))
        }
        _ => Key::OfWalletsCustomer(key.as_str().into()),
    }
}

/// One thing in a submission.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Act(CallNo),
    Read(String),
    Census,
}

/// The item of a read.
pub(crate) fn read_item(part: &Part) -> Item {
    let ask = match part {
        Part::Read(customer) => Ask::Wallet(WalletAsked::Customer(customer.as_str().into())),
        Part::Act(_) | Part::Census => Ask::Census,
    };
    Item::read(ask)
}

/// A submission on its way, and whoever waits for its answer.
pub(crate) struct Flight {
    pub(crate) parts: Vec<Part>,
    pub(crate) answer: Receiver<Answered>,
    /// How long the journal was when it was first sent: everything before was there for it to see.
    pub(crate) from: Place,
    /// A group was undone while it waited.
    pub(crate) was_held_back: bool,
    /// Not at the writer yet: what travels, and for how many steps more.
    pub(crate) travelling: Option<(u64, Submission)>,
    /// Its parts are one batch, all or none.
    pub(crate) is_atomic: bool,
    /// How often it was sent on with what the writer missed.
    pub(crate) tries: u32,
    /// It brings records with it.
    pub(crate) is_warm: bool,
    /// It is answered without the writer: its key stands in a sealed run.
    pub(crate) is_known_of_old: bool,
}

impl Flight {
    /// Nothing on its way, for the rest of its fields to begin with.
    pub(crate) fn nothing() -> Self {
        Self {
            parts: Vec::new(),
            answer: tokio::sync::oneshot::channel().1,
            from: 0,
            was_held_back: false,
            travelling: None,
            is_atomic: false,
            tries: 0,
            is_warm: false,
            is_known_of_old: false,
        }
    }
}
