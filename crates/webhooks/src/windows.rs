//! Debits of a wallet within a second, told together to endpoints that ask for it.
//!
//! A sum is a message that is not sent before its second is over; until then facts are added to it, within the
//! transaction that moves the cursor. So a crash leaves each fact either in the sum or still to be read, never both. A sum
//! ends early where something else of the wallet is told, so that messages stay in the order of what they tell.

use chargly_engine::ledger::{EntryId, Millis, WalletNo};
use chargly_ops::{Derivation, EndpointNo, NewMessage, OpsError, Window};

use crate::draft::{Details, Draft, Who, message_id};
use crate::types::MessageType;

/// Stretch of time that is summed up, in milliseconds.
const SECOND_MS: i64 = 1_000;
/// How long after its second a sum is sent, in milliseconds: facts of it may still be read.
const GRACE_MS: i64 = 200;

/// Sums that the current transaction adds to, in the order in which they were begun.
#[derive(Default)]
pub(crate) struct Sums(Vec<Sum>);

struct Sum {
    draft: Draft,
    who: Who,
    wallet: WalletNo,
    to: Vec<EndpointNo>,
    window: Window,
    /// The message that it was begun as in an earlier transaction.
    begun: Option<i64>,
}

impl Sums {
    /// Adds what a fact tells to the sum of its second.
    pub(crate) fn add(
        &mut self,
        tx: &mut Derivation<'_>,
        draft: &Draft,
        (fact, who, now_ms): (EntryId, &Who, i64),
        to: Vec<EndpointNo>,
    ) -> Result<(), OpsError> {
        let Some(wallet) = draft.wallet else { return Ok(()) };
        let start_ms = draft.at.0.div_euclid(SECOND_MS) * SECOND_MS;
        let is_it = |sum: &Sum| sum.wallet == wallet && sum.draft.kind == draft.kind;
        let at = match self.0.iter().position(is_it) {
            Some(at) if self.0[at].window.start_ms == start_ms && self.0[at].to == to => at,
            Some(_) => {
                self.end_of(tx, wallet)?;
                self.begin(tx, draft, (fact, who, now_ms), (start_ms, to))?
            }
            None => self.begin(tx, draft, (fact, who, now_ms), (start_ms, to))?,
        };
        let Sum { draft: sum, window, .. } = &mut self.0[at];
        window.micro = window.micro.saturating_add(draft.micro.unwrap_or_default());
        window.facts += 1;
        sum.at = draft.at;
        sum.balance_micro = draft.balance_micro;
        Ok(())
    }

    fn begin(
        &mut self,
        tx: &mut Derivation<'_>,
        draft: &Draft,
        (fact, who, now_ms): (EntryId, &Who, i64),
        (start_ms, to): (i64, Vec<EndpointNo>),
    ) -> Result<usize, OpsError> {
        let wallet = draft.wallet.unwrap_or_default();
        let found = tx.open_window(wallet.0, draft.kind.as_str(), now_ms)?;
        let found = found.filter(|found| found.window.start_ms == start_ms);
        let id = message_id(fact, draft.kind, true);
        let fresh = Window { start_ms, open_until_ms: start_ms + SECOND_MS + GRACE_MS, micro: 0, facts: 0 };
        let (begun, window, id) = match found {
            Some(found) => {
                let id = chargly_api::Id::parse(&found.id, chargly_api::IdKind::Message).unwrap_or(id);
                (Some(found.number), found.window, id)
            }
            None => (None, fresh, id),
        };
        self.0.push(Sum {
            draft: Draft { id, ..draft.clone() },
            who: who.clone(),
            wallet,
            to,
            window,
            begun,
        });
        Ok(self.0.len() - 1)
    }

    /// Ends the sums of a wallet, of which something else is told next.
    pub(crate) fn end_of(&mut self, tx: &mut Derivation<'_>, wallet: WalletNo) -> Result<(), OpsError> {
        let (ending, kept) = std::mem::take(&mut self.0).into_iter().partition(|sum| sum.wallet == wallet);
        self.0 = kept;
        Self(ending).write(tx)?;
        tx.close_windows(wallet.0)
    }

    /// Writes all of them. They may be added to by the next transaction.
    pub(crate) fn write(self, tx: &mut Derivation<'_>) -> Result<(), OpsError> {
        for Sum { mut draft, who, wallet, to, window, begun } in self.0 {
            draft.micro = Some(window.micro);
            draft.details = Details::Sum { from: Millis(window.start_ms), facts: window.facts };
            let body = draft.body(Some(&who));
            match begun {
                Some(number) => tx.extend(number, (window.micro, window.facts), &body)?,
                None => {
                    let id = draft.id.to_string();
                    let message = NewMessage {
                        id: &id,
                        kind: MessageType::as_str(draft.kind),
                        wallet: Some(wallet.0),
                        at_ms: draft.at.0,
                        body: &body,
                        window: Some(window),
                        due_ms: window.open_until_ms,
                    };
                    tx.put(&message, &to)?;
                }
            }
        }
        Ok(())
    }
}
