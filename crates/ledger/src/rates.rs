//! What providers charge: dated rates by provider, model and unit, published as rate cards.
//!
//! A rate card is a fact with some entries; each entry stands for itself and is dated. An import of a long list is
//! several cards. Cards only ever add, so that "the rates as card 7 left them" is: the entries of the cards up to 7.

use std::collections::BTreeMap;

use compact_str::CompactString;
use smallvec::SmallVec;
use thiserror::Error;

use crate::codec::{Bytes, Codec, DecodeError, codec_enum, codec_struct, put_varint};
use crate::{CardNo, Cost, CostSource, EntryId, KeyNo, Millis, Money, Quantity, Rejection};

/// Entries one card may have: with names of usual length they fill a third of the largest fact.
pub const RATE_CARD_ENTRIES_MAX: usize = 200;
/// Rates one entry may have: every unit, at once and in a batch, with two long-context steps.
pub const RATES_PER_ENTRY_MAX: usize = 42;
/// The largest rate, in pico-units of currency for one unit: a million.
pub const RATE_PICO_MAX: i64 = 1_000_000_000_000_000_000;
/// The longest name of a provider or model, in bytes.
pub const MODEL_NAME_BYTES_MAX: usize = 128;

/// What a provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Tokens that were read. All of them: cached and cache-write tokens are among them.
    InputTokens,
    /// Of the input tokens, those that came from the provider's cache.
    CachedInputTokens,
    /// Of the input tokens, those that were written to the provider's cache.
    CacheWriteTokens,
    /// Tokens that were written.
    OutputTokens,
    /// Images.
    Images,
    /// Seconds of audio, video or computing.
    Seconds,
    /// Requests.
    Requests,
}
codec_enum!(Unit, "provider unit" {
    1 => InputTokens,
    2 => CachedInputTokens,
    3 => CacheWriteTokens,
    4 => OutputTokens,
    5 => Images,
    6 => Seconds,
    7 => Requests,
});

impl Unit {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 7] = [
        Self::InputTokens,
        Self::CachedInputTokens,
        Self::CacheWriteTokens,
        Self::OutputTokens,
        Self::Images,
        Self::Seconds,
        Self::Requests,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InputTokens => "input_tokens",
            Self::CachedInputTokens => "cached_input_tokens",
            Self::CacheWriteTokens => "cache_write_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Images => "images",
            Self::Seconds => "seconds",
            Self::Requests => "requests",
        }
    }

    /// The unit of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == name)
    }

    /// Whether it is counted among the input tokens.
    const fn is_part_of_input(self) -> bool {
        matches!(self, Self::CachedInputTokens | Self::CacheWriteTokens)
    }
}

/// What a provider charges for one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Which unit.
    pub unit: Unit,
    /// Whether for work handed in as a batch; what has no batch rate costs the usual one there, too.
    pub is_batch: bool,
    /// For requests with more input tokens than this; 0 for all.
    pub above_input_tokens: u32,
    /// Pico-units (10⁻¹²) of the environment's currency for one unit.
    pub pico: i64,
}
codec_struct!(Rate { unit, is_batch, above_input_tokens, pico });

/// The rates of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateEntry {
    /// Who charges: `openai`.
    pub provider: CompactString,
    /// For what: `gpt-4o`.
    pub model: CompactString,
    /// How much; none ends what was charged before.
    pub rates: Vec<Rate>,
}
codec_struct!(RateEntry { provider, model, rates });

/// Publish a rate card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCardRequest {
    /// Where the rates come from: a list and its version, or a person.
    pub source: CompactString,
    /// Why.
    pub note: CompactString,
    /// From when, by the time events occur, which may lie in the past; now when not given.
    pub effective_at: Option<Millis>,
    /// The models that change.
    pub entries: Vec<RateEntry>,
}
codec_struct!(RateCardRequest { source, note, effective_at, entries });

/// A published card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCard {
    /// Its number, from 1.
    pub number: CardNo,
    /// The fact that published it.
    pub id: EntryId,
    /// Where the rates come from.
    pub source: CompactString,
    /// Why.
    pub note: CompactString,
    /// From when.
    pub effective_at: Millis,
    /// When it was published.
    pub published_at: Millis,
    /// Who published it.
    pub author: KeyNo,
    /// How many models it changed.
    pub entries: u32,
}
codec_struct!(RateCard { number, id, source, note, effective_at, published_at, author, entries });

/// The rates of one model from one instant on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedRates {
    /// From when.
    pub effective_at: Millis,
    /// The card that says so.
    pub card: CardNo,
    /// The rates; none where the model has no price any more.
    pub rates: Vec<Rate>,
}
codec_struct!(DatedRates { effective_at, card, rates });

/// What a model was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Whose model.
    pub provider: CompactString,
    /// Which.
    pub model: CompactString,
    /// Whether it was handed in as a batch.
    pub is_batch: bool,
    /// How much of which unit; each unit once, in the order of [`Unit::ALL`].
    pub quantities: SmallVec<[(Unit, Quantity); 3]>,
}
codec_struct!(Usage { provider, model, is_batch, quantities });

/// Why usage has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoRate {
    /// No card has the model, or it had none yet at that time.
    #[error("no rate card has this model at that time")]
    UnknownModel,
    /// The card has no rate for one of the units used.
    #[error("the rate card has no rate for {}", .0.as_str())]
    UnknownUnit(Unit),
    /// The product is beyond the largest amount.
    #[error("the cost is beyond the largest amount")]
    Overflow,
}

impl Usage {
    /// How much of a unit was used, in micro-units; 0 for what is not there.
    pub fn micro(&self, unit: Unit) -> i64 {
        self.quantities.iter().find(|(u, _)| *u == unit).map_or(0, |(_, q)| q.micro())
    }

    /// What is billed of a unit, in micro-units: input tokens without those that have rates of their own.
    fn billed_micro(&self, unit: Unit) -> i64 {
        match unit {
            Unit::InputTokens => {
                let parts = Unit::ALL.into_iter().filter(|u| u.is_part_of_input());
                self.micro(unit) - parts.map(|u| self.micro(u)).sum::<i64>()
            }
            unit => self.micro(unit),
        }
    }

    /// What it costs by the rates of its model, in nano-units: Σ rate × quantity, rounded once, half to even.
    ///
    /// # Errors
    /// [`NoRate`] where there is no rate for one of its units, or the product is too large.
    pub fn nano_by(&self, rates: &[Rate]) -> Result<i64, NoRate> {
        let input = self.micro(Unit::InputTokens) / 1_000_000;
        // 10⁻¹² of currency times 10⁻⁶ of a unit; at most 10¹⁸ × 10¹⁵ each, and there are seven.
        let mut exact: i128 = 0;
        for unit in Unit::ALL {
            let billed = self.billed_micro(unit);
            if billed > 0 {
                let rate = rate_for(rates, unit, self.is_batch, input).ok_or(NoRate::UnknownUnit(unit))?;
                exact += i128::from(rate) * i128::from(billed);
            }
        }
        let nano = i64::try_from(half_even(exact, 1_000_000_000)).map_err(|_| NoRate::Overflow)?;
        if nano > Money::NANO_MAX { Err(NoRate::Overflow) } else { Ok(nano) }
    }

    /// # Errors
    /// [`Rejection::Invalid`] where the parts of the input are more than the input, or a name is too long or empty.
    pub fn check(&self) -> Result<(), Rejection> {
        for (field, name) in [("cost.provider", &self.provider), ("cost.model", &self.model)] {
            check_name(field, name)?;
        }
        if self.billed_micro(Unit::InputTokens) < 0 {
            let problem = "must count all input tokens, those read from and written to the cache among them";
            return Err(Rejection::invalid("cost.input_tokens", problem));
        }
        Ok(())
    }
}

fn check_name(field: &str, name: &str) -> Result<(), Rejection> {
    if name.is_empty() || name.len() > MODEL_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let problem = format!("must be 1 to {MODEL_NAME_BYTES_MAX} bytes without control characters");
        return Err(Rejection::invalid(field, problem));
    }
    Ok(())
}

impl RateCardRequest {
    /// # Errors
    /// [`Rejection::Invalid`] naming the first entry that is wrong.
    pub fn check(&self) -> Result<(), Rejection> {
        if self.entries.is_empty() || self.entries.len() > RATE_CARD_ENTRIES_MAX {
            let problem = format!("must have 1 to {RATE_CARD_ENTRIES_MAX} models");
            return Err(Rejection::invalid("entries", problem));
        }
        for (index, entry) in self.entries.iter().enumerate() {
            let field = |name: &str| format!("entries[{index}].{name}");
            check_name(&field("provider"), &entry.provider)?;
            check_name(&field("model"), &entry.model)?;
            if entry.rates.len() > RATES_PER_ENTRY_MAX {
                let problem = format!("must have at most {RATES_PER_ENTRY_MAX} rates");
                return Err(Rejection::invalid(&field("rates"), problem));
            }
            if entry.rates.iter().any(|rate| !(0..=RATE_PICO_MAX).contains(&rate.pico)) {
                return Err(Rejection::invalid(&field("rates"), "must be from 0 to 1000000 for one unit"));
            }
            let is_twice = |rate: &Rate| {
                let same = |other: &&Rate| {
                    (other.unit, other.is_batch, other.above_input_tokens)
                        == (rate.unit, rate.is_batch, rate.above_input_tokens)
                };
                entry.rates.iter().filter(same).count() > 1
            };
            if entry.rates.iter().any(is_twice) {
                return Err(Rejection::invalid(
                    &field("rates"),
                    "must have one rate for each unit and condition",
                ));
            }
        }
        Ok(())
    }
}

/// All published rates.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RateBook {
    cards: Vec<RateCard>,
    rates: BTreeMap<CompactString, BTreeMap<CompactString, Vec<DatedRates>>>,
}

impl RateBook {
    /// The cards, oldest first.
    pub fn cards(&self) -> &[RateCard] {
        &self.cards
    }

    /// The number of the newest card.
    pub fn newest(&self) -> Option<CardNo> {
        self.cards.last().map(|card| card.number)
    }

    /// Every model there was ever a rate for, by provider and name, with its rates in the order of publishing.
    pub fn models(&self) -> impl Iterator<Item = (&CompactString, &CompactString, &[DatedRates])> {
        self.rates.iter().flat_map(|(provider, models)| {
            models.iter().map(move |(model, dated)| (provider, model, &**dated))
        })
    }

    /// The rates of a model at an instant: those with the latest date that is not after it, of equals the later card.
    /// With `newest`, as that card left them.
    pub fn entry(
        &self,
        provider: &str,
        model: &str,
        at: Millis,
        newest: Option<CardNo>,
    ) -> Option<&DatedRates> {
        let dated = self.rates.get(provider)?.get(model)?;
        dated
            .iter()
            .filter(|d| d.effective_at <= at && newest.is_none_or(|card| d.card <= card))
            .max_by_key(|d| (d.effective_at, d.card))
            .filter(|d| !d.rates.is_empty())
    }

    /// What usage cost at an instant: Σ rate × quantity, rounded once, half to even, to a nano-unit. With `newest`, by
    /// the rates as that card left them.
    ///
    /// # Errors
    /// [`NoRate`] where it has no price.
    pub fn cost_of(&self, usage: &Usage, at: Millis, newest: Option<CardNo>) -> Result<Cost, NoRate> {
        let entry = self.entry(&usage.provider, &usage.model, at, newest).ok_or(NoRate::UnknownModel)?;
        Ok(Cost { nano: usage.nano_by(&entry.rates)?, source: CostSource::RateCard { card: entry.card } })
    }

    pub(crate) fn put_card(&mut self, card: RateCard, entries: &[RateEntry]) {
        for entry in entries {
            let models = self.rates.entry(entry.provider.clone()).or_default();
            models.entry(entry.model.clone()).or_default().push(DatedRates {
                effective_at: card.effective_at,
                card: card.number,
                rates: entry.rates.clone(),
            });
        }
        self.cards.push(card);
    }
}

/// The rate of a unit: the highest long-context step that the request passes; in a batch, a batch rate before a usual
/// one. Parts of the input without a rate of their own cost what the input costs.
fn rate_for(rates: &[Rate], unit: Unit, is_batch: bool, input_tokens: i64) -> Option<i64> {
    let of = |unit: Unit| {
        rates
            .iter()
            .filter(|r| r.unit == unit && (!r.is_batch || is_batch))
            .filter(|r| r.above_input_tokens == 0 || input_tokens > i64::from(r.above_input_tokens))
            .max_by_key(|r| (r.is_batch, r.above_input_tokens))
            .map(|r| r.pico)
    };
    of(unit).or_else(|| unit.is_part_of_input().then(|| of(Unit::InputTokens)).flatten())
}

/// A non-negative quotient, rounded to the nearest; a tie goes to the even one.
pub(crate) fn half_even(value: i128, by: i128) -> i128 {
    let (down, rest) = (value / by, value % by);
    let up = rest * 2 > by || (rest * 2 == by && down % 2 == 1);
    down + i128::from(up)
}

impl Codec for RateBook {
    fn put(&self, out: &mut Vec<u8>) {
        self.cards.put(out);
        put_varint(out, self.models().count() as u64);
        for (provider, model, dated) in self.models() {
            provider.put(out);
            model.put(out);
            put_varint(out, dated.len() as u64);
            dated.iter().for_each(|d| d.put(out));
        }
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let mut book = Self { cards: Codec::get(from)?, ..Self::default() };
        for _ in 0..from.varint()? {
            let (provider, model) = (CompactString::get(from)?, CompactString::get(from)?);
            book.rates.entry(provider).or_default().insert(model, Codec::get(from)?);
        }
        Ok(book)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Unit = Unit::InputTokens;

    fn rate(unit: Unit, pico: i64) -> Rate {
        Rate { unit, is_batch: false, above_input_tokens: 0, pico }
    }

    fn book(cards: &[(i64, Vec<Rate>)]) -> RateBook {
        let mut book = RateBook::default();
        for (index, (effective_at, rates)) in cards.iter().enumerate() {
            let entry = RateEntry { provider: "acme".into(), model: "one".into(), rates: rates.clone() };
            let card = RateCard {
                number: CardNo::at(index + 1),
                id: EntryId { position: crate::Position(0), tag: 0 },
                source: "".into(),
                note: "".into(),
                effective_at: Millis(*effective_at),
                published_at: Millis(0),
                author: KeyNo(1),
                entries: 1,
            };
            book.put_card(card, &[entry]);
        }
        book
    }

    fn usage(quantities: &[(Unit, i64)], is_batch: bool) -> Usage {
        let quantities = quantities
            .iter()
            .map(|(unit, whole)| (*unit, Quantity::from_micro(whole * 1_000_000).expect("a quantity")))
            .collect();
        Usage { provider: "acme".into(), model: "one".into(), is_batch, quantities }
    }

    fn nano(book: &RateBook, usage: &Usage, at: i64, newest: Option<u32>) -> Result<i64, NoRate> {
        book.cost_of(usage, Millis(at), newest.map(CardNo)).map(|cost| cost.nano)
    }

    #[test]
    fn every_token_is_billed_once_cached_ones_at_their_own_rate() {
        let book = book(&[(
            0,
            vec![
                rate(INPUT, 2_500_000),
                rate(Unit::CachedInputTokens, 1_250_000),
                rate(Unit::OutputTokens, 10_000_000),
            ],
        )]);
        let used = usage(&[(INPUT, 812), (Unit::CachedInputTokens, 512), (Unit::OutputTokens, 164)], false);
        // 300 × 0.0000025 + 512 × 0.00000125 + 164 × 0.00001
        assert_eq!(nano(&book, &used, 0, None), Ok(750_000 + 640_000 + 1_640_000));
        let written = usage(&[(INPUT, 10), (Unit::CacheWriteTokens, 10)], false);
        assert_eq!(nano(&book, &written, 0, None), Ok(25_000), "no rate of its own: the input's");
        let image = usage(&[(Unit::Images, 1)], false);
        assert_eq!(nano(&book, &image, 0, None), Err(NoRate::UnknownUnit(Unit::Images)));
        let too_many = usage(&[(INPUT, 1), (Unit::CachedInputTokens, 2)], false);
        assert!(too_many.check().is_err());
    }

    #[test]
    fn batches_and_long_contexts_have_their_rates() {
        let long = |unit, pico| Rate { above_input_tokens: 200_000, ..rate(unit, pico) };
        let batch = |unit, pico| Rate { is_batch: true, ..rate(unit, pico) };
        let book = book(&[(
            0,
            vec![
                rate(INPUT, 4_000_000),
                long(INPUT, 8_000_000),
                batch(INPUT, 2_000_000),
                rate(Unit::OutputTokens, 1_000_000),
            ],
        )]);
        assert_eq!(nano(&book, &usage(&[(INPUT, 200_000)], false), 0, None), Ok(800_000_000));
        assert_eq!(nano(&book, &usage(&[(INPUT, 200_001)], false), 0, None), Ok(1_600_008_000));
        let used = usage(&[(INPUT, 100), (Unit::OutputTokens, 100)], true);
        assert_eq!(nano(&book, &used, 0, None), Ok(200_000 + 100_000), "no batch rate: the usual one");
    }

    #[test]
    fn the_latest_date_holds_and_a_pinned_card_sees_none_after_it() {
        let book =
            book(&[(0, vec![rate(INPUT, 1_000_000)]), (50, vec![rate(INPUT, 3_000_000)]), (20, Vec::new())]);
        let used = usage(&[(INPUT, 1)], false);
        assert_eq!(nano(&book, &used, 10, None), Ok(1_000));
        assert_eq!(nano(&book, &used, 50, None), Ok(3_000));
        assert_eq!(nano(&book, &used, 50, Some(1)), Ok(1_000));
        assert_eq!(
            nano(&book, &used, 20, None),
            Err(NoRate::UnknownModel),
            "the third card ended it from 20 on"
        );
        let mut out = Vec::new();
        book.put(&mut out);
        assert_eq!(RateBook::get(&mut Bytes(&out)), Ok(book));
    }

    #[test]
    fn a_cost_is_rounded_once_half_to_even() {
        for (pico, expected) in [(500, 0), (1_500, 2), (2_500, 2), (2_501, 3)] {
            assert_eq!(
                nano(&book(&[(0, vec![rate(INPUT, pico)])]), &usage(&[(INPUT, 1)], false), 0, None),
                Ok(expected)
            );
        }
    }
}
