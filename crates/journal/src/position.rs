//! Where an entry stands ([`Position`]), and where the whole journal stands ([`Head`]).

use std::fmt;

/// The dense number of an entry, from 0; no gaps, never used twice within one journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// The hash of a chunk, which covers all chunks before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainHash(pub [u8; 32]);

/// Where the journal stands after its last frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Epoch of the last frame; 0 while there is none.
    pub epoch: u32,
    /// Frames so far, and so the number of the next one.
    pub frame: u64,
    /// The position that the next entry will get.
    pub next: Position,
    /// Hash of the last chunk.
    pub hash: ChainHash,
    /// Time of the last frame, in milliseconds since 1970 UTC; 0 while there is none.
    pub at_ms: i64,
}

/// Where an epoch began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: u32,
    /// Position of its first entry.
    pub first: Position,
}

impl Position {
    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ChainHash {
    /// What the first chunk of a journal chains to.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Head {
    /// The head of a journal without frames.
    pub const EMPTY: Self =
        Self { epoch: 0, frame: 0, next: Position(0), hash: ChainHash::GENESIS, at_ms: 0 };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}, {} frames, {} entries, hash {}", self.epoch, self.frame, self.next, self.hash)
    }
}
