//! Whether a run is whole, and whether it says what the journal says.

use super::format::{PAYLOAD_BYTES, RUN_PAGE_BYTES, Section, damaged, read_u32};
use super::{KeyEntry, Run, RunError, lists};

impl Run {
    /// Reads every page, and checks what no checksum can: that what is searched is sorted, and that lists are lists.
    ///
    /// # Errors
    /// The first damage found, or the failure to read.
    pub fn verify(&self) -> Result<(), RunError> {
        self.verify_keys()?;
        self.verify_lists(Section::Wallets, Section::WalletLists, &self.wallet_fences)?;
        self.verify_lists(Section::EventTypes, Section::EventTypeLists, &self.event_type_fences)?;
        self.postings(super::Posting::Audited)?;
        self.verify_blocks()
    }

    fn verify_keys(&self) -> Result<(), RunError> {
        let per_page = Section::Keys.items_per_page();
        let facts = self.header.length.facts();
        let (mut at, mut previous, mut is_sound) = (0, None, true);
        self.each_key(|prefix, offset| {
            let key = KeyEntry::new(prefix, offset);
            let is_fenced = at % per_page != 0 || self.key_fences.get(at / per_page) == Some(&prefix);
            is_sound &= is_fenced && offset < facts && previous.is_none_or(|previous| previous < key);
            previous = Some(key);
            at += 1;
        })?;
        if is_sound { Ok(()) } else { Err(damaged(self.number(), "its keys are not in order")) }
    }

    fn verify_lists(&self, directory: Section, lists: Section, fences: &[u64]) -> Result<(), RunError> {
        let bytes = self.stream(lists, 0, self.header.items(lists))?;
        let per_page = directory.items_per_page();
        let (mut at, mut previous, mut begin, mut is_sound) = (0, None, 0, true);
        self.each_item(directory, |entry| {
            let (number, end) = (read_u32(entry), read_u32(&entry[4..]));
            let fence = u64::from(number) << 32 | u64::from(begin);
            let is_fenced = at % per_page != 0 || fences.get(at / per_page) == Some(&fence);
            let list = bytes.get(begin as usize..end as usize);
            let list = list.and_then(|list| lists::decode(list, self.header.length.facts()));
            is_sound &= is_fenced
                && previous.is_none_or(|previous| previous < number)
                && list.is_some_and(|list| !list.is_empty());
            (previous, begin) = (Some(number), end);
            at += 1;
        })?;
        if is_sound && begin as usize == bytes.len() {
            return Ok(());
        }
        Err(damaged(self.number(), format!("its {} and their lists do not fit", directory.name())))
    }

    fn verify_blocks(&self) -> Result<(), RunError> {
        let ranges = self.blocks.iter().flat_map(|block| [Some(block.recorded_at), block.occurred_at]);
        if ranges.flatten().all(|times| times.first <= times.last) {
            return Ok(());
        }
        Err(damaged(self.number(), "a block ends before it begins"))
    }

    /// The first difference from the bytes that it should have, in words.
    pub(super) fn differs_from(&self, image: &[u8]) -> Result<Option<String>, RunError> {
        let expected = Self::decode(image.to_vec(), self.number(), self.header.length)?;
        if self.header != expected.header {
            let sections = Section::ALL.into_iter();
            let mut sizes = sections.map(|s| (s.name(), self.header.items(s), expected.header.items(s)));
            let differing = sizes.rfind(|(_, found, right)| found != right);
            return Ok(differing.map(|(name, found, right)| {
                format!("the size of its {name} is {found}, and should be {right}")
            }));
        }
        let unfenced = [&Section::ALL[1..], &[Section::Fences]].concat();
        for section in unfenced {
            let (mut found, mut right) = (vec![0; RUN_PAGE_BYTES], vec![0; RUN_PAGE_BYTES]);
            for page_no in 0..self.header.page_count(section) {
                self.read_pages(section, page_no, &mut found)?;
                expected.read_pages(section, page_no, &mut right)?;
                let same = found.iter().zip(&right).take_while(|(found, right)| found == right).count();
                if same < PAYLOAD_BYTES {
                    let item = page_no * section.items_per_page() + same / section.item_bytes();
                    return Ok(Some(format!(
                        "item {item} of its {} is not what it should be",
                        section.name()
                    )));
                }
            }
        }
        Ok(None)
    }
}
