//! Holds of the span: at what they were placed, really and here, so that amounts taken out of them can be scaled.

use chargly_ledger::{Credits, Position};
use hashbrown::HashMap;

/// Holds placed in the span that may still be referred to.
#[derive(Default)]
pub(crate) struct Holds {
    by_position: HashMap<Position, Held>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    /// What was held in all, really.
    pub(crate) before: Credits,
    /// What is held in all, here.
    pub(crate) after: Credits,
    /// What became of it here.
    pub(crate) fate: Fate,
}

/// What became of a hold here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It stands, or stood.
    Placed,
    /// It was refused.
    Denied,
    /// Nobody asked for it at this price.
    Forgone,
}

impl Holds {
    pub(crate) fn place(&mut self, placed: Position, held: Held) {
        self.by_position.insert(placed, held);
    }

    pub(crate) fn get(&self, placed: Position) -> Option<Held> {
        self.by_position.get(&placed).copied()
    }

    pub(crate) fn increase(&mut self, placed: Position, before: Credits, after: Credits) {
        if let Some(held) = self.by_position.get_mut(&placed) {
            held.before += before;
            held.after += after;
        }
    }

    pub(crate) fn end(&mut self, placed: Position) {
        self.by_position.remove(&placed);
    }
}

impl Held {
    /// An amount that a caller chose out of the hold, as large a part of it here as it was really.
    pub(crate) fn scale(&self, chosen: Credits) -> Credits {
        scale(chosen, self.before, self.after)
    }
}

/// `chosen` out of `before`, as the same part of `after`, rounded down. Out of nothing it stays what it is.
pub(crate) fn scale(chosen: Credits, before: Credits, after: Credits) -> Credits {
    if before == after || !before.is_positive() {
        return chosen;
    }
    let wide = i128::from(chosen.micro()) * i128::from(after.micro()) / i128::from(before.micro());
    i64::try_from(wide).map_or(Credits::MAX, |micro| Credits::from_micro(micro).min(Credits::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_amounts_keep_their_part_of_what_they_are_taken_from() {
        let credits = Credits::from_micro;
        for (chosen, before, after, expected) in
            [(8, 10, 5, 4), (7, 10, 5, 3), (8, 10, 10, 8), (8, 10, 30, 24), (8, 0, 30, 8), (8, 10, 0, 0)]
        {
            assert_eq!(
                scale(credits(chosen), credits(before), credits(after)),
                credits(expected),
                "{chosen} of {before} at {after}"
            );
        }
        assert_eq!(
            scale(Credits::MAX, credits(1), Credits::MAX),
            Credits::MAX,
            "never beyond the largest amount"
        );
    }
}
