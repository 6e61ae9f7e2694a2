//! Putting facts, encoded, into the frame of the current group.

use chargly_journal::{FrameBuilder, Payload as JournalPayload, payload_digest};
use chargly_ledger::{Fact, Millis, Payload, PayloadOf, Position, Recorded, Recorder, RecorderFull};

use crate::writer::GROUP_FACTS_MAX;

/// Where random bytes come from. An argument, so that a simulation is the same for the same seed.
pub trait Entropy: Send {
    /// Sixteen random bytes.
    fn nonce(&mut self) -> [u8; 16];
}

/// The operating system's randomness.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn nonce(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // A system that has no randomness could not make its keys at start; by now it has some.
        let _ = random_bytes(&mut bytes);
        bytes
    }
}

/// Fills `bytes` from the operating system's randomness.
#[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
pub(crate) fn random_bytes(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}

/// Where facts are put: what the writer lends to the recorder of each call.
pub(crate) struct Desk {
    pub(crate) frame: FrameBuilder,
    scratch: Vec<u8>,
    entropy: Box<dyn Entropy>,
}

impl Desk {
    pub(crate) fn new(entropy: Box<dyn Entropy>) -> Self {
        Self { frame: FrameBuilder::new(), scratch: Vec::with_capacity(4_096), entropy }
    }

    /// A recorder for the facts of one call, with the payload that it brought along.
    pub(crate) fn recorder<'a>(
        &'a mut self,
        at: Millis,
        payload: &'a [u8],
        digest: [u8; 32],
    ) -> FrameRecorder<'a> {
        FrameRecorder { desk: self, at, payload, digest }
    }

    /// A recorder for facts that nobody called for.
    pub(crate) fn own_recorder(&mut self, at: Millis) -> FrameRecorder<'_> {
        self.recorder(at, &[], [0; 32])
    }
}

/// A recorder for the facts of one call.
pub(crate) struct FrameRecorder<'a> {
    desk: &'a mut Desk,
    at: Millis,
    payload: &'a [u8],
    digest: [u8; 32],
}

impl Recorder for FrameRecorder<'_> {
    fn record(&mut self, fact: &Fact, payload: PayloadOf<'_>) -> Result<Recorded, RecorderFull> {
        let Desk { frame, scratch, entropy } = &mut *self.desk;
        if frame.len() >= GROUP_FACTS_MAX {
            return Err(RecorderFull);
        }
        scratch.clear();
        fact.encode_into(scratch);
        let pushed = match payload {
            PayloadOf::Call if !self.payload.is_empty() => {
                let payload = JournalPayload { bytes: self.payload, digest: self.digest };
                frame.push(scratch, Some(payload))
            }
            PayloadOf::Nothing | PayloadOf::Call => frame.push(scratch, None),
            PayloadOf::Customer(customer) => {
                let bytes = Payload {
                    customer: Some(customer.into()),
                    nonce: Some(entropy.nonce()),
                    ..Payload::default()
                }
                .encode();
                let digest = payload_digest(&bytes);
                frame.push(scratch, Some(JournalPayload { bytes: &bytes, digest }))
            }
        };
        let position = Position(pushed.map_err(|_| RecorderFull)?.0);
        Ok(Recorded::new(position, self.at, fact, scratch))
    }
}
