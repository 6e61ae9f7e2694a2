//! zstd with contexts that are kept per thread: making one costs more than a small chunk.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

/// Measured on journals of small facts: a third of the size, and less time in all, since fewer pages are written.
const LEVEL: i32 = 1;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Appends `raw` compressed to `out` when that is smaller; otherwise `out` stays as it was, and the answer is false.
pub(crate) fn compress_onto(out: &mut Vec<u8>, raw: &[u8]) -> bool {
    if raw.len() < crate::limits::COMPRESS_BYTES_MIN {
        return false;
    }
    let start = out.len();
    // Room for less than the raw bytes only: a result that saves nothing then fails, and is not wanted.
    out.resize(start + raw.len() - 1, 0);
    let room = &mut out[start..];
    let compressed = COMPRESSOR.with_borrow_mut(|slot| {
        with_context(slot, || Compressor::new(LEVEL), |context| context.compress_to_buffer(raw, room))
    });
    out.truncate(start + compressed.as_ref().map_or(0, |&len| len));
    compressed.is_ok()
}

/// The `raw_len` bytes that were compressed; anything longer or shorter is an error, and never allocated.
pub(crate) fn decompress(compressed: &[u8], raw_len: usize) -> io::Result<Vec<u8>> {
    let mut raw = Vec::with_capacity(raw_len);
    let len = DECOMPRESSOR.with_borrow_mut(|slot| {
        with_context(slot, Decompressor::new, |context| context.decompress_to_buffer(compressed, &mut raw))
    })?;
    if len == raw_len { Ok(raw) } else { Err(io::ErrorKind::InvalidData.into()) }
}

fn with_context<C, T>(
    slot: &mut Option<C>,
    make: impl FnOnce() -> io::Result<C>,
    run: impl FnOnce(&mut C) -> io::Result<T>,
) -> io::Result<T> {
    let mut context = slot.take().map_or_else(make, Ok)?;
    let result = run(&mut context);
    *slot = Some(context);
    result
}
