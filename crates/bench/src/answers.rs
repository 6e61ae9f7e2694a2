//! What an answer says, read with as little work as suffices to tell a right one from a wrong one.
//!
//! An answer that is 200 but not about the customer who was metered, or a batch whose counts do not add up, is
//! counted as *strange*: the bench then fails, whatever its figures.

use memchr::memmem;

use crate::client::Answer;

/// Bytes at the end of a batch's answer in which its counts are looked for first.
const COUNTS_BYTES: usize = 160;

/// What became of the events of one call, or of many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Charged.
    pub(crate) accepted: u64,
    /// Answered for good and not charged: 402, or refused within a batch.
    pub(crate) refused: u64,
    /// Answered from the record of an earlier event. Keys are random, so this should stay 0.
    pub(crate) replayed: u64,
    /// Turned away to try again later: 429, 503, 507.
    pub(crate) turned_away: u64,
    /// In answers that make no sense.
    pub(crate) strange: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.replayed += other.replayed;
        self.turned_away += other.turned_away;
        self.strange += other.strange;
    }

    pub(crate) fn not_accepted(&self) -> u64 {
        self.refused + self.replayed + self.turned_away + self.strange
    }
}

/// Reads the answer to a call of `events` events, the first of them of `customer`.
pub(crate) fn count(answer: &Answer<'_>, events: u64, customer: &[u8]) -> Counts {
    let all = |field: fn(&mut Counts) -> &mut u64| {
        let mut counts = Counts::default();
        *field(&mut counts) = events;
        counts
    };
    match answer.status {
        200 if memmem::find(answer.body, customer).is_none() => all(|counts| &mut counts.strange),
        200 if events == 1 && answer.is_replay => all(|counts| &mut counts.replayed),
        200 if events == 1 => all(|counts| &mut counts.accepted),
        200 => batch(answer.body)
            .filter(|counts| counts.accepted + counts.refused + counts.replayed == events)
            .unwrap_or_else(|| all(|counts| &mut counts.strange)),
        402 => all(|counts| &mut counts.refused),
        429 | 503 | 507 => all(|counts| &mut counts.turned_away),
        _ => all(|counts| &mut counts.strange),
    }
}

fn batch(body: &[u8]) -> Option<Counts> {
    Some(Counts {
        accepted: number(body, br#""accepted":"#)?,
        refused: number(body, br#""refused":"#)?,
        replayed: number(body, br#""replayed":"#)?,
        ..Counts::default()
    })
}

/// The whole number after `field`, which the contract puts behind the results: so the end is searched first.
fn number(body: &[u8], field: &[u8]) -> Option<u64> {
    let tail = &body[body.len().saturating_sub(COUNTS_BYTES)..];
    let after = |bytes: &[u8]| memmem::rfind(bytes, field).map(|at| at + field.len());
    let (bytes, at) = match after(tail) {
        Some(at) => (tail, at),
        None => (body, after(body)?),
    };
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&bytes[at..at + digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(status: u16, body: &str, events: u64) -> Counts {
        count(&Answer { status, is_replay: false, body: body.as_bytes() }, events, b"bench_000042")
    }

    #[test]
    fn each_answer_is_counted_for_what_it_is() {
        let ok = r#"{"id":"evt_1","customer":"bench_000042","credits":1}"#;
        let other = r#"{"id":"evt_1","customer":"bench_000043","credits":1}"#;
        let rows = [
            (200, ok, Counts { accepted: 1, ..Counts::default() }),
            (200, other, Counts { strange: 1, ..Counts::default() }),
            (402, r#"{"code":"insufficient_credits"}"#, Counts { refused: 1, ..Counts::default() }),
            (429, r#"{"code":"overloaded"}"#, Counts { turned_away: 1, ..Counts::default() }),
            (500, "", Counts { strange: 1, ..Counts::default() }),
        ];
        for (status, body, expected) in rows {
            assert_eq!(counted(status, body, 1), expected, "{status} {body}");
        }
    }

    #[test]
    fn single_event_answered_again_is_no_new_one() {
        let answer = Answer { status: 200, is_replay: true, body: br#"{"customer":"bench_000042"}"# };
        let counts = count(&answer, 1, b"bench_000042");
        assert_eq!(counts, Counts { replayed: 1, ..Counts::default() });
    }

    #[test]
    fn counts_of_a_batch_are_found_before_and_after_its_results() {
        let results = r#""results":[{"customer":"bench_000042"}]"#;
        let padding = " ".repeat(COUNTS_BYTES);
        let expected = Counts { accepted: 90, refused: 8, replayed: 2, ..Counts::default() };
        let after = format!(r#"{{{results},"accepted":90,"refused":8,"replayed":2}}"#);
        let before = format!(r#"{{"accepted":90,"refused":8,"replayed":2,{results}{padding}}}"#);
        assert_eq!(counted(200, &after, 100), expected);
        assert_eq!(counted(200, &before, 100), expected);
    }

    #[test]
    fn batch_whose_counts_do_not_add_up_is_strange() {
        let body = r#"{"results":[{"customer":"bench_000042"}],"accepted":90,"refused":8,"replayed":1}"#;
        assert_eq!(counted(200, body, 100), Counts { strange: 100, ..Counts::default() });
        assert_eq!(counted(200, "bench_000042", 100).strange, 100);
    }
}
