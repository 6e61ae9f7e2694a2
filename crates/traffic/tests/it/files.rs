//! Traces as files: keys from the content, progress, and what cannot be opened.

use std::io::Write;
use std::path::Path;

use chargly_traffic::{Mapping, Trace, TraceError};
use flate2::Compression;
use flate2::write::GzEncoder;

const CSV: &str = "who,tokens\nu1,10\nu2,20\n";
const MAPPING: &str = "event = 'a.b'\ncustomer = '{who}'\nquantity = 'tokens'";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("writes to memory");
    encoder.finish().expect("writes to memory")
}

fn keys(path: &Path) -> Result<Vec<String>, TraceError> {
    let mapping = Mapping::from_toml(MAPPING).expect("is a mapping");
    Trace::open(path)?.events(&mapping)?.map(|event| event.map(|event| event.key)).collect()
}

#[test]
fn default_keys_follow_the_content_not_the_name_or_the_compression() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("a.csv"), CSV).expect("writes");
    std::fs::write(path("renamed.csv"), CSV).expect("writes");
    std::fs::write(path("a.csv.gz"), gzip(CSV.as_bytes())).expect("writes");
    std::fs::write(path("other.csv"), CSV.replace("20", "21")).expect("writes");

    let first = keys(&path("a.csv")).expect("reads");
    // The hash of this content never changes, or an interrupted replay would charge again after an upgrade.
    assert_eq!(first, ["0f8fbc1d3c65-2", "0f8fbc1d3c65-3"]);
    assert_eq!(keys(&path("renamed.csv")).expect("reads"), first);
    assert_eq!(keys(&path("a.csv.gz")).expect("reads"), first);
    assert_ne!(keys(&path("other.csv")).expect("reads"), first);
}

#[test]
fn progress_counts_the_files_own_bytes() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("long.csv.gz");
    let rows: String =
        (0..200_000_u32).map(|row| format!("u{row},{}\n", row.wrapping_mul(2_654_435_761))).collect();
    let bytes = gzip(format!("who,tokens\n{rows}").as_bytes());
    std::fs::write(&path, &bytes).expect("writes");

    let trace = Trace::open(&path).expect("opens");
    let progress = trace.progress();
    assert_eq!(usize::try_from(progress.total_bytes()).ok(), Some(bytes.len()));
    let mapping = Mapping::from_toml(&format!("{MAPPING}\nkey_prefix = 'p'")).expect("is a mapping");
    let mut events = trace.events(&mapping).expect("reads");
    events.by_ref().take(100_000).for_each(|event| drop(event.expect("reads")));
    let halfway = progress.bytes_read();
    assert!(halfway > progress.total_bytes() / 3 && halfway < progress.total_bytes() * 2 / 3, "{halfway}");
    assert_eq!(events.count(), 100_000);
    assert_eq!(progress.bytes_read(), progress.total_bytes());
}

#[test]
fn a_cut_file_is_refused_before_anything_of_it_is_metered() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("cut.csv.gz");
    let rows: String =
        (0..50_000_u32).map(|row| format!("u{row},{}\n", row.wrapping_mul(2_654_435_761))).collect();
    let bytes = gzip(format!("who,tokens\n{rows}").as_bytes());
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
    let error = keys(&path).expect_err("half a file");
    assert!(matches!(error, TraceError::Unreadable { .. }), "{error}");
}

#[test]
fn what_is_no_readable_file_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("missing.csv");
    let error = keys(&missing).expect_err("not there");
    assert_eq!(error.to_string(), format!("cannot open the trace {}", missing.display()));
    assert!(matches!(keys(directory.path()), Err(TraceError::NotAFile { .. })));
}
