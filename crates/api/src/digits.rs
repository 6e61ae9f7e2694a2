//! Integers as decimal digits, without the machinery of formatting: an answer has a handful of them.

/// Digits of a fraction of 10⁻⁶.
const MICRO_PLACES: usize = 6;
/// The unit, in 10⁻⁶.
const MICRO: u64 = 1_000_000;
/// Digits of the largest `u64`.
const DIGITS_MAX: usize = 20;
const DIGITS: &[u8; 10] = b"0123456789";

/// Appends an integer of 10⁻⁶ as a decimal number without trailing zeros.
pub(crate) fn write_micro(micro: i64, out: &mut Vec<u8>) {
    if micro < 0 {
        out.push(b'-');
    }
    let (whole, fraction) = (micro.unsigned_abs() / MICRO, micro.unsigned_abs() % MICRO);
    write_whole(whole, out);
    if fraction == 0 {
        return;
    }
    let mut digits = [0; MICRO_PLACES];
    fill(fraction, &mut digits);
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    out.push(b'.');
    out.extend_from_slice(&digits[..end]);
}

/// Fills `digits` with the lowest digits of a number, with zeros in front.
pub(crate) fn fill(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(number % 10).unwrap_or_default()];
        number /= 10;
    }
}

fn write_whole(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; DIGITS_MAX];
    let mut from = DIGITS_MAX;
    loop {
        from -= 1;
        digits[from] = DIGITS[usize::try_from(number % 10).unwrap_or_default()];
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micro(micro: i64) -> String {
        let mut out = Vec::new();
        write_micro(micro, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn amounts_have_no_more_digits_than_they_need() {
        for (amount, expected) in [
            (0, "0"),
            (1, "0.000001"),
            (-1, "-0.000001"),
            (12_000_000, "12"),
            (-12_500_000, "-12.5"),
            (10_000_010, "10.00001"),
            (i64::MAX, "9223372036854.775807"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            assert_eq!(micro(amount), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn digits_are_those_that_another_writer_writes(number: u64) {
            let mut out = Vec::new();
            write_whole(number, &mut out);
            proptest::prop_assert_eq!(String::from_utf8(out).expect("ASCII"), number.to_string());
        }
    }
}
