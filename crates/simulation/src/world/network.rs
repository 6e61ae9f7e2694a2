//! The way between clients and the writer: calls travel for a while, overtake each other, or never arrive; answers get
//! lost. On the way stands what an environment does on its callers' threads: it looks for keys in sealed runs, and
//! fetches what the writer has not in memory.

use chargly_engine::ledger::{Action, Position};
use chargly_engine::{Answered, Ask, Failure, Item, Key, Submission, Verdict};

use super::World;
use crate::auditor::Finding;
use crate::calls::{Flight, Part, read_item};

/// How often a call is taken up again, as in the engine.
const TRIES_MAX: u32 = 8;
/// Steps of the world that a call may be on its way.
const TRAVEL_STEPS_MAX: u64 = 40;

impl World {
    /// Sends these off together.
    pub(super) fn submit(&mut self, parts: Vec<Part>) {
        let (mut items, mut arena, mut is_atomic) = (Vec::new(), Vec::new(), false);
        let mut sent = Vec::new();
        for part in parts {
            match &part {
                Part::Act(number) => {
                    let call = &mut self.books.calls[*number];
                    call.attempts += 1;
                    self.had_heavy_calls |= call.is_heavy;
                    let mut of_call = call.items(*number, &mut arena);
                    if let Some(position) = of_call.first_mut().and_then(|item| self.find_of_old(item)) {
                        self.answer_of_old(part, position);
                        continue;
                    }
                    is_atomic |= self.books.calls[*number].is_batch();
                    items.extend(of_call);
                }
                Part::Read(_) | Part::Census => items.push(read_item(&part)),
            }
            sent.push(part);
        }
        if !sent.is_empty() {
            let from = self.books.len();
            let like = Flight { is_atomic, from, ..Flight::nothing() };
            self.send_off(sent, items, arena, like);
        }
    }

    /// Calls arrive whose time has come, or all of them.
    pub(super) fn deliver(&mut self, all: bool) {
        let mut is_any_left_behind = false;
        for flight in &mut self.flights {
            match flight.travelling.take() {
                Some((steps, submission)) if steps > 0 && !all => {
                    flight.travelling = Some((steps - 1, submission));
                    is_any_left_behind = true;
                }
                Some((_, submission)) => {
                    self.books.seen.note_if(is_any_left_behind, "call overtaken by a later one");
                    self.writer.pending().push_back(submission);
                }
                None => {}
            }
        }
    }

    /// A connection breaks: a call does not arrive, or its answer does not.
    pub(super) fn reset_connection(&mut self) {
        let Some(at) = self.dice.index(self.flights.len()) else { return };
        let flight = self.flights.remove(at);
        let has_arrived = flight.travelling.is_none();
        self.books.seen.note(if has_arrived { "answer lost on the way" } else { "call never arrived" });
        for part in flight.parts {
            if let Part::Act(call) = part {
                self.books.calls[call].is_in_doubt = true;
            }
        }
    }

    /// What an answer leaves open is looked for, and the call sent on with it; the rest of the submission is heard.
    pub(super) fn sort_out(&mut self, flight: &mut Flight, answered: &mut Answered) -> Result<(), Finding> {
        for index in (0..answered.verdicts.len()).rev() {
            match &answered.verdicts[index] {
                Verdict::Cold(keys) => {
                    self.books.seen.note("sent to the index");
                    self.books.seen.note_if(flight.is_warm, "records brought back were too old");
                    let warm = self.index.load(keys)?;
                    self.note_found(&warm.found);
                    answered.items[index].warm = Some(Box::new(warm));
                }
                Verdict::CheckRuns(key) => {
                    let key = *key;
                    self.books.seen.note("sent to the runs");
                    let item = &mut answered.items[index];
                    item.key = Key::Hash(key);
                    if let Some(position) = self.find_of_old(item) {
                        answered.verdicts[index] = Verdict::PerhapsDuplicate(position);
                        continue;
                    }
                }
                _ => continue,
            }
            if flight.tries >= TRIES_MAX {
                answered.verdicts[index] = Verdict::Failed(Failure::NotRecorded);
                continue;
            }
            self.send_on(flight, answered, index);
        }
        Ok(())
    }

    /// Sends one call of a submission again, or the batch that it is.
    fn send_on(&mut self, flight: &mut Flight, answered: &mut Answered, index: usize) {
        answered.verdicts.remove(index);
        let items = if flight.is_atomic {
            std::mem::take(&mut answered.items)
        } else {
            vec![answered.items.remove(index)]
        };
        let is_warm = items.iter().any(|item| item.warm.is_some());
        let parts = vec![flight.parts.remove(index)];
        let like = Flight {
            is_atomic: flight.is_atomic,
            from: flight.from,
            tries: flight.tries + 1,
            is_warm,
            ..Flight::nothing()
        };
        self.send_off(parts, items, answered.arena.clone(), like);
    }

    fn send_off(&mut self, parts: Vec<Part>, items: Vec<Item>, arena: Vec<u8>, like: Flight) {
        let (mut submission, answer) = Submission::new(items, arena);
        submission.atomic = like.is_atomic;
        submission.is_urgent = submission.items.iter().all(is_urgent);
        let steps = match () {
            () if self.is_slow => TRAVEL_STEPS_MAX,
            () if self.habits.travels && self.dice.once_in(3) => self.dice.below(TRAVEL_STEPS_MAX),
            () => 0,
        };
        let mut flight = Flight { parts, answer, ..like };
        if steps == 0 {
            self.writer.pending().push_back(submission);
        } else {
            flight.travelling = Some((steps, submission));
        }
        self.flights.push(flight);
    }

    /// Looks for a key in the sealed runs, as far as the caller can hash it; where it is not found, that is marked.
    fn find_of_old(&mut self, item: &mut Item) -> Option<Position> {
        let Key::Hash(key) = item.key else { return None };
        let found = self.index.find(key);
        item.checked_to = found.checked_to;
        self.books.seen.note_if(found.position.is_some(), "key found in a run");
        found.position
    }

    /// The first answer is read again without the writer.
    fn answer_of_old(&mut self, part: Part, position: Position) {
        let verdicts = vec![Verdict::PerhapsDuplicate(position)];
        let (reply, answer) = tokio::sync::oneshot::channel();
        let _ = reply.send(Answered { is_urgent: false, items: Vec::new(), arena: Vec::new(), verdicts });
        let (parts, from) = (vec![part], self.books.len());
        self.flights.push(Flight { parts, answer, from, is_known_of_old: true, ..Flight::nothing() });
    }
}

/// As the engine's use cases have it: whatever does not begin to spend.
fn is_urgent(item: &Item) -> bool {
    let Ask::Act(call) = &item.ask else { return false };
    !matches!(call.action, Action::Meter { .. } | Action::PlaceHold { .. } | Action::IncreaseHold(_))
}
