//! One sealed run: an open file that answers by key, by list and by time. Every page read is checked.

use std::io;
use std::path::{Path, PathBuf};

use chargly_ledger::{KeyHash, Millis, Position};
use smallvec::SmallVec;

use super::file::{Pages, run_path};
use super::format::{Header, PAYLOAD_BYTES, RUN_PAGE_BYTES, Section, damaged, is_whole, read_u32, read_u64};
use super::image::NO_TIMES;
use super::{Block, Posting, RunError, RunLength, TimeRange, lists, prefix_of};

/// Pages read with one call where a whole section is read: 256 KiB.
const READ_AHEAD_PAGES: usize = 64;

/// An open run. Reads share nothing but the file, so that any number of threads may ask at once.
///
/// In memory are only the first key or number of every page, and the times of the blocks: some 30 KiB for a full run.
#[derive(Debug)]
pub struct Run {
    path: PathBuf,
    pages: Pages,
    pub(super) header: Header,
    pub(super) key_fences: Vec<u64>,
    pub(super) wallet_fences: Vec<u64>,
    pub(super) event_type_fences: Vec<u64>,
    pub(super) blocks: Vec<Block>,
}

impl Run {
    /// Opens the file of a run in the directory of its environment.
    ///
    /// # Errors
    /// When the file is absent, damaged as far as this reads it, of a newer format, or of another run or length.
    pub fn open(dir: &Path, number: u32, length: RunLength) -> Result<Self, RunError> {
        let path = run_path(dir, number);
        match Pages::open(&path) {
            Ok(pages) => Self::read(path, pages, number, length),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RunError::Missing { number }),
            Err(source) => Err(RunError::Io { doing: "opening", path, source }),
        }
    }

    /// A run from the bytes of its file.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn decode(bytes: Vec<u8>, number: u32, length: RunLength) -> Result<Self, RunError> {
        Self::read(run_path(Path::new(""), number), Pages::Memory(bytes), number, length)
    }

    fn read(path: PathBuf, pages: Pages, number: u32, length: RunLength) -> Result<Self, RunError> {
        let failed = |source| RunError::Io { doing: "reading", path: path.clone(), source };
        let bytes = pages.bytes().map_err(failed)?;
        let mut first = [0; RUN_PAGE_BYTES];
        if bytes < RUN_PAGE_BYTES as u64 {
            return Err(damaged(number, format!("it ends after {bytes} bytes")));
        }
        pages.read(0, &mut first).map_err(failed)?;
        let header = Header::decode(number, length, &mut first)?;
        if bytes != header.file_bytes() {
            return Err(damaged(number, format!("it has {bytes} bytes in place of {}", header.file_bytes())));
        }
        let mut run = Self {
            path,
            pages,
            header,
            key_fences: Vec::new(),
            wallet_fences: Vec::new(),
            event_type_fences: Vec::new(),
            blocks: Vec::new(),
        };
        run.read_fences()?;
        run.read_blocks()?;
        Ok(run)
    }

    fn read_fences(&mut self) -> Result<(), RunError> {
        let mut fences = Vec::with_capacity(self.header.items(Section::Fences));
        self.each_item(Section::Fences, |item| fences.push(read_u64(item)))?;
        let wallets_at = self.header.page_count(Section::Keys);
        self.event_type_fences = fences.split_off(wallets_at + self.header.page_count(Section::Wallets));
        self.wallet_fences = fences.split_off(wallets_at);
        self.key_fences = fences;
        Ok(())
    }

    fn read_blocks(&mut self) -> Result<(), RunError> {
        let mut blocks = Vec::with_capacity(self.header.items(Section::Blocks));
        self.each_item(Section::Blocks, |item| {
            let ms = |at: usize| Millis(read_u64(&item[at..]).cast_signed());
            let range = |at| TimeRange { first: ms(at), last: ms(at + 8) };
            let occurred_at = range(16);
            let is_none = (occurred_at.first.0, occurred_at.last.0) == NO_TIMES;
            blocks.push(Block { recorded_at: range(0), occurred_at: (!is_none).then_some(occurred_at) });
        })?;
        self.blocks = blocks;
        Ok(())
    }

    /// The number of the run.
    pub fn number(&self) -> u32 {
        self.header.number
    }

    /// The position of its first fact.
    pub fn first(&self) -> Position {
        self.header.length.first(self.number())
    }

    /// The position after its last fact.
    pub fn end(&self) -> Position {
        Position(self.first().0 + u64::from(self.header.length.facts()))
    }

    /// The hash of the journal's chunk that holds its last position: a run of another journal's past has another.
    pub fn chain_hash(&self) -> [u8; 32] {
        self.header.chain_hash
    }

    /// Keys in it.
    pub fn keys(&self) -> u32 {
        self.header.keys
    }

    /// Bytes of its file.
    pub fn bytes(&self) -> u64 {
        self.header.file_bytes()
    }

    /// The times of every [`BLOCK_FACTS`](super::BLOCK_FACTS) facts.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The facts that bound this key, or another of the same first 64 bits: ascending, nearly always one or none.
    /// Reads one page.
    ///
    /// # Errors
    /// When the page is damaged or cannot be read.
    pub fn find(&self, key: KeyHash) -> Result<SmallVec<[Position; 1]>, RunError> {
        let prefix = prefix_of(key);
        let mut found = SmallVec::new();
        // The same 64 bits may stand on several pages; the first of them is at the latest the one before the first
        // page that begins with them.
        let start = self.key_fences.partition_point(|fence| *fence < prefix).saturating_sub(1);
        for (page_no, fence) in self.key_fences.iter().enumerate().skip(start) {
            if *fence > prefix {
                break;
            }
            let page = self.page(Section::Keys, page_no)?;
            let keys = self.items_on(Section::Keys, page_no, &page);
            let at = partition_point(keys, 12, |key| read_u64(key) < prefix);
            for key in keys[at * 12..].chunks_exact(12).take_while(|key| read_u64(key) == prefix) {
                found.push(self.position_of(read_u32(&key[8..]))?);
            }
        }
        Ok(found)
    }

    /// The facts of a list, as ascending offsets from [`Self::first`].
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn postings(&self, posting: Posting) -> Result<Vec<u32>, RunError> {
        let (lists, range) = match posting {
            Posting::Wallet(wallet) => {
                (Section::WalletLists, self.list_range(Section::Wallets, &self.wallet_fences, wallet.0)?)
            }
            Posting::EventType(number) => {
                let range = self.list_range(Section::EventTypes, &self.event_type_fences, number.0)?;
                (Section::EventTypeLists, range)
            }
            Posting::Audited => (Section::Audited, Some((0, self.header.audited_bytes as usize))),
        };
        let Some((begin, end)) = range else { return Ok(Vec::new()) };
        let bytes = self.stream(lists, begin, end)?;
        lists::decode(&bytes, self.header.length.facts())
            .ok_or_else(|| damaged(self.number(), format!("its {} hold what is no list", lists.name())))
    }

    /// Where the bytes of a list begin and end.
    fn list_range(
        &self,
        directory: Section,
        fences: &[u64],
        number: u32,
    ) -> Result<Option<(usize, usize)>, RunError> {
        let after = fences.partition_point(|fence| (*fence >> 32) <= u64::from(number));
        let Some(page_no) = after.checked_sub(1) else { return Ok(None) };
        let page = self.page(directory, page_no)?;
        let entries = self.items_on(directory, page_no, &page);
        let at = partition_point(entries, 8, |entry| read_u32(entry) < number) * 8;
        if at >= entries.len() || read_u32(&entries[at..]) != number {
            return Ok(None);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the lower half of a fence is where the list begins"
        )]
        let begin = match at.checked_sub(8) {
            None => fences[page_no] as u32,
            Some(before) => read_u32(&entries[before + 4..]),
        };
        Ok(Some((begin as usize, read_u32(&entries[at + 4..]) as usize)))
    }

    /// Bytes of a section of lists.
    pub(super) fn stream(&self, section: Section, begin: usize, end: usize) -> Result<Vec<u8>, RunError> {
        if begin > end || end > self.header.items(section) {
            return Err(damaged(self.number(), format!("a list lies outside its {}", section.name())));
        }
        let pages = begin / PAYLOAD_BYTES..end.div_ceil(PAYLOAD_BYTES);
        let mut bytes = Vec::with_capacity(end - begin);
        let mut buffer = vec![0; pages.len().min(READ_AHEAD_PAGES) * RUN_PAGE_BYTES];
        for first in pages.clone().step_by(READ_AHEAD_PAGES) {
            let count = (pages.end - first).min(READ_AHEAD_PAGES);
            self.read_pages(section, first, &mut buffer[..count * RUN_PAGE_BYTES])?;
            for (page_no, page) in (first..).zip(buffer.chunks_exact(RUN_PAGE_BYTES).take(count)) {
                let at = page_no * PAYLOAD_BYTES;
                let from = begin.saturating_sub(at).min(PAYLOAD_BYTES);
                bytes.extend_from_slice(&page[from..(end - at).min(PAYLOAD_BYTES)]);
            }
        }
        Ok(bytes)
    }

    /// Calls `each` with the first 64 bits and the offset of every key, in order.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn each_key(&self, mut each: impl FnMut(u64, u32)) -> Result<(), RunError> {
        self.each_item(Section::Keys, |key| each(read_u64(key), read_u32(&key[8..])))
    }

    /// Calls `each` with every item of a section, in order.
    pub(super) fn each_item(&self, section: Section, mut each: impl FnMut(&[u8])) -> Result<(), RunError> {
        let pages = self.header.page_count(section);
        let mut buffer = vec![0; pages.min(READ_AHEAD_PAGES) * RUN_PAGE_BYTES];
        for first in (0..pages).step_by(READ_AHEAD_PAGES) {
            let count = (pages - first).min(READ_AHEAD_PAGES);
            self.read_pages(section, first, &mut buffer[..count * RUN_PAGE_BYTES])?;
            for (page_no, page) in (first..).zip(buffer.chunks_exact(RUN_PAGE_BYTES).take(count)) {
                let items = self.items_on(section, page_no, page);
                items.chunks_exact(section.item_bytes()).for_each(&mut each);
            }
        }
        Ok(())
    }

    /// One page of a section, checked.
    fn page(&self, section: Section, page_no: usize) -> Result<[u8; RUN_PAGE_BYTES], RunError> {
        let mut page = [0; RUN_PAGE_BYTES];
        self.read_pages(section, page_no, &mut page)?;
        Ok(page)
    }

    /// Neighbouring pages of a section, each checked.
    pub(super) fn read_pages(&self, section: Section, first: usize, into: &mut [u8]) -> Result<(), RunError> {
        let first = self.header.pages(section).start + first;
        let read = self.pages.read(first, into);
        read.map_err(|source| RunError::Io { doing: "reading", path: self.path.clone(), source })?;
        for (page_no, page) in (first..).zip(into.chunks_exact_mut(RUN_PAGE_BYTES)) {
            if !is_whole(self.number(), page_no, page) {
                let what = format!("page {page_no} ({}) fails its checksum", section.name());
                return Err(damaged(self.number(), what));
            }
        }
        Ok(())
    }

    /// The bytes of the items on a page.
    fn items_on<'a>(&self, section: Section, page_no: usize, page: &'a [u8]) -> &'a [u8] {
        let per_page = section.items_per_page();
        let items = self.header.items(section).saturating_sub(page_no * per_page).min(per_page);
        &page[..items * section.item_bytes()]
    }

    fn position_of(&self, offset: u32) -> Result<Position, RunError> {
        if offset >= self.header.length.facts() {
            return Err(damaged(self.number(), "a key stands beyond its end"));
        }
        Ok(Position(self.first().0 + u64::from(offset)))
    }
}

/// How many of the items, each of `item_bytes`, come before those for which `is_before` does not hold.
fn partition_point(items: &[u8], item_bytes: usize, is_before: impl Fn(&[u8]) -> bool) -> usize {
    let (mut low, mut high) = (0, items.len() / item_bytes);
    while low < high {
        let middle = low.midpoint(high);
        if is_before(&items[middle * item_bytes..]) { low = middle + 1 } else { high = middle }
    }
    low
}
