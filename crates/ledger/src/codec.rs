//! The small binary codec behind facts, payloads and snapshots.
//!
//! Varints (LEB128, zigzag for signed numbers), length-prefixed text, one byte per enum variant. A struct is its
//! fields in order. What evolves: a new variant gets a new number, and a changed struct gets a new variant; numbers
//! are never reused. A reader that meets an unknown number says [`DecodeError::Unknown`] and the binary refuses to
//! start on that data, rather than guess.

use compact_str::CompactString;
use smallvec::{Array, SmallVec};
use thiserror::Error;

use crate::{
    CardNo, Credits, Currency, EntryId, EventTypeNo, KeyHash, KeyNo, LotNo, Millis, Money, PackNo, Position,
    PriceNo, Quantity, WalletNo,
};

/// Why bytes are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end in the middle of a value.
    #[error("ends in the middle of a value")]
    Short,
    /// There are bytes behind the value.
    #[error("has {0} bytes too many")]
    Trailing(usize),
    /// A number stands where none of that meaning may stand.
    #[error("has an impossible {0}")]
    Invalid(&'static str),
    /// A variant this version does not know: written by a newer one.
    #[error("has {what} number {number}, which this version does not know: it was written by a newer one")]
    Unknown {
        /// Of which enum.
        what: &'static str,
        /// The number found.
        number: u64,
    },
}

/// Something with a binary form.
pub(crate) trait Codec: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError>;
}

/// Encodes into fresh bytes.
pub(crate) fn encode_one<T: Codec>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    value.put(&mut out);
    out
}

/// Decodes bytes that hold one value and nothing else.
pub(crate) fn decode_one<T: Codec>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut from = Bytes(bytes);
    // Passed on as it is: a fact is hundreds of bytes, and taking it out and wrapping it again would copy them.
    let value = T::get(&mut from);
    if value.is_ok() && !from.0.is_empty() { Err(DecodeError::Trailing(from.0.len())) } else { value }
}

/// The bit of a variant's number that says that a tail follows its fields. Numbers themselves stay below it.
pub(crate) const HAS_TAIL: u8 = 0x80;

/// [`HAS_TAIL`] where there is one.
pub(crate) const fn tail_bit<T>(tail: &Option<Box<T>>) -> u8 {
    if tail.is_some() { HAS_TAIL } else { 0 }
}

/// Appends a tail, if there is any.
pub(crate) fn put_tail<T: Codec>(tail: &Option<Box<T>>, out: &mut Vec<u8>) {
    if let Some(tail) = tail {
        tail.as_ref().put(out);
    }
}

/// Reads a tail, if there is one.
#[inline]
pub(crate) fn get_tail<T: Codec>(
    from: &mut Bytes<'_>,
    has_tail: bool,
) -> Result<Option<Box<T>>, DecodeError> {
    if has_tail { T::get(from).map(|tail| Some(Box::new(tail))) } else { Ok(None) }
}

/// A number that no variant has.
pub(crate) fn unknown(what: &'static str, number: u8) -> DecodeError {
    DecodeError::Unknown { what, number: u64::from(number) }
}

/// The bytes still to be read.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(DecodeError::Short)?;
        self.0 = tail;
        Ok(head)
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&first, tail) = self.0.split_first().ok_or(DecodeError::Short)?;
        self.0 = tail;
        Ok(first)
    }

    /// Most numbers in a fact are below 128 or some bytes long; each kind has its way.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        match *self.0 {
            [first, ref tail @ ..] if first < 0x80 => {
                self.0 = tail;
                Ok(u64::from(first))
            }
            [a, b, c, d, e, f, g, h, ..] => match packed_varint(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
            {
                Some((value, len)) => {
                    self.0 = &self.0[len..];
                    Ok(value)
                }
                None => self.long_varint(),
            },
            _ => self.long_varint(),
        }
    }

    /// A varint byte by byte: of any length, up to the last byte there is.
    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Invalid("varint"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Invalid("varint"))
    }
}

/// The varint that eight bytes begin with, and its length; `None` where it is longer. No loop and no guess at the
/// length: it is the commonest work of every reader, and the lengths of amounts follow no pattern.
#[inline]
fn packed_varint(bytes: u64) -> Option<(u64, usize)> {
    const CONTINUED: u64 = 0x8080_8080_8080_8080;
    let ends = !bytes & CONTINUED;
    if ends == 0 {
        return None;
    }
    // Everything up to the mark of the first byte that is not continued, and nothing behind it.
    let own = bytes & (ends ^ (ends - 1));
    // Seven bits of each byte: closed up in pairs, then in fours, then all eight.
    let bits = own & !CONTINUED;
    let bits = (bits & 0x007f_007f_007f_007f) | ((bits & 0x7f00_7f00_7f00_7f00) >> 1);
    let bits = (bits & 0x0000_3fff_0000_3fff) | ((bits & 0x3fff_0000_3fff_0000) >> 2);
    let bits = (bits & 0x0000_0000_0fff_ffff) | ((bits & 0x0fff_ffff_0000_0000) >> 4);
    Some((bits, ends.trailing_zeros() as usize / 8 + 1))
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        // The low seven bits with the continuation mark; the mask makes the truncation exact.
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

impl Codec for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, *self);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        from.varint()
    }
}

impl Codec for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, ((self << 1) ^ (self >> 63)).cast_unsigned());
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let value = from.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

impl Codec for i128 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_le_bytes().put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        <[u8; 16]>::get(from).map(Self::from_le_bytes)
    }
}

impl Codec for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(*self));
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Self::try_from(from.varint()?).map_err(|_| DecodeError::Invalid("32-bit number"))
    }
}

impl Codec for i32 {
    fn put(&self, out: &mut Vec<u8>) {
        i64::from(*self).put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Self::try_from(i64::get(from)?).map_err(|_| DecodeError::Invalid("32-bit number"))
    }
}

impl Codec for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        from.byte()
    }
}

impl Codec for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Invalid("yes or no")),
        }
    }
}

impl<const N: usize> Codec for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        from.take(N)?.try_into().map_err(|_| DecodeError::Short)
    }
}

impl<T: Codec> Codec for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        if bool::get(from)? { T::get(from).map(Some) } else { Ok(None) }
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok((A::get(from)?, B::get(from)?))
    }
}

/// Reads a list's length and checks it against the bytes that are left, so that a lie cannot ask for memory.
fn list_len(from: &mut Bytes<'_>) -> Result<usize, DecodeError> {
    let len = usize::try_from(from.varint()?).map_err(|_| DecodeError::Short)?;
    if len > from.0.len() { Err(DecodeError::Short) } else { Ok(len) }
}

impl<T: Codec> Codec for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        for item in self {
            item.put(out);
        }
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let len = list_len(from)?;
        (0..len).map(|_| T::get(from)).collect()
    }
}

impl<A: Array> Codec for SmallVec<A>
where
    A::Item: Codec,
{
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        for item in self {
            item.put(out);
        }
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let len = list_len(from)?;
        (0..len).map(|_| A::Item::get(from)).collect()
    }
}

impl Codec for CompactString {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self.as_bytes());
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let len = list_len(from)?;
        Self::from_utf8(from.take(len)?).map_err(|_| DecodeError::Invalid("text"))
    }
}

macro_rules! newtype_codec {
    ($($name:ident($inner:ty)),*) => {$(
        impl Codec for $name {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }
            #[inline]
            fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
                <$inner>::get(from).map(Self)
            }
        }
    )*};
}
newtype_codec!(
    Position(u64),
    WalletNo(u32),
    LotNo(u32),
    EventTypeNo(u32),
    PriceNo(u32),
    PackNo(u32),
    KeyNo(u32),
    CardNo(u32),
    Millis(i64),
    KeyHash([u8; 16])
);

impl Codec for EntryId {
    fn put(&self, out: &mut Vec<u8>) {
        self.position.put(out);
        self.tag.to_le_bytes().put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Self { position: Position::get(from)?, tag: u32::from_le_bytes(<[u8; 4]>::get(from)?) })
    }
}

impl Codec for Credits {
    fn put(&self, out: &mut Vec<u8>) {
        self.micro().put(out);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        i64::get(from).map(Self::from_micro)
    }
}

impl Codec for Quantity {
    fn put(&self, out: &mut Vec<u8>) {
        self.micro().put(out);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Self::from_micro(i64::get(from)?).ok_or(DecodeError::Invalid("quantity"))
    }
}

impl Codec for Currency {
    fn put(&self, out: &mut Vec<u8>) {
        self.bytes().put(out);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        <[u8; 3]>::get(from).map(Self::from_bytes)
    }
}

impl Codec for Money {
    fn put(&self, out: &mut Vec<u8>) {
        self.currency.put(out);
        self.nano.put(out);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Self { currency: Currency::get(from)?, nano: i64::get(from)? })
    }
}

/// Derives [`Codec`] for a struct: its fields in the order given.
macro_rules! codec_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::codec::Codec for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($crate::codec::Codec::put($field, out);)*
            }
            #[inline]
            fn get(from: &mut $crate::codec::Bytes<'_>) -> Result<Self, $crate::codec::DecodeError> {
                Ok(Self { $($field: $crate::codec::Codec::get(from)?),* })
            }
        }
    };
}
pub(crate) use codec_struct;

/// Derives [`Codec`] for boxes of what has one.
macro_rules! boxed_codec {
    ($($name:ident),* $(,)?) => {$(
        impl $crate::codec::Codec for Box<$name> {
            fn put(&self, out: &mut Vec<u8>) {
                self.as_ref().put(out);
            }
            fn get(from: &mut $crate::codec::Bytes<'_>) -> Result<Self, $crate::codec::DecodeError> {
                <$name as $crate::codec::Codec>::get(from).map(Self::new)
            }
        }
    )*};
}
pub(crate) use boxed_codec;

/// Derives [`Codec`] for an enum: one number per variant, then its fields. Numbers are never reused. A field behind a
/// semicolon is a tail: the number says by its highest bit whether there is one, so that none takes no byte.
macro_rules! codec_enum {
    ($name:ident, $what:literal {
        $($number:literal => $variant:ident $(($inner:ident))? $({ $($field:ident),* $(; $tail:ident)? $(,)? })?),*
        $(,)?
    }) => {
        impl $crate::codec::Codec for $name {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field,)* $($tail,)? })? => {
                        out.push($number $($(| $crate::codec::tail_bit($tail))?)?);
                        $($crate::codec::Codec::put($inner, out);)?
                        $($($crate::codec::Codec::put($field, out);)*)?
                        $($($crate::codec::put_tail($tail, out);)?)?
                    })*
                }
            }
            fn get(from: &mut $crate::codec::Bytes<'_>) -> Result<Self, $crate::codec::DecodeError> {
                let number = from.byte()?;
                let has_tail = std::cell::Cell::new(number & $crate::codec::HAS_TAIL != 0);
                let value = match number & !$crate::codec::HAS_TAIL {
                    $($number => {
                        $(let $inner = $crate::codec::Codec::get(from)?;)?
                        Self::$variant $(($inner))? $({
                            $($field: $crate::codec::Codec::get(from)?,)*
                            $($tail: $crate::codec::get_tail(from, has_tail.take())?,)?
                        })?
                    })*
                    _ => return Err($crate::codec::unknown($what, number)),
                };
                if has_tail.get() { Err($crate::codec::unknown($what, number)) } else { Ok(value) }
            }
        }
    };
}
pub(crate) use codec_enum;

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn numbers_come_back(a: u64, b: i64, c: u32, d: i32) {
            let mut out = Vec::new();
            (a, b).put(&mut out);
            (c, d).put(&mut out);
            let mut from = Bytes(&out);
            proptest::prop_assert_eq!(<(u64, i64)>::get(&mut from), Ok((a, b)));
            proptest::prop_assert_eq!(<(u32, i32)>::get(&mut from), Ok((c, d)));
            proptest::prop_assert!(from.0.is_empty());
        }
    }

    proptest::proptest! {
        /// Any bytes, most of them continued, so that every length comes up: whole, cut short and too long.
        #[test]
        fn a_varint_is_read_as_byte_by_byte(mut bytes in proptest::collection::vec(0u8.., 0..14), continued: u16) {
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte |= if continued >> i & 1 == 1 { 0x80 } else { 0 };
            }
            let (mut quick, mut slow) = (Bytes(&bytes), Bytes(&bytes));
            let (read, expected) = (quick.varint(), slow.long_varint());
            proptest::prop_assert_eq!(&read, &expected);
            proptest::prop_assert!(read.is_err() || quick.0 == slow.0);
        }

        #[test]
        fn numbers_of_every_length_come_back(number: u64, shift in 0u32..64, behind in 0usize..10) {
            let mut out = Vec::new();
            put_varint(&mut out, number >> shift);
            let len = out.len();
            out.resize(len + behind, 0xff);
            let mut from = Bytes(&out);
            proptest::prop_assert_eq!(from.varint(), Ok(number >> shift));
            proptest::prop_assert_eq!(from.0.len(), behind);
        }
    }

    #[test]
    fn a_list_that_lies_about_its_length_is_refused() {
        let mut out = Vec::new();
        put_varint(&mut out, u64::MAX);
        assert_eq!(decode_one::<Vec<u64>>(&out), Err(DecodeError::Short));
    }
}
