//! From the words of a line to a request.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Grid, Kind, Measure, Micro, Money, Ms, Nano, Place, Policy, Property, Request, Rounding, Rule,
};

mod sales;

/// Options behind the fixed words of a line, taken one by one; what is left over is a mistake in the story.
struct Options<'a>(Vec<&'a str>);

impl<'a> Options<'a> {
    /// Whether a lone word is there.
    fn flag(&mut self, name: &str) -> bool {
        let found = self.0.iter().position(|w| *w == name);
        found.map(|at| self.0.remove(at)).is_some()
    }

    /// The word behind a word.
    fn value(&mut self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|w| *w == name)?;
        assert!(at + 1 < self.0.len(), "{name} needs a value");
        self.0.remove(at);
        Some(self.0.remove(at))
    }

    fn credits(&mut self, name: &str) -> Option<Micro> {
        self.value(name).map(credits)
    }

    /// `name=number` anywhere.
    fn properties(&mut self) -> BTreeMap<String, Property> {
        let (given, rest) = self.0.drain(..).partition(|w: &&str| w.contains('='));
        self.0 = rest;
        let given: Vec<&str> = given;
        given
            .iter()
            .filter_map(|w| w.split_once('='))
            .map(|(name, value)| (name.to_owned(), property(value)))
            .collect()
    }

    fn money(&mut self, name: &str) -> Option<Money> {
        self.value(name).map(money)
    }

    fn end(self) {
        assert!(self.0.is_empty(), "not understood: {:?}", self.0);
    }
}

/// Reads a line that asks for something.
///
/// # Panics
/// When it cannot be understood.
pub(super) fn request(
    words: &[&str],
    names: &BTreeMap<String, Place>,
    model: &crate::model::Model,
    now: Ms,
) -> Request {
    if let Some(request) = sales::request(words, names, model, now) {
        return request;
    }
    let named = |name: &str| *names.get(name).unwrap_or_else(|| panic!("nothing is called {name}"));
    let later = |offset: &str| now + duration(offset);
    let [verb, first, rest @ ..] = words else { panic!("not understood: {words:?}") };
    let customer = (*first).to_owned();
    let mut options = Options(rest.to_vec());
    let next = |options: &mut Options<'_>| options.0.remove(0).to_owned();
    let request = match *verb {
        "type" => Request::DefineEventType {
            name: customer,
            caller_set: options.flag("caller-set"),
            archived: options.flag("archived"),
            first_price: options.0.pop().map(credits),
        },
        "price" => price(customer, &mut options, later),
        "meter" => Request::Meter {
            customer,
            event_type: next(&mut options),
            quantity: options.credits("x"),
            credits: options.credits("credits"),
            cost: options.money("cost"),
            record: options.flag("record"),
            uncharged: options.flag("uncharged"),
            properties: options.properties(),
        },
        "hold" => Request::PlaceHold {
            customer,
            event_type: next(&mut options),
            quantity: options.credits("x"),
            credits: options.credits("credits"),
            ttl_s: options.value("lasting").map(seconds),
        },
        "increase" => Request::IncreaseHold {
            hold: named(first),
            quantity: options.credits("x"),
            credits: options.credits("credits"),
        },
        "extend" => Request::ExtendHold { hold: named(first), ttl_s: seconds(&next(&mut options)) },
        "capture" => Request::CaptureHold {
            hold: named(first),
            quantity: options.credits("x"),
            credits: options.credits("credits"),
            cost: options.money("cost"),
            record: options.flag("record"),
            is_final: !options.flag("step"),
            properties: options.properties(),
        },
        "void" => Request::VoidHold { hold: named(first) },
        "grant" => grant(customer, &mut options, later),
        "void-grant" => {
            Request::VoidGrant { customer, lot: next(&mut options).parse().expect("a lot's number") }
        }
        "reverse" => Request::Reverse { event: named(first), credits: options.0.pop().map(credits) },
        "collect" => Request::Collect { event: named(first), credits: options.0.pop().map(credits) },
        "recharge" => Request::Recharge { event: named(first), credits: credits(&next(&mut options)) },
        "set-cost" => Request::SetCost { event: named(first), cost: money(&next(&mut options)) },
        "policy" => Request::SetPolicy {
            customer,
            policy: match next(&mut options).as_str() {
                "strict" => Policy::Strict,
                "overdraft" => Policy::Overdraft(credits(&next(&mut options))),
                "record-only" => Policy::RecordOnly,
                other => panic!("no such policy: {other}"),
            },
        },
        "freeze" => Request::Freeze { customer },
        "thaw" => Request::Thaw { customer },
        other => panic!("nobody can {other}"),
    };
    options.end();
    request
}

fn price(event_type: String, options: &mut Options<'_>, later: impl Fn(&str) -> Ms) -> Request {
    let rule = rule(options);
    Request::PublishPrice {
        event_type,
        rule,
        grid: if options.flag("whole") { Grid::Credit } else { Grid::MicroCredit },
        rounding: match () {
            () if options.flag("up") => Rounding::Up,
            () if options.flag("down") => Rounding::Down,
            () if options.flag("half-even") => Rounding::HalfEven,
            () => Rounding::HalfUp,
        },
        effective_at: options.value("from").map(later),
        replaces: options.value("replaces").map(|n| n.parse().expect("a price's number")),
    }
}

/// `flat 12`, `each 2 base 1 of n`, `tiers 100:1,0.5`, `table model=a,size=1:12;model=b:3;8`, `times 1000`.
fn rule(options: &mut Options<'_>) -> Rule {
    if let Some(credits) = options.credits("flat") {
        return Rule::Flat(credits);
    }
    if let Some(tiers) = options.value("tiers") {
        let tier = |text: &str| match text.split_once(':') {
            Some((up_to, each)) => (Some(credits(up_to)), credits(each)),
            None => (None, credits(text)),
        };
        return Rule::Tiered(tiers.split(',').map(tier).collect());
    }
    if let Some(table) = options.value("table") {
        let (rows, default) = table.rsplit_once(';').expect("rows, and what else costs");
        let condition = |text: &str| {
            let (name, value) = text.split_once('=').expect("name=value");
            (name.to_owned(), value.to_owned())
        };
        let row = |text: &str| {
            let (when, each) = text.split_once(':').expect("when:credits");
            (when.split(',').map(condition).collect(), Rule::Flat(credits(each)))
        };
        let default = Box::new(Rule::Flat(credits(default)));
        return Rule::ByDimension { rows: rows.split(';').map(row).collect(), default };
    }
    if let Some(multiplier) = options.value("times") {
        let whole = |text: &str| text.parse().expect("a whole number");
        let (num, den) = multiplier.split_once('/').unwrap_or((multiplier, "1"));
        return Rule::CostPlus { multiplier: (whole(num), whole(den)), minimum: options.credits("min") };
    }
    Rule::PerUnit {
        base: options.credits("base").unwrap_or(0),
        credits: options.credits("each").expect("flat, each, tiers, table or times"),
        measure: match options.value("of") {
            Some(property) => Measure::Property(property.to_owned()),
            None => Measure::Quantity,
        },
        minimum: options.credits("min"),
        maximum: options.credits("max"),
    }
}

fn grant(customer: String, options: &mut Options<'_>, later: impl Fn(&str) -> Ms) -> Request {
    let amount = credits(options.0.remove(0));
    let price = options.money("paid");
    let (sold, put_right) = (options.flag("sold") || price.is_some(), options.flag("adjustment"));
    let scope: BTreeSet<String> =
        options.value("only").into_iter().flat_map(|list| list.split(',')).map(str::to_owned).collect();
    let given_at = options.money("price");
    Request::Grant {
        customer,
        credits: amount,
        kind: if put_right {
            Kind::Adjustment
        } else if sold {
            Kind::Paid
        } else {
            Kind::Promotional
        },
        price: price.or(given_at),
        priority: options.value("priority").map_or(0, |n| n.parse().expect("a whole number")),
        effective_at: options.value("from").map(&later),
        expires_at: options.value("until").map(&later),
        scope,
    }
}

/// `90s`, `15m`, `2h`, `7d` or `500ms`, with an optional sign.
pub(super) fn duration(text: &str) -> Ms {
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    let number: Ms = digits.parse().expect("a number of time units");
    let unit = text.trim_start_matches(['+', '-']).trim_start_matches(|c: char| c.is_ascii_digit());
    number
        * match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            other => panic!("no such unit of time: {other}"),
        }
}

fn seconds(text: &str) -> u32 {
    u32::try_from(duration(text) / 1_000).expect("a number of seconds")
}

/// Credits or a quantity: at most six places.
fn credits(text: &str) -> Micro {
    decimal(text, 6)
}

/// `$0.04`, or `EUR0.04`.
fn money(text: &str) -> Money {
    let (currency, amount) = match text.strip_prefix('$') {
        Some(amount) => ("usd".to_owned(), amount),
        None => (text[..3].to_ascii_lowercase(), &text[3..]),
    };
    let nano: Nano = decimal(amount, 9);
    Money { nano, currency }
}

fn property(text: &str) -> Property {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Property::Text(text.to_owned());
    }
    let number = decimal(text, 6);
    if number > 0 { Property::Number(number) } else { Property::BadNumber }
}

fn decimal(text: &str, places: usize) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= places, "{text} has too many places");
    let digits: String = format!("{whole}{fraction:0<places$}").replace(',', "");
    digits.parse().unwrap_or_else(|_| panic!("not an amount: {text}"))
}
