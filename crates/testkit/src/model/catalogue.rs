//! Event types and price versions.

use super::budgets::Budget;
use super::packs::{Pack, Settings};
use super::{
    Answer, CREDITS_MAX, Grid, Happening, Micro, Model, Ms, Refused, Rejected, Request, Rounding, Rule,
};

#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    pub(super) currency: String,
    pub(super) event_types: Vec<EventType>,
    /// Over all types, in the order of publishing.
    pub(super) prices: Vec<PriceVersion>,
    /// Versions of packs, in the order of publishing.
    pub(super) packs: Vec<Pack>,
    pub(super) settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct EventType {
    pub(super) name: String,
    pub(super) caller_set: bool,
    pub(super) archived: bool,
}

#[derive(Clone, Debug)]
pub(super) struct PriceVersion {
    pub(super) number: u32,
    pub(super) event_type: String,
    pub(super) version: u32,
    pub(super) rule: Rule,
    pub(super) grid: Grid,
    pub(super) rounding: Rounding,
    pub(super) effective_at: Ms,
}

impl Catalogue {
    pub(super) fn new(currency: &str) -> Self {
        Self {
            currency: currency.to_owned(),
            event_types: Vec::new(),
            prices: Vec::new(),
            packs: Vec::new(),
            settings: Settings::default(),
        }
    }

    pub(super) fn event_type(&self, name: &str) -> Option<&EventType> {
        self.event_types.iter().find(|t| t.name == name)
    }

    /// Every version for a type, oldest first.
    fn prices_of(&self, name: &str) -> Vec<&PriceVersion> {
        self.prices.iter().filter(|p| p.event_type == name).collect()
    }

    /// The latest that is in effect; of two that take effect together, the later version.
    pub(super) fn in_force(&self, name: &str, now: Ms) -> Option<&PriceVersion> {
        let mut begun = self.prices_of(name);
        begun.retain(|p| p.effective_at <= now);
        begun.sort_by_key(|p| (p.effective_at, p.version));
        begun.last().copied()
    }

    fn publish(&mut self, name: &str, rule: Rule, (grid, rounding): (Grid, Rounding), at: Ms) -> Happening {
        let number = u32::try_from(self.prices.len()).expect("few prices");
        let version = 1 + u32::try_from(self.prices_of(name).len()).expect("few prices");
        let event_type = name.to_owned();
        self.prices.push(PriceVersion {
            number,
            event_type: event_type.clone(),
            version,
            rule,
            grid,
            rounding,
            effective_at: at,
        });
        Happening::PricePublished { price: number, event_type, version, effective_at: at }
    }
}

impl Model {
    /// Answers what is asked of the catalogue.
    pub(super) fn catalogue(&mut self, request: &Request, now: Ms) -> Answer {
        match request {
            Request::DefineEventType { name, caller_set, archived, first_price } => {
                self.define(name, *caller_set, *archived, *first_price, now)
            }
            Request::PublishPrice { event_type, rule, grid, rounding, effective_at, replaces } => {
                let change = self.check_price(event_type, (rule, *rounding), *effective_at, now).map(|()| {
                    let latest = self.catalogue.prices_of(event_type).last().map(|p| p.number);
                    if replaces.is_some() && *replaces != latest {
                        return Happening::PriceRefused(Refused::VersionSuperseded { latest });
                    }
                    let at = effective_at.unwrap_or(now);
                    self.catalogue.publish(event_type, rule.clone(), (*grid, *rounding), at)
                });
                change.map_or_else(Answer::Rejected, |what| self.record(None, what))
            }
            Request::PublishPack { .. } => self.publish_pack(request),
            Request::ChangeSettings { .. } => self.change_settings(request),
            Request::SetBudget { per_day, per_customer } => {
                self.budget = Budget { per_day: *per_day, per_customer: *per_customer };
                self.record(None, Happening::BudgetSet)
            }
            _ => Answer::Rejected(Rejected::NotFound),
        }
    }

    fn define(
        &mut self,
        name: &str,
        caller_set: bool,
        archived: bool,
        first_price: Option<Micro>,
        now: Ms,
    ) -> Answer {
        let latest = self.catalogue.prices_of(name).last().map(|p| p.rule.clone());
        if first_price.is_some_and(|c| !(0..=CREDITS_MAX).contains(&c)) {
            return invalid("rule.credits");
        }
        // The shorthand is for a type without a price; said again, it changes nothing.
        if latest.is_some() && first_price.is_some() && latest != first_price.map(Rule::Flat) {
            return invalid("credits");
        }
        let price = first_price.filter(|_| latest.is_none()).map(Rule::Flat);
        let known = self.catalogue.event_type(name);
        // What only adds a price says nothing new of the type.
        let says_nothing_new = known.is_some_and(|t| (t.caller_set, t.archived) == (caller_set, archived));
        let mut answer = None;
        if !says_nothing_new || price.is_none() {
            self.catalogue.event_types.retain(|t| t.name != name);
            self.catalogue.event_types.push(EventType { name: name.to_owned(), caller_set, archived });
            let defined = Happening::EventTypeDefined { name: name.to_owned(), caller_set, archived };
            answer = Some(self.record(None, defined));
        }
        if let Some(rule) = price {
            let published = self.catalogue.publish(name, rule, (Grid::MicroCredit, Rounding::HalfUp), now);
            let recorded = self.record(None, published);
            answer = answer.or(Some(recorded));
        }
        answer.expect("a definition or a price")
    }

    fn check_price(
        &self,
        name: &str,
        (rule, rounding): (&Rule, Rounding),
        at: Option<Ms>,
        now: Ms,
    ) -> Result<(), Rejected> {
        self.catalogue.event_type(name).ok_or(Rejected::UnknownEventType)?;
        let inside: Vec<(String, &Rule)> = match rule {
            Rule::ByDimension { rows, default } => {
                let rows =
                    rows.iter().enumerate().map(|(n, (_, rule))| (format!("rule.rows[{n}].rule"), rule));
                rows.chain([("rule.default".to_owned(), &**default)]).collect()
            }
            rule => vec![("rule".to_owned(), rule)],
        };
        let is_cost = |rule: &Rule| matches!(rule, Rule::CostPlus { .. });
        let wrong = inside.iter().find_map(|(path, rule)| Some(format!("{path}.{}", wrong_field(rule)?)));
        let field = if wrong.is_some() {
            wrong
        } else if inside.iter().any(|(_, rule)| is_cost(rule)) && rounding != Rounding::Up {
            Some("rounding".to_owned())
        } else if at.is_some_and(|at| at < now) {
            Some("effective_at".to_owned())
        } else {
            None
        };
        field.map_or(Ok(()), |field| Err(Rejected::Invalid { field }))
    }
}

/// The first amount of a rule that cannot be.
fn wrong_field(rule: &Rule) -> Option<String> {
    let is_amount = |credits: &Micro| (0..=CREDITS_MAX).contains(credits);
    let field = match rule {
        Rule::Flat(credits) if !is_amount(credits) => "credits",
        Rule::PerUnit { base, .. } if !is_amount(base) => "base",
        Rule::PerUnit { credits, .. } if !is_amount(credits) => "credits",
        Rule::PerUnit { minimum: Some(least), .. } | Rule::CostPlus { minimum: Some(least), .. }
            if !is_amount(least) =>
        {
            "minimum"
        }
        Rule::PerUnit { maximum: Some(most), .. } if !is_amount(most) => "maximum",
        Rule::PerUnit { minimum: Some(least), maximum: Some(most), .. } if least > most => "minimum",
        Rule::Tiered(tiers) => {
            let wrong = tiers.iter().position(|(_, credits)| !is_amount(credits));
            return wrong.map(|n| format!("tiers[{n}].credits"));
        }
        _ => return None,
    };
    Some(field.to_owned())
}

fn invalid(field: &str) -> Answer {
    Answer::Rejected(Rejected::Invalid { field: field.to_owned() })
}
