//! Fixed-width lower-case base32 (Crockford's alphabet, no padding): ids and cursors.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The lowest `5 × WIDTH` bits of `value`, highest first.
pub(crate) fn digits<const WIDTH: usize>(mut value: u128) -> [u8; WIDTH] {
    let mut digits = [0; WIDTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(value & 31).unwrap_or_default()];
        value >>= 5;
    }
    digits
}

/// Reads exactly what [`digits()`] makes for a value of at most `bits` bits; nothing else is accepted, so that a value
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
