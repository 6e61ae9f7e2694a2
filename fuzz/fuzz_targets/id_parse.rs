//! An id or a cursor read from text: whatever it is, it is refused, or it is printed and read back as the same.
#![no_main]

use chargly_api::{Cursor, Id, IdKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for kind in IdKind::ALL {
        if let Some(id) = Id::parse(text, kind) {
            assert_eq!(Id::parse(&id.to_string(), kind), Some(id));
        }
    }
    if let Ok(cursor) = Cursor::parse(text, "events") {
        assert_eq!(Cursor::parse(&cursor.to_string(), "events"), Ok(cursor));
    }
});
