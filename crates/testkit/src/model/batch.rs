//! What an engine does around single calls: batches that are accepted all or none, and writers taking over.

use super::{Answer, Happening, Model, Ms, Place, Refused, Rejected, Request};

/// How a batch marked atomic ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchAnswer {
    /// All were charged; the batch's own entry stands at this place, after theirs.
    Accepted(Place),
    /// None was charged, as this one of them was refused; the verdict stands at this place.
    Refused(Place, usize),
    /// This one of them is wrong in itself, so that none left a trace.
    Rejected(usize, Rejected),
}

impl Model {
    /// Asks for all of these requests of one customer, or none of them, at `now`.
    ///
    /// # Panics
    /// On an empty batch.
    pub fn ask_batch(&mut self, requests: &[Request], now: Ms) -> BatchAnswer {
        let first = requests.first().expect("a batch has events");
        let begun = self.journal.len();
        let before = (self.wallets.clone(), self.counted.clone());
        let mut refused = None;
        for (index, request) in requests.iter().enumerate() {
            match self.ask(None, request, now) {
                Answer::Done(place) => {
                    let refusal = self.refusal_at(place);
                    refused = refused.or(refusal.map(|why| (index, why)));
                }
                Answer::Rejected(why) => {
                    self.journal.truncate(begun);
                    (self.wallets, self.counted) = before;
                    return BatchAnswer::Rejected(index, why);
                }
                other => unreachable!("without a key there is no {other:?}"),
            }
        }
        if let Some((index, why)) = refused {
            self.journal.truncate(begun);
            (self.wallets, self.counted) = before;
            let number = self.find_or_open(first, now).expect("the customer of a batch is named");
            self.let_due_things_happen(number, now);
            return BatchAnswer::Refused(self.put(Some(number), Happening::Refused(why)), index);
        }
        let is_metered = |place: &usize| matches!(self.journal[*place].what, Happening::Metered { .. });
        let first = (begun..self.journal.len()).find(is_metered).expect("an event of the batch") as Place;
        BatchAnswer::Accepted(self.put(None, Happening::BatchAccepted { first, events: requests.len() }))
    }

    /// A writer took over.
    pub fn begin_epoch(&mut self) {
        self.put(None, Happening::EpochStarted);
    }

    /// Why this request would be refused without a trace at `now`, if it would.
    pub fn rejects(&self, request: &Request, now: Ms) -> Option<Rejected> {
        if !request.is_of_catalogue() {
            return self.check(request, now).err().or_else(|| self.nothing_to_collect(request));
        }
        let mut trial = Self { catalogue: self.catalogue.clone(), ..Self::new(&self.catalogue.currency) };
        match trial.ask(None, request, now) {
            Answer::Rejected(why) => Some(why),
            _ => None,
        }
    }

    /// Why nothing of an event can be collected, as it stands.
    fn nothing_to_collect(&self, request: &Request) -> Option<Rejected> {
        let Request::Collect { event, credits } = request else { return None };
        let left = self.wallets.iter().find_map(|wallet| wallet.uncharged_left(*event))?;
        match credits {
            _ if left == 0 => Some(Rejected::Unchanged),
            Some(credits) if *credits > left => Some(Rejected::Invalid { field: "credits".to_owned() }),
            _ => None,
        }
    }

    fn refusal_at(&self, place: Place) -> Option<Refused> {
        let index = usize::try_from(place).ok()?;
        match &self.journal.get(index)?.what {
            Happening::Refused(why) => Some(why.clone()),
            _ => None,
        }
    }
}
