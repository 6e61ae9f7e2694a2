//! Stories: a few lines that say what is asked and what is answered, for people who know billing and not Rust.
//!
//! ```text
//! grant ada 1000 paid $20          -> lot 1
//! meter ada image.generate as e    -> charged 40: lot 1 40 $0.8
//! reverse e 10                     -> reversed 10: lot 1 10 $0.2
//! wallet ada                       -> 970 posted, 0 held, 970 available
//! ```
//!
//! Each line is asked of the model and of the real ledger, which must agree in everything; what is written behind the
//! arrow must be said in exactly these words. A line without an arrow must not fail.
//!
//! | line | options |
//! |---|---|
//! | `type NAME [CREDITS]` | `caller-set`, `archived` |
//! | `price NAME flat CREDITS`, `price NAME each CREDITS` | `base C`, `min C`, `max C`, `of PROPERTY`, `whole`, `up`, `down`, `half-even`, `from +1d`, `replaces N` |
//! | `meter CUSTOMER TYPE` | `x QUANTITY`, `credits C`, `cost $M`, `record`, `uncharged`, `PROPERTY=N` |
//! | `hold CUSTOMER TYPE` | `x QUANTITY`, `credits C`, `lasting 60s` |
//! | `increase HOLD`, `extend HOLD 60s`, `void HOLD` | `x QUANTITY`, `credits C` |
//! | `capture HOLD` | `x QUANTITY`, `credits C`, `cost $M`, `record`, `step`, `PROPERTY=N` |
//! | `grant CUSTOMER CREDITS` | `paid $M`, `adjustment`, `priority N`, `from +1d`, `until +30d`, `only TYPE,TYPE` |
//! | `void-grant CUSTOMER LOT`, `reverse EVENT [CREDITS]`, `collect EVENT [CREDITS]` | |
//! | `policy CUSTOMER strict`, `… overdraft C`, `… record-only`, `freeze CUSTOMER`, `thaw CUSTOMER` | |
//! | `pack NAME CREDITS for $M` | `bonus C`, `days N`, `retired` |
//! | `settings` | `welcome C`, `welcome-days N`, `refund debt`, `dispute freeze`, `… uncollectable` |
//! | `order CUSTOMER PACK`, `checkout ORDER`, `refund ORDER [CREDITS]` | |
//! | `settle ORDER [paid\|pending\|expired\|failed]` | `paid $M`, `discount $M`, `tax $M`, `refunded 40%`, `withdrawn $M`, `disputed $M`, `back` (none of these), `ends REFUND`, `accept` |
//! | `allowance CUSTOMER CODE CREDITS day\|week\|month` | `from +1d`, `min C`, `max C`, `priority N`, `only TYPE,TYPE` |
//! | `end-allowance CUSTOMER CODE` | |
//! | `budget`, of the key that asks | `day C`, `each C` (for each customer); without both there is none |
//! | `wait 15m`, `due CUSTOMER` | what happened by time is what `due` answers |
//! | `wallet CUSTOMER`, `lots CUSTOMER`, `spent CUSTOMER` (of the budget), `order-of ORDER` | |
//!
//! `as NAME` names a hold or an event; `[KEY]` in front asks under that idempotency key.
//!
//! Not owned here: what is right. The stories say that.

mod parse;
mod render;

use std::collections::BTreeMap;

use crate::ledger::{Audit, Stored};
use crate::model::{Answer, Place};
use crate::pair::Pair;

/// The example catalogue: flat prices in credits.
const CATALOGUE: &str = "
    type chat.reply 8
    type image.generate 40
    type ai.summary 12
    type agent.run 25
    type workflow.step 6
";

/// Tells a story, with the example catalogue published before it begins, and audits its journal at the end.
///
/// # Panics
/// At the first line that is not answered as it says, or where the model and the ledger differ.
pub fn check(story: &str) {
    told(story);
}

/// As [`check`], and gives the journal: the catalogue's facts are the first.
///
/// # Panics
/// As [`check`].
pub fn told(story: &str) -> Vec<Stored> {
    let mut telling = Telling { pair: Pair::new(), names: BTreeMap::new() };
    for line in CATALOGUE.lines().chain(story.lines()) {
        telling.line(line.trim());
    }
    let stored = telling.pair.driver.recorder.stored();
    Audit::new().check(stored);
    telling.pair.check_forgetful();
    stored.to_vec()
}

/// The story that goes on after a pack of 500 credits for $10, bought by ada: her first lot. The order is `o`.
pub fn bought(story: &str) -> String {
    format!(
        "
        pack regular 500 for $10
        type tool caller-set
        order ada regular as o
        settle o paid                       -> paid: lot 1 500 for $10
        {story}"
    )
}

/// A story being told.
struct Telling {
    pair: Pair,
    /// Holds and events by the names the story gives them.
    names: BTreeMap<String, Place>,
}

impl Telling {
    fn line(&mut self, line: &str) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            return;
        }
        let (asked, expected) = match line.split_once("->") {
            Some((asked, expected)) => (asked.trim(), Some(expected.trim())),
            None => (line, None),
        };
        let said = self.tell(asked);
        match expected {
            Some(expected) => assert_eq!(said, expected, "said (left) and expected (right): {line}"),
            None => assert!(
                !["refused", "rejected", "conflict"].iter().any(|w| said.starts_with(w)),
                "{line}: {said}"
            ),
        }
    }

    /// Asks what a line says and puts the answer into words.
    fn tell(&mut self, asked: &str) -> String {
        let mut words: Vec<&str> = asked.split_whitespace().collect();
        match words.as_slice() {
            ["wait", time] => {
                self.pair.now += parse::duration(time);
                return String::new();
            }
            ["due", customer] => return self.due(customer),
            ["wallet", customer] => return render::wallet(&self.pair.model, customer),
            ["order-of", order] => {
                return render::order(&self.pair.model, self.names[*order]);
            }
            ["spent", customer] => return render::spent(&self.pair.model, customer, self.pair.now),
            ["lots", customer] => return render::lots(&self.pair.model, customer),
            _ => {}
        }
        let key = words[0].strip_prefix('[').and_then(|w| w.strip_suffix(']'));
        if key.is_some() {
            words.remove(0);
        }
        let name = match words.as_slice() {
            [.., "as", name] => Some((*name).to_owned()),
            _ => None,
        };
        if name.is_some() {
            words.truncate(words.len() - 2);
        }
        let request = parse::request(&words, &self.names, &self.pair.model, self.pair.now);
        let answer = self.pair.ask(key, &request);
        if let (Some(name), Answer::Done(place)) = (name, &answer) {
            self.names.insert(name, *place);
        }
        self.say(&answer)
    }

    fn say(&self, answer: &Answer) -> String {
        let happened =
            |place: &Place| render::happening(&self.pair.entry(*place).what, &self.names, self.pair.now);
        match answer {
            Answer::Done(place) => happened(place),
            Answer::Replayed(place) => format!("replayed: {}", happened(place)),
            Answer::Conflict { field } => format!("conflict on {field}"),
            Answer::Rejected(rejected) => format!("rejected {}", render::rejected(rejected)),
        }
    }

    fn due(&mut self, customer: &str) -> String {
        let begun = self.pair.model.journal.len();
        self.pair.sweep(customer);
        let happened = self.pair.model.journal[begun..].iter();
        let said: Vec<_> =
            happened.map(|entry| render::happening(&entry.what, &self.names, self.pair.now)).collect();
        if said.is_empty() { "nothing".to_owned() } else { said.join("; ") }
    }
}
