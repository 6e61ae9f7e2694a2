//! Posting lists: ascending offsets, written as varints of their differences.

/// Bytes that one offset may take: offsets stay below 2^24 ([`super::RUN_FACTS_MAX`]), at seven bits a byte.
pub(super) const VARINT_BYTES_MAX: u32 = 4;

/// Appends a list. Offsets must ascend.
pub(super) fn encode(offsets: &[u32], out: &mut Vec<u8>) {
    let mut previous = 0;
    for offset in offsets {
        let mut rest = offset - previous;
        previous = *offset;
        while rest >= 0x80 {
            out.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        out.push(rest as u8);
    }
}

/// Reads a list of offsets below `facts`; `None` where the bytes are none.
pub(super) fn decode(bytes: &[u8], facts: u32) -> Option<Vec<u32>> {
    // Most differences take one byte or two; a list of long ones grows once.
    let mut offsets = Vec::with_capacity(bytes.len().div_ceil(2));
    let mut previous: Option<u32> = None;
    let (mut value, mut shift) = (0u32, 0u32);
    for byte in bytes {
        if shift >= 7 * VARINT_BYTES_MAX {
            return None;
        }
        value |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 != 0 {
            continue;
        }
        let offset = match previous {
            None => value,
            // Offsets ascend, so that a difference of zero was not written by us.
            Some(_) if value == 0 => return None,
            Some(previous) => previous + value,
        };
        if offset >= facts {
            return None;
        }
        offsets.push(offset);
        previous = Some(offset);
        (value, shift) = (0, 0);
    }
    (shift == 0).then_some(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        for list in [vec![], vec![0], vec![5], vec![0, 1, 2, 127, 128, 129, 16_383, 32_768, 917_503]] {
            let mut bytes = Vec::new();
            encode(&list, &mut bytes);
            assert_eq!(decode(&bytes, 917_504), Some(list));
        }
    }

    #[test]
    fn bytes_that_are_no_list_are_refused() {
        // Ends within a number; too long a number; no difference; beyond the run.
        for bytes in [&[0x80][..], &[0x80, 0x80, 0x80, 0x80, 0x01], &[3, 0], &[100]] {
            assert_eq!(decode(bytes, 100), None, "{bytes:?}");
        }
    }
}
