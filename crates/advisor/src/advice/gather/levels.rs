//! Sums by the values of declared dimensions.

use chargly_ledger::Dimension as Declared;
use compact_str::CompactString;
use hashbrown::HashMap;

use super::windows::Windows;
use super::{LEVELS_MAX, Sums};

/// Sums of a customer and a value that are kept apart, for each event type: beyond it, new ones are left out and no
/// advice is given that needs them.
const PAIRS_MAX: usize = 200_000;

/// The dimensions of an event type.
#[derive(Clone, Debug, Default)]
pub(super) struct Dimensions {
    all: Vec<Dimension>,
    pairs: usize,
}

/// One dimension.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    pub(crate) name: CompactString,
    pub(crate) levels: Vec<LevelOf>,
    /// Whether sums of customers were left out.
    pub(crate) is_cut: bool,
    places: HashMap<CompactString, usize>,
}

/// One value of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LevelOf {
    /// Empty for events without one, and for values beyond those that are told apart.
    pub(crate) value: CompactString,
    /// In the last four whole weeks.
    pub(crate) weeks: Sums,
    /// In the four before.
    pub(crate) earlier: Sums,
    /// By cluster of customers: the same two.
    pub(crate) by_cluster: HashMap<u32, [Sums; 2]>,
}

impl Dimensions {
    pub(super) fn all(&self) -> &[Dimension] {
        &self.all
    }

    pub(super) fn add(&mut self, windows: Windows, cluster: u32, declared: &[Declared], sums: &Sums) {
        let Windows([_, is_weeks, _, is_earlier]) = windows;
        if !is_weeks && !is_earlier {
            return;
        }
        for Declared { name, value } in declared {
            let place = self.all.iter().position(|known| known.name == *name).unwrap_or_else(|| {
                self.all.push(Dimension::new(name));
                self.all.len() - 1
            });
            let dimension = &mut self.all[place];
            let level = dimension.place_of(value);
            let level = &mut dimension.levels[level];
            if is_weeks {
                level.weeks += *sums;
            }
            if is_earlier {
                level.earlier += *sums;
            }
            let is_known = level.by_cluster.contains_key(&cluster);
            if !is_known && self.pairs >= PAIRS_MAX {
                dimension.is_cut = true;
                continue;
            }
            self.pairs += usize::from(!is_known);
            let [weeks, earlier] = level.by_cluster.entry(cluster).or_default();
            if is_weeks {
                *weeks += *sums;
            }
            if is_earlier {
                *earlier += *sums;
            }
        }
    }
}

impl Dimension {
    fn new(name: &CompactString) -> Self {
        Self { name: name.clone(), levels: Vec::new(), is_cut: false, places: HashMap::new() }
    }

    fn place_of(&mut self, value: &CompactString) -> usize {
        if let Some(place) = self.places.get(value) {
            return *place;
        }
        // The last place is for all that follow.
        let value =
            if self.levels.len() + 1 >= LEVELS_MAX { CompactString::default() } else { value.clone() };
        let place = match self.places.get(&value) {
            Some(place) => *place,
            None => {
                self.levels.push(LevelOf { value: value.clone(), ..LevelOf::default() });
                self.levels.len() - 1
            }
        };
        self.places.insert(value, place);
        place
    }
}
