//! Fixed-width lower-case base32 (Crockford's alphabet, no padding): ids and cursors.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes the lowest `5 × width` bits of `value`, highest first.
pub(crate) fn write(value: u128, width: usize, out: &mut String) {
    for place in (0..width).rev() {
        let digit = (value >> (place * 5)) & 31;
        out.push(char::from(ALPHABET[usize::try_from(digit).unwrap_or_default()]));
    }
}

/// Reads exactly what [`write()`] writes for a value of at most `bits` bits; nothing else is accepted, so that a value
/// has one spelling.
pub(crate) fn read(text: &str, width: usize, bits: u32) -> Option<u128> {
    if text.len() != width {
        return None;
    }
    let mut value = 0u128;
    for (index, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|b| *b == byte)?;
        // The first digit may carry bits beyond 128, which would be lost.
        if index == 0 && width * 5 > 128 && digit >> (5 - (width * 5 - 128)) != 0 {
            return None;
        }
        value = value << 5 | digit as u128;
    }
    (bits >= 128 || value >> bits == 0).then_some(value)
}
