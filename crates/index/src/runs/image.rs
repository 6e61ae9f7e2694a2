//! The bytes of a run's file, made from a full builder.

use super::builder::{Chains, RunBuilder};
use super::format::{Header, PAYLOAD_BYTES, RUN_PAGE_BYTES, Section, seal_page};
use super::{Block, TimeRange, lists};

/// What stands for no time at all: a range whose end is before its beginning.
pub(super) const NO_TIMES: (i64, i64) = (i64::MAX, i64::MIN);

/// The whole file of a full builder.
pub(super) fn encode(builder: &RunBuilder, chain_hash: [u8; 32]) -> Vec<u8> {
    let mut keys = builder.keys.clone();
    keys.sort_unstable();
    let wallets = Lists::encode(&builder.wallets);
    let event_types = Lists::encode(&builder.event_types);
    let mut audited = Vec::new();
    lists::encode(&builder.audited, &mut audited);

    let header = Header {
        number: builder.number(),
        length: builder.length(),
        chain_hash,
        keys: count(keys.len()),
        wallets: count(wallets.directory.len()),
        wallet_list_bytes: count(wallets.bytes.len()),
        event_types: count(event_types.directory.len()),
        event_type_list_bytes: count(event_types.bytes.len()),
        audited_bytes: count(audited.len()),
    };
    let key_fences = keys.iter().step_by(Section::Keys.items_per_page()).map(|key| key.prefix());
    let fences = key_fences.chain(wallets.fences()).chain(event_types.fences());

    let mut image = Image { bytes: Vec::with_capacity(usize::try_from(header.file_bytes()).unwrap_or(0)) };
    image.page(&header.encode());
    image.items(Section::Fences, fences.map(u64::to_le_bytes));
    image.items(Section::Keys, keys.iter().map(|key| key_bytes(key.prefix(), key.offset)));
    image.items(Section::Wallets, wallets.directory.iter().map(|entry| pair_bytes(*entry)));
    image.stream(&wallets.bytes);
    image.items(Section::EventTypes, event_types.directory.iter().map(|entry| pair_bytes(*entry)));
    image.stream(&event_types.bytes);
    image.stream(&audited);
    image.items(Section::Blocks, builder.blocks().iter().map(block_bytes));
    for (page_no, page) in image.bytes.chunks_exact_mut(RUN_PAGE_BYTES).enumerate() {
        seal_page(header.number, page_no, page);
    }
    image.bytes
}

/// Many lists, and where each of them ends.
struct Lists {
    /// Number of the list, end of its bytes.
    directory: Vec<(u32, u32)>,
    bytes: Vec<u8>,
}

impl Lists {
    fn encode(chains: &Chains) -> Self {
        let (mut directory, mut bytes, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        for number in chains.numbers() {
            chains.list_into(number, &mut offsets);
            lists::encode(&offsets, &mut bytes);
            directory.push((number, count(bytes.len())));
        }
        Self { directory, bytes }
    }

    /// For each page of the directory: the number of its first list, and where that list begins.
    fn fences(&self) -> impl Iterator<Item = u64> + '_ {
        let firsts = (0..self.directory.len()).step_by(Section::Wallets.items_per_page());
        firsts.map(|at| {
            let begin = at.checked_sub(1).map_or(0, |before| self.directory[before].1);
            u64::from(self.directory[at].0) << 32 | u64::from(begin)
        })
    }
}

/// Pages one after another, without their checksums yet.
struct Image {
    bytes: Vec<u8>,
}

impl Image {
    fn page(&mut self, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.bytes.resize(self.bytes.len().next_multiple_of(RUN_PAGE_BYTES), 0);
    }

    fn stream(&mut self, bytes: &[u8]) {
        for payload in bytes.chunks(PAYLOAD_BYTES) {
            self.page(payload);
        }
    }

    fn items<const N: usize>(&mut self, section: Section, items: impl Iterator<Item = [u8; N]>) {
        debug_assert_eq!(section.item_bytes(), N);
        let mut payload = Vec::with_capacity(PAYLOAD_BYTES);
        for item in items {
            payload.extend_from_slice(&item);
            if payload.len() + N > PAYLOAD_BYTES {
                self.page(&payload);
                payload.clear();
            }
        }
        self.page(&payload);
    }
}

fn key_bytes(prefix: u64, offset: u32) -> [u8; 12] {
    let mut out = [0; 12];
    out[..8].copy_from_slice(&prefix.to_le_bytes());
    out[8..].copy_from_slice(&offset.to_le_bytes());
    out
}

fn pair_bytes((first, second): (u32, u32)) -> [u8; 8] {
    let mut out = [0; 8];
    out[..4].copy_from_slice(&first.to_le_bytes());
    out[4..].copy_from_slice(&second.to_le_bytes());
    out
}

fn block_bytes(block: &Block) -> [u8; 32] {
    let range = |times: TimeRange| (times.first.0, times.last.0);
    let (recorded, occurred) = (range(block.recorded_at), block.occurred_at.map_or(NO_TIMES, range));
    let mut out = [0; 32];
    for (at, ms) in out.chunks_exact_mut(8).zip([recorded.0, recorded.1, occurred.0, occurred.1]) {
        at.copy_from_slice(&ms.to_le_bytes());
    }
    out
}

/// Counts of a run stay far below 2^32: see [`super::RUN_FACTS_MAX`].
fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
