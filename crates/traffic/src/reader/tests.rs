//! Tests of `reader.rs`.

use std::io::{self, Cursor, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

/// Reads everything: `line: cell|cell` for each record, the message for each error; stops where the reader does.
fn read_all(bytes: &[u8]) -> Vec<String> {
    let mut reader = match TraceReader::new(Cursor::new(bytes.to_vec())) {
        Ok(reader) => reader,
        Err(error) => return vec![chain(&error)],
    };
    let mut lines = vec![reader.columns().join("|")];
    let mut record = Record::default();
    loop {
        match reader.read(&mut record) {
            Ok(false) => return lines,
            Ok(true) => {
                let cells: Vec<&str> =
                    (0..reader.columns().len()).map(|column| record.cell(column)).collect();
                lines.push(format!("{}: {}", record.line(), cells.join("|")));
            }
            Err(error) => {
                lines.push(chain(&error));
                if error.ends_trace() {
                    return lines;
                }
            }
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        None => error.to_string(),
        Some(source) => format!("{error}: {}", chain(source)),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("writes to memory");
    encoder.finish().expect("writes to memory")
}

#[test]
fn csv_records_carry_the_line_they_begin_on() {
    for (text, lines) in [
        ("a,b\n1,2\n3,4\n", vec!["a|b", "2: 1|2", "3: 3|4"]),
        ("a,b\n1,2", vec!["a|b", "2: 1|2"]),
        ("a,b\r\n1,2\r\n3,4\r\n", vec!["a|b", "2: 1|2", "3: 3|4"]),
        ("\n\na,b\n\n1,2\n\r\n\n3,4\n\n", vec!["a|b", "5: 1|2", "8: 3|4"]),
        ("a,b\n\"x\ny\",2\n3,4\n", vec!["a|b", "2: x\ny|2", "4: 3|4"]),
        ("a,b\n\"say \"\"hi\"\"\",\"1,2\"\n", vec!["a|b", "2: say \"hi\"|1,2"]),
        ("a,b\n5\" disk,2\n3,4\n", vec!["a|b", "2: 5\" disk|2", "3: 3|4"]),
        ("a\n\"\"\n1\n", vec!["a", "2: ", "3: 1"]),
        ("\u{feff}a, b \n,\n", vec!["a|b", "2: |"]),
    ] {
        assert_eq!(read_all(text.as_bytes()), lines, "{text:?}");
    }
}

#[test]
fn a_ragged_row_costs_only_itself() {
    let lines = read_all(b"a,b\n1\n1,2,3\n1,2\n");
    assert_eq!(
        lines,
        [
            "a|b",
            "line 2: the row has 1 cells, the header has 2",
            "line 3: the row has 3 cells, the header has 2",
            "4: 1|2"
        ]
    );
}

#[test]
fn invalid_utf8_names_line_and_column() {
    let problem = "is not valid UTF-8; convert the file first";
    assert_eq!(
        read_all(b"a,b\n1,\xff\n1,2\n"),
        ["a|b".to_owned(), format!("line 2: column `b` {problem}"), "3: 1|2".to_owned()]
    );
    assert_eq!(read_all(b"a,\xe4\n1,2\n"), [format!("line 1: the name of column 2 {problem}")]);
    assert_eq!(
        read_all(b"{\"a\":1}\n{\"a\":\"\xff\"}\n{\"a\":2}\n"),
        ["a".to_owned(), "1: 1".to_owned(), format!("line 2: the line {problem}"), "3: 2".to_owned()]
    );
}

#[test]
fn ndjson_keeps_number_texts_and_flattens_objects() {
    let text = concat!(
        "{\"id\":\"r1\",\"usage\":{\"in\":12,\"cost\":0.10},\"ok\":true,\"tags\":[1, 2]}\n",
        "\n",
        "  {\"id\":\"r\\u00fc\",\"usage\":{\"in\":1e-7},\"extra\":null}\n",
    );
    assert_eq!(
        read_all(text.as_bytes()),
        ["id|ok|tags|usage.cost|usage.in|extra", "1: r1|true|[1, 2]|0.10|12|", "3: rü||||1e-7|"]
    );
}

#[test]
fn a_broken_ndjson_line_costs_only_itself() {
    let lines = read_all(b"{\"a\":1}\n{\"a\":\n[1]\n{\"a\":2}\n");
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_eq!((lines[1].as_str(), lines[4].as_str()), ("1: 1", "4: 2"));
    assert!(lines[2].starts_with("line 2: not a JSON object: EOF"), "{lines:?}");
    assert!(lines[3].starts_with("line 3: not a JSON object: invalid type"), "{lines:?}");
}

#[test]
fn ndjson_without_any_object_reports_its_first_line() {
    let lines = read_all(b"{broken\n{too\n");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("line 1: not a JSON object"), "{lines:?}");
}

#[test]
fn gzip_reads_as_the_plain_file_does() {
    let text = b"a,b\n1,2\n";
    assert_eq!(read_all(&gzip(text)), read_all(text));
    let members = [gzip(b"a,b\n1,"), gzip(b"2\n")].concat();
    assert_eq!(read_all(&members), read_all(text));
}

#[test]
fn a_cut_gzip_file_is_an_error_and_not_a_shorter_trace() {
    let mut text = b"a,b\n".to_vec();
    for row in 0..20_000 {
        text.extend_from_slice(format!("{row},{}\n", row * 7919 % 9973).as_bytes());
    }
    let whole = gzip(&text);
    for cut in [whole.len() - 1, whole.len() - 8, whole.len() / 2] {
        let lines = read_all(&whole[..cut]);
        let last = lines.last().expect("an error");
        assert!(
            last.ends_with(
                "the trace cannot be read on: the gzip data ends in the middle: the file is cut short"
            ),
            "cut at {cut}: {last}"
        );
    }
}

#[test]
fn a_damaged_gzip_file_is_an_error() {
    let mut bytes = gzip("a,b\n1,2\n".repeat(2_000).as_bytes());
    let checksum = bytes.len() - 6;
    bytes[checksum] ^= 0xff;
    let lines = read_all(&bytes);
    let last = lines.last().expect("an error");
    assert!(last.contains("the gzip data is damaged"), "{last}");
}

#[test]
fn what_is_no_trace_is_refused_with_advice() {
    for (bytes, message) in [
        (&b""[..], "the trace is empty: no header line and no record"),
        (b" \n\r\n", "the trace is empty: no header line and no record"),
        (b"\x28\xb5\x2f\xfd\x00", "the trace is compressed with zstd; decompress it first, or use gzip"),
        (b"\xff\xfea\0,\0", "the trace is UTF-16 text; save it as UTF-8"),
        (
            b"[{\"a\":1}]",
            "the trace is a JSON array; write one JSON object per line instead (for example `jq -c '.[]'`)",
        ),
    ] {
        assert_eq!(read_all(bytes), [message]);
    }
    assert_eq!(read_all(&gzip(b"")), ["the trace is empty: no header line and no record"]);
}

#[test]
fn a_record_of_the_longest_size_is_read_and_one_byte_more_is_refused() {
    let csv = |length: usize| format!("a\n{}\n2\n", "x".repeat(length - 1));
    assert_eq!(read_all(csv(MAX_RECORD_BYTES).as_bytes()).len(), 3);
    let too_long = "line 2: the record is longer than 1048576 bytes; is a quote left open?";
    assert_eq!(read_all(csv(MAX_RECORD_BYTES + 1).as_bytes()), ["a", too_long]);

    let ndjson = |length: usize| format!("{{\"a\":1}}\n{{\"a\":\"{}\"}}\n", "x".repeat(length - 9));
    assert_eq!(read_all(ndjson(MAX_RECORD_BYTES).as_bytes()).len(), 3);
    assert_eq!(read_all(ndjson(MAX_RECORD_BYTES + 1).as_bytes()), [too_long]);
}

#[test]
fn an_open_quote_does_not_swallow_the_rest_of_a_large_file() {
    let text = format!("a,b\n\"open,2\n{}", "1,2\n".repeat(MAX_RECORD_BYTES));
    assert_eq!(
        read_all(text.as_bytes()),
        ["a|b", "line 2: the record is longer than 1048576 bytes; is a quote left open?"]
    );
}

#[test]
fn a_quote_left_open_until_the_end_is_an_error_and_not_one_long_cell() {
    let problem = "line 3: a quote that is opened here is never closed";
    assert_eq!(read_all(b"a,b\n1,2\n3,\"4\n5,6\n"), ["a|b", "2: 1|2", problem]);
    assert_eq!(read_all(b"a,b\n1,2\n3,\"4\""), ["a|b", "2: 1|2", "3: 3|4"]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_never_a_panic(
        start in prop::sample::select(vec![&b""[..], b"a,b\n", b"{\"a\":1}\n", b"\x1f\x8b\x08\0", b"\xef\xbb\xbf"]),
        rest in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",\r\n{}:1a ".to_vec())], 0..200),
    ) {
        let bytes = [start, &rest].concat();
        prop_assert!(!read_all(&bytes).is_empty());
    }

    #[test]
    fn whatever_is_written_as_csv_is_read_back(
        rows in prop::collection::vec(prop::collection::vec("[a\", \r\n\u{fc}1]{0,6}", 3..4), 0..20),
    ) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
        let text = format!("x,y,z\n{}", rows.iter().map(|row| line(row) + "\n").collect::<String>());
        let read: Vec<String> = read_all(text.as_bytes())
            .into_iter()
            .skip(1)
            .map(|shown| shown.split_once(": ").expect("line: cells").1.to_owned())
            .collect();
        prop_assert_eq!(read, rows.iter().map(|row| row.join("|")).collect::<Vec<_>>());
    }
}

/// Hands out one byte per call, then fails.
struct Dribble(Cursor<Vec<u8>>);

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(&mut buffer[..1])? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_failing_disk_is_reported_with_its_line_and_is_no_end_of_file() {
    let text = format!("a,b\n{}", "1,2\n".repeat(2_000));
    let mut reader = TraceReader::new(Dribble(Cursor::new(text.into_bytes()))).expect("the header is read");
    let mut record = Record::default();
    let error = loop {
        match reader.read(&mut record) {
            Ok(more) => assert!(more, "the trace must not end quietly"),
            Err(error) => break error,
        }
    };
    assert_eq!(chain(&error), "line 2002: the trace cannot be read on: the disk is gone");
    assert!(error.ends_trace());
}
