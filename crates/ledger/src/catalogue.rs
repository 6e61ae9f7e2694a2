//! The catalogue: event types, their price versions, and the API keys of the environment.

use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::HashMap;

use crate::codec::{Bytes, Codec, DecodeError, codec_struct};
use crate::{
    AdviceLook, Advised, Budget, Correction, Currency, EntryId, EventTypeNo, Grid, KeyLimits, KeyNo, Millis,
    PackVersion, PriceNo, RateBook, Rejection, Rounding, Rule, Settings, pricing,
};

/// A kind of billable act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// Its number.
    pub number: EventTypeNo,
    /// Its name, for ever: `image.generate`.
    pub name: CompactString,
    /// What people call it.
    pub label: CompactString,
    /// A sentence about it.
    pub description: CompactString,
    /// Whether callers may choose the credits of an event.
    pub caller_set_credits: bool,
    /// Names of the properties that reports may be grouped by.
    pub dimensions: Vec<CompactString>,
    /// Whether new events of it are refused.
    pub archived: bool,
    /// What one unit of it is estimated to cost the operator, in nano-units, where nothing better is known.
    pub estimated_cost_nano: Option<i64>,
    /// Its price versions, oldest first.
    pub prices: Vec<PriceNo>,
    /// When it was first defined.
    pub created_at: Millis,
}
codec_struct!(EventType {
    number,
    name,
    label,
    description,
    caller_set_credits,
    dimensions,
    archived,
    estimated_cost_nano,
    prices,
    created_at
});

/// What an event of one type costs from one instant on. Immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceVersion {
    /// Its number over all types.
    pub number: PriceNo,
    /// The fact that published it.
    pub id: EntryId,
    /// For which event type.
    pub event_type: EventTypeNo,
    /// Which version of that type's price: 1, 2, …
    pub version: u32,
    /// The rule.
    pub rule: Rule,
    /// To what a price is rounded.
    pub grid: Grid,
    /// Which way.
    pub rounding: Rounding,
    /// From when.
    pub effective_at: Millis,
    /// Why.
    pub note: CompactString,
    /// Who published it.
    pub author: KeyNo,
    /// When it was published.
    pub published_at: Millis,
}
codec_struct!(PriceVersion {
    number,
    id,
    event_type,
    version,
    rule,
    grid,
    rounding,
    effective_at,
    note,
    author,
    published_at
});

impl PriceVersion {
    /// What prices are made by.
    pub const fn terms(&self) -> (&Rule, Grid, Rounding) {
        (&self.rule, self.grid, self.rounding)
    }
}

/// Where a price version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceState {
    /// It was in force, or will never be: another took its place.
    Superseded,
    /// Events are priced by it.
    InForce,
    /// Its time is to come.
    Scheduled,
}

impl PriceState {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::InForce => "in_force",
            Self::Scheduled => "scheduled",
        }
    }
}

/// What an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Meter events, place and end holds.
    Meter,
    /// Ask for `if_insufficient: record`.
    Record,
    /// Read wallets, events, figures.
    Read,
    /// Grant and void lots, reverse events, freeze, set policies.
    Grant,
    /// Define event types and publish prices.
    Prices,
    /// Manage keys and read the audit log.
    Admin,
}

impl Scope {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 6] =
        [Self::Meter, Self::Record, Self::Read, Self::Grant, Self::Prices, Self::Admin];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Meter => "meter",
            Self::Record => "record",
            Self::Read => "read",
            Self::Grant => "grant",
            Self::Prices => "prices",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope there is.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether `scope` is among them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Those in the set, in the order they are listed.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |s| self.has(*s))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, s| bits | s.bit()))
    }
}

impl Codec for Scopes {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let bits = from.byte()?;
        if bits & !Self::all().0 != 0 {
            return Err(DecodeError::Unknown { what: "scope", number: u64::from(bits) });
        }
        Ok(Self(bits))
    }
}

/// An API key, known by the hash of its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its number.
    pub number: KeyNo,
    /// The fact that made it.
    pub id: EntryId,
    /// What people call it.
    pub label: CompactString,
    /// BLAKE3 of the secret.
    pub secret_hash: [u8; 32],
    /// The secret's last four characters.
    pub hint: CompactString,
    /// What it may do.
    pub scopes: Scopes,
    /// What it spends is counted together with that of this key: itself, or the first of those it came to replace.
    pub purse: KeyNo,
    /// What may be spent in its name.
    pub budget: Option<Budget>,
    /// Whether it may choose the credits of an event or a hold.
    pub may_set_credits: bool,
    /// When it was made.
    pub created_at: Millis,
    /// From when it is dead; [`Millis::NEVER`] while nobody revoked it.
    pub dead_at: Millis,
}
codec_struct!(ApiKey {
    number,
    id,
    label,
    secret_hash,
    hint,
    scopes,
    purse,
    budget,
    may_set_credits,
    created_at,
    dead_at
});

impl ApiKey {
    /// What it is kept from.
    pub fn limits(&self) -> KeyLimits {
        KeyLimits { budget: self.budget, may_set_credits: self.may_set_credits }
    }
}

/// Event types, prices and keys. Shared with the callers as an immutable snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// `test`, `live` or `playground`.
    pub environment: CompactString,
    /// Keys the hashes of this environment's idempotency keys.
    pub salt: [u8; 32],
    /// The currency of prices and costs.
    pub currency: Currency,
    /// What figures and advice depend on.
    pub settings: Settings,
    /// What providers charge. Shared between snapshots, because it is large and rarely changes.
    pub rates: Arc<RateBook>,
    /// In the order of definition.
    pub event_types: Vec<EventType>,
    /// In the order of publishing.
    pub prices: Vec<PriceVersion>,
    /// In the order of creation, from number 1.
    pub keys: Vec<ApiKey>,
    /// In the order in which they were decided.
    pub corrections: Vec<Correction>,
    /// Versions of credit packs, in the order of publishing.
    pub packs: Vec<PackVersion>,
    /// In the order in which they were made.
    pub recommendations: Vec<Advised>,
    /// When advice was looked for last.
    pub last_look: Option<AdviceLook>,
    by_name: HashMap<CompactString, EventTypeNo>,
    by_secret: HashMap<[u8; 32], KeyNo>,
    /// By event type: the properties that its prices look at, each once.
    priced_by: Vec<Vec<CompactString>>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            environment: CompactString::default(),
            salt: [0; 32],
            currency: Currency::USD,
            settings: Settings::default(),
            rates: Arc::default(),
            event_types: Vec::new(),
            prices: Vec::new(),
            keys: Vec::new(),
            corrections: Vec::new(),
            packs: Vec::new(),
            recommendations: Vec::new(),
            last_look: None,
            by_name: HashMap::new(),
            by_secret: HashMap::new(),
            priced_by: Vec::new(),
        }
    }
}

impl Catalogue {
    /// An event type by name.
    pub fn event_type(&self, name: &str) -> Option<&EventType> {
        self.by_name.get(name).map(|no| &self.event_types[no.index()])
    }

    /// An event type by number.
    pub fn event_type_no(&self, number: EventTypeNo) -> Option<&EventType> {
        self.event_types.get(number.index())
    }

    /// A price version by number.
    pub fn price(&self, number: PriceNo) -> Option<&PriceVersion> {
        self.prices.get(number.index())
    }

    /// An API key by number.
    pub fn key(&self, number: KeyNo) -> Option<&ApiKey> {
        self.keys.get(number.index().checked_sub(1)?)
    }

    /// An API key by the hash of its secret, dead or alive.
    pub fn key_by_secret(&self, secret_hash: &[u8; 32]) -> Option<&ApiKey> {
        self.by_secret.get(secret_hash).and_then(|no| self.key(*no))
    }

    /// The version in force: the latest `effective_at` that is not after `now`; of equals the later version.
    pub fn price_in_force(&self, event_type: EventTypeNo, now: Millis) -> Option<&PriceVersion> {
        self.event_type_no(event_type)?
            .prices
            .iter()
            .filter_map(|no| self.price(*no))
            .filter(|p| p.effective_at <= now)
            .max_by_key(|p| (p.effective_at, p.version))
    }

    /// The latest version published for a type, whether in force yet or not.
    pub fn latest_price(&self, event_type: EventTypeNo) -> Option<&PriceVersion> {
        self.event_type_no(event_type)?.prices.last().and_then(|no| self.price(*no))
    }

    /// Where a version stands at an instant.
    pub fn price_state(&self, price: &PriceVersion, now: Millis) -> PriceState {
        let in_force = |at: Millis| self.price_in_force(price.event_type, at).map(|p| p.number);
        if in_force(now) == Some(price.number) {
            PriceState::InForce
        } else if price.effective_at > now && in_force(price.effective_at) == Some(price.number) {
            PriceState::Scheduled
        } else {
            PriceState::Superseded
        }
    }

    /// The properties that any price of a type looks at, each once.
    pub fn priced_properties(&self, event_type: EventTypeNo) -> &[CompactString] {
        self.priced_by.get(event_type.index()).map_or(&[], Vec::as_slice)
    }

    /// A rule as it would be published now: checked, and with its rate card pinned.
    ///
    /// # Errors
    /// [`Rejection::Invalid`] naming the field that is wrong.
    pub fn checked_rule(&self, rule: &Rule, rounding: Rounding) -> Result<Rule, Rejection> {
        let newest = self.rates.newest();
        pricing::check(rule, rounding, newest)?;
        Ok(rule.clone().pinned(newest))
    }

    pub(crate) fn put_event_type(&mut self, event_type: EventType) {
        self.by_name.insert(event_type.name.clone(), event_type.number);
        match self.event_types.get_mut(event_type.number.index()) {
            Some(known) => *known = event_type,
            None => self.event_types.push(event_type),
        }
    }

    pub(crate) fn put_price(&mut self, price: PriceVersion) {
        if let Some(event_type) = self.event_types.get_mut(price.event_type.index()) {
            event_type.prices.push(price.number);
        }
        self.note_properties(&price);
        self.prices.push(price);
    }

    fn note_properties(&mut self, price: &PriceVersion) {
        let index = price.event_type.index();
        // A number that no event type has is a damaged record's: it must not ask for memory.
        if index >= self.event_types.len() {
            return;
        }
        if self.priced_by.len() <= index {
            self.priced_by.resize(index + 1, Vec::new());
        }
        for name in price.rule.properties() {
            if !self.priced_by[index].contains(name) {
                self.priced_by[index].push(name.clone());
            }
        }
    }

    pub(crate) fn put_key(&mut self, key: ApiKey) {
        self.by_secret.insert(key.secret_hash, key.number);
        self.keys.push(key);
    }
}

impl Codec for Catalogue {
    fn put(&self, out: &mut Vec<u8>) {
        self.environment.put(out);
        self.salt.put(out);
        self.currency.put(out);
        self.settings.put(out);
        self.rates.put(out);
        self.event_types.put(out);
        self.prices.put(out);
        self.keys.put(out);
        self.corrections.put(out);
        self.packs.put(out);
        self.recommendations.put(out);
        self.last_look.put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let mut catalogue = Self {
            environment: Codec::get(from)?,
            salt: Codec::get(from)?,
            currency: Codec::get(from)?,
            settings: Codec::get(from)?,
            rates: Arc::new(Codec::get(from)?),
            ..Self::default()
        };
        for event_type in Vec::<EventType>::get(from)? {
            catalogue.put_event_type(event_type);
        }
        for price in Vec::<PriceVersion>::get(from)? {
            // The types name their prices already.
            catalogue.note_properties(&price);
            catalogue.prices.push(price);
        }
        for key in Vec::<ApiKey>::get(from)? {
            catalogue.put_key(key);
        }
        catalogue.corrections = Codec::get(from)?;
        catalogue.packs = Codec::get(from)?;
        catalogue.recommendations = Codec::get(from)?;
        catalogue.last_look = Codec::get(from)?;
        Ok(catalogue)
    }
}
