//! The layout of a run's file: pages, sections and the header. `docs/run-format.md` says the same in prose.

use std::ops::Range;

use super::{BLOCK_FACTS, RUN_FACTS_MAX, RunError, RunLength};

/// The version of the format that this build writes, and the newest that it reads.
pub const RUN_FORMAT: u32 = 1;

/// Bytes of a page: what a file system reads at once anyway, and what one checksum covers.
pub const RUN_PAGE_BYTES: usize = 4_096;

/// Bytes of a page before its checksum.
pub(super) const PAYLOAD_BYTES: usize = RUN_PAGE_BYTES - CHECKSUM_BYTES;
const CHECKSUM_BYTES: usize = 8;

const MAGIC: [u8; 8] = *b"chrg.run";
const HEADER_BYTES: usize = 76;

/// What a file consists of, after its header and in this order. Each begins on a page of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    /// First key or number of every page of the three sections that are searched.
    Fences,
    /// Keys, sorted.
    Keys,
    /// Wallets, sorted, each with the end of its list.
    Wallets,
    /// The lists of the wallets, one after another.
    WalletLists,
    /// Event types, sorted, each with the end of its list.
    EventTypes,
    /// The lists of the event types.
    EventTypeLists,
    /// The list of audited facts.
    Audited,
    /// Times, block by block.
    Blocks,
}

impl Section {
    pub(super) const ALL: [Self; 8] = [
        Self::Fences,
        Self::Keys,
        Self::Wallets,
        Self::WalletLists,
        Self::EventTypes,
        Self::EventTypeLists,
        Self::Audited,
        Self::Blocks,
    ];

    /// Bytes of one item. Items do not cross pages; lists are bytes and do.
    pub(super) const fn item_bytes(self) -> usize {
        match self {
            Self::Fences | Self::Wallets | Self::EventTypes => 8,
            Self::Keys => 12,
            Self::WalletLists | Self::EventTypeLists | Self::Audited => 1,
            Self::Blocks => 32,
        }
    }

    /// Items on a full page.
    pub(super) const fn items_per_page(self) -> usize {
        PAYLOAD_BYTES / self.item_bytes()
    }

    /// What it is called in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fences => "fences",
            Self::Keys => "keys",
            Self::Wallets => "wallets",
            Self::WalletLists => "wallet lists",
            Self::EventTypes => "event types",
            Self::EventTypeLists => "event type lists",
            Self::Audited => "audited list",
            Self::Blocks => "blocks",
        }
    }
}

/// The first page of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) number: u32,
    pub(super) length: RunLength,
    /// The hash of the journal's chunk that holds the run's last position.
    pub(super) chain_hash: [u8; 32],
    /// How many there are.
    pub(super) keys: u32,
    pub(super) wallets: u32,
    pub(super) event_types: u32,
    /// Bytes of lists.
    pub(super) wallet_list_bytes: u32,
    pub(super) event_type_list_bytes: u32,
    pub(super) audited_bytes: u32,
}

impl Header {
    /// Items in a section.
    pub(super) fn items(&self, section: Section) -> usize {
        let items = match section {
            Section::Fences => {
                return [Section::Keys, Section::Wallets, Section::EventTypes]
                    .map(|searched| self.page_count(searched))
                    .iter()
                    .sum();
            }
            Section::Keys => self.keys,
            Section::Wallets => self.wallets,
            Section::WalletLists => self.wallet_list_bytes,
            Section::EventTypes => self.event_types,
            Section::EventTypeLists => self.event_type_list_bytes,
            Section::Audited => self.audited_bytes,
            Section::Blocks => self.length.facts().div_ceil(BLOCK_FACTS),
        };
        items as usize
    }

    /// Pages of a section.
    pub(super) fn page_count(&self, section: Section) -> usize {
        self.items(section).div_ceil(section.items_per_page())
    }

    /// Which pages of the file a section has.
    pub(super) fn pages(&self, section: Section) -> Range<usize> {
        let before = Section::ALL.iter().take_while(|other| **other != section);
        let first = 1 + before.map(|other| self.page_count(*other)).sum::<usize>();
        first..first + self.page_count(section)
    }

    /// Bytes of the whole file.
    pub(super) fn file_bytes(&self) -> u64 {
        let pages = 1 + Section::ALL.iter().map(|section| self.page_count(*section)).sum::<usize>();
        pages as u64 * RUN_PAGE_BYTES as u64
    }

    /// The first page, but for its checksum.
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..8].copy_from_slice(&MAGIC);
        let numbers = [
            RUN_FORMAT,
            self.number,
            self.length.facts(),
            self.keys,
            self.wallets,
            self.wallet_list_bytes,
            self.event_types,
            self.event_type_list_bytes,
            self.audited_bytes,
        ];
        for (at, number) in out[8..44].chunks_exact_mut(4).zip(numbers) {
            at.copy_from_slice(&number.to_le_bytes());
        }
        out[44..].copy_from_slice(&self.chain_hash);
        out
    }

    /// Reads the first page of the file of run `number`.
    ///
    /// # Errors
    /// When it is damaged, of a newer format, or of another run or length.
    pub(super) fn decode(
        number: u32,
        length: RunLength,
        page: &mut [u8; RUN_PAGE_BYTES],
    ) -> Result<Self, RunError> {
        let field = |at: usize| read_u32(&page[8 + 4 * at..]);
        let [format, found_number, facts, keys, wallets] = [0, 1, 2, 3, 4].map(field);
        let [wallet_list_bytes, event_types, event_type_list_bytes, audited_bytes] = [5, 6, 7, 8].map(field);
        let mut chain_hash = [0; 32];
        chain_hash.copy_from_slice(&page[44..HEADER_BYTES]);
        let is_run = page.starts_with(&MAGIC);
        // The first page keeps its magic, format, number and checksum in every format, so that damage is not taken
        // for a newer build's work, nor for another run.
        if !is_run || !is_whole(found_number, 0, page) {
            return Err(damaged(number, "its header fails its checksum"));
        }
        if format > RUN_FORMAT {
            return Err(RunError::NewerFormat { number, format });
        }
        let differing = [("number", found_number, number), ("facts", facts, length.facts())];
        if let Some((what, found, expected)) = differing.into_iter().find(|(_, a, b)| a != b) {
            return Err(RunError::Other { number, what, found, expected });
        }
        let header = Self {
            number,
            length,
            chain_hash,
            keys,
            wallets,
            event_types,
            wallet_list_bytes,
            event_type_list_bytes,
            audited_bytes,
        };
        let list_bytes_max = RUN_FACTS_MAX * super::lists::VARINT_BYTES_MAX;
        let counts_fit = [keys, wallets, event_types].into_iter().all(|count| count <= facts)
            && [wallet_list_bytes, event_type_list_bytes, audited_bytes]
                .into_iter()
                .all(|b| b <= list_bytes_max);
        if format == 0 || !counts_fit {
            return Err(damaged(number, "its header is impossible"));
        }
        Ok(header)
    }
}

/// Puts the checksum at the end of a page. The numbers of run and page are part of it, so that a page that stands in
/// another's place is found out.
pub(super) fn seal_page(number: u32, page_no: usize, page: &mut [u8]) {
    let checksum = checksum(number, page_no, page);
    page[PAYLOAD_BYTES..].copy_from_slice(&checksum);
}

/// Whether a page has the bytes that were written. Leaves its last eight bytes undefined.
pub(super) fn is_whole(number: u32, page_no: usize, page: &mut [u8]) -> bool {
    let mut stored = [0; CHECKSUM_BYTES];
    stored.copy_from_slice(&page[PAYLOAD_BYTES..]);
    checksum(number, page_no, page) == stored
}

fn checksum(number: u32, page_no: usize, page: &mut [u8]) -> [u8; CHECKSUM_BYTES] {
    let page_no = u32::try_from(page_no).unwrap_or(u32::MAX);
    let (run_at, page_at) = page[PAYLOAD_BYTES..].split_at_mut(4);
    run_at.copy_from_slice(&number.to_le_bytes());
    page_at.copy_from_slice(&page_no.to_le_bytes());
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&blake3::hash(page).as_bytes()[..CHECKSUM_BYTES]);
    checksum
}

pub(super) fn damaged(number: u32, what: impl Into<String>) -> RunError {
    RunError::Damaged { number, what: what.into() }
}

/// The four bytes at the front; zero where there are fewer.
pub(super) fn read_u32(bytes: &[u8]) -> u32 {
    bytes.first_chunk().copied().map_or(0, u32::from_le_bytes)
}

/// The eight bytes at the front; zero where there are fewer.
pub(super) fn read_u64(bytes: &[u8]) -> u64 {
    bytes.first_chunk().copied().map_or(0, u64::from_le_bytes)
}
