//! Putting facts, encoded, into the frame of the current group.

use chargly_journal::{FrameBuilder, Payload as JournalPayload, payload_digest};
use chargly_ledger::{Fact, Millis, Payload, PayloadOf, Position, Recorded, Recorder, RecorderFull};

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

/// A recorder for the facts of one call.
pub(crate) struct FrameRecorder<'a> {
    frame: &'a mut FrameBuilder,
    scratch: &'a mut Vec<u8>,
    at: Millis,
    entropy: &'a mut dyn Entropy,
    payload: &'a [u8],
    digest: [u8; 32],
}

impl<'a> FrameRecorder<'a> {
    pub(crate) fn new(
        frame: &'a mut FrameBuilder,
        scratch: &'a mut Vec<u8>,
        at: Millis,
        entropy: &'a mut dyn Entropy,
        payload: &'a [u8],
        digest: [u8; 32],
    ) -> Self {
        Self { frame, scratch, at, entropy, payload, digest }
    }

    /// For facts that nobody called for.
    pub(crate) fn own(
        frame: &'a mut FrameBuilder,
        scratch: &'a mut Vec<u8>,
        at: Millis,
        entropy: &'a mut dyn Entropy,
    ) -> Self {
        Self::new(frame, scratch, at, entropy, &[], [0; 32])
    }
}

impl Recorder for FrameRecorder<'_> {
    fn record(&mut self, fact: &Fact, payload: PayloadOf<'_>) -> Result<Recorded, RecorderFull> {
        self.scratch.clear();
        fact.encode_into(self.scratch);
        let pushed = match payload {
            PayloadOf::Call if !self.payload.is_empty() => {
                let payload = JournalPayload { bytes: self.payload, digest: self.digest };
                self.frame.push(self.scratch, Some(payload))
            }
            PayloadOf::Nothing | PayloadOf::Call => self.frame.push(self.scratch, None),
            PayloadOf::Customer(customer) => {
                let bytes = Payload {
                    customer: Some(customer.into()),
                    nonce: Some(self.entropy.nonce()),
                    ..Payload::default()
                }
                .encode();
                let digest = payload_digest(&bytes);
                self.frame.push(self.scratch, Some(JournalPayload { bytes: &bytes, digest }))
            }
        };
        let position = Position(pushed.map_err(|_| RecorderFull)?.0);
        Ok(Recorded::new(position, self.at, fact, self.scratch))
    }
}
