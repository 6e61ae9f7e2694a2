//! What stories were about.

/// What was seen in stories, so that a green run is not an empty one.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) paid: u32,
    pub(super) never_paid: u32,
    pub(super) owed: u32,
    pub(super) uncollectable: u32,
    pub(super) frozen: u32,
    pub(super) set_aside: u32,
    pub(super) given_back: u32,
    pub(super) refused_events: u32,
    pub(super) dropped: u32,
    pub(super) refunded_by_us: u32,
    pub(super) restarts: u32,
}

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in self.all_mut().into_iter().zip(other.all()) {
            *sum += more;
        }
    }

    pub(super) fn is_everything(&self) -> bool {
        self.all().into_iter().all(|times| times > 0)
    }

    fn all(&self) -> [u32; 11] {
        [
            self.paid,
            self.never_paid,
            self.owed,
            self.uncollectable,
            self.frozen,
            self.set_aside,
            self.given_back,
            self.refused_events,
            self.dropped,
            self.refunded_by_us,
            self.restarts,
        ]
    }

    fn all_mut(&mut self) -> [&mut u32; 11] {
        [
            &mut self.paid,
            &mut self.never_paid,
            &mut self.owed,
            &mut self.uncollectable,
            &mut self.frozen,
            &mut self.set_aside,
            &mut self.given_back,
            &mut self.refused_events,
            &mut self.dropped,
            &mut self.refunded_by_us,
            &mut self.restarts,
        ]
    }
}
