//! Facts made up by seed, and the naive model of what a run should say about them.

use chargly_index::{Block, Posting, RunBuilder, RunLength, TimeRange};
use chargly_ledger::{
    Balance, CatalogueChange, CatalogueFact, Charge, Credits, EntryId, EventTypeNo, Fact, Header,
    IfInsufficient, KeyHash, KeyNo, Lineage, MeterRequest, Millis, Origin, Position, Quantity, WalletEvent,
    WalletFact, WalletNo,
};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A fact with what a run should know of it, written down apart from the fact.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Millis,
    pub(crate) key: Option<KeyHash>,
    pub(crate) wallet: Option<WalletNo>,
    pub(crate) event: Option<(EventTypeNo, Millis)>,
    pub(crate) is_audited: bool,
    pub(crate) fact: Fact,
}

/// Samples of every kind that a run tells apart.
pub(crate) fn samples(seed: u64, count: u32, wallets: u32) -> Vec<Sample> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut at = 1_700_000_000_000;
    (0..count)
        .map(|_| {
            at += rng.random_range(0..50);
            sample(&mut rng, Millis(at), wallets)
        })
        .collect()
}

fn sample(rng: &mut StdRng, at: Millis, wallets: u32) -> Sample {
    let key = rng.random_bool(0.9).then(|| KeyHash(rng.random()));
    let wallet = WalletNo(rng.random_range(0..wallets) * 3);
    let event_type = EventTypeNo(rng.random_range(0..5));
    let of_wallet = |event| Fact::Wallet(WalletFact { header: header(key, wallet), event });
    let origin = Origin { actor: KeyNo(1), key };
    let change = CatalogueChange::KeyRevoked { key: KeyNo(1), dead_at: at };
    let of_catalogue = Fact::Catalogue(CatalogueFact { origin, change });
    let occurred_at = rng.random_bool(0.3).then(|| Millis(at.0 - rng.random_range(0..100_000)));
    let (wallet, event, is_audited, fact) = match rng.random_range(0..10) {
        0 => (None, None, true, of_catalogue),
        1 => (Some(wallet), None, true, of_wallet(WalletEvent::Frozen)),
        2 => (Some(wallet), None, false, of_wallet(WalletEvent::Opened { welcome: None })),
        3 => (Some(wallet), Some((event_type, at)), false, of_wallet(captured(event_type))),
        4 => {
            (Some(wallet), None, false, Fact::BatchAccepted { origin, wallet, events: 1, first: Position(0) })
        }
        _ => {
            let event = Some((event_type, occurred_at.unwrap_or(at)));
            (Some(wallet), event, false, of_wallet(metered(event_type, occurred_at)))
        }
    };
    Sample { at, key, wallet, event, is_audited, fact }
}

pub(crate) fn header(key: Option<KeyHash>, wallet: WalletNo) -> Header {
    let origin = Origin { actor: KeyNo(1), key };
    Header { origin, wallet, previous: None, after: Balance::default() }
}

pub(crate) fn metered(event_type: EventTypeNo, occurred_at: Option<Millis>) -> WalletEvent {
    let request = MeterRequest {
        event_type,
        quantity: Quantity::ONE,
        credits: None,
        cost: None,
        occurred_at,
        if_insufficient: IfInsufficient::Refuse,
    };
    WalletEvent::Metered { request, charge: charge(), facets: None }
}

fn captured(event_type: EventTypeNo) -> WalletEvent {
    WalletEvent::HoldCaptured {
        request: chargly_ledger::CaptureRequest {
            hold: EntryId { position: Position(0), tag: 0 },
            quantity: None,
            credits: None,
            cost: None,
            if_insufficient: IfInsufficient::Refuse,
            is_final: true,
        },
        of: Lineage { event_type, quantity: Quantity::ONE },
        charge: charge(),
        overdraft_freed: Credits::ZERO,
        used: Default::default(),
        released: Default::default(),
        broken: Vec::new(),
        still_held: Credits::ZERO,
        ended: true,
        facets: None,
    }
}

fn charge() -> Charge {
    Charge {
        price: None,
        credits: Credits::ZERO,
        draws: Default::default(),
        debt: Credits::ZERO,
        uncharged: Credits::ZERO,
    }
}

/// A builder that took these samples.
pub(crate) fn built(number: u32, length: RunLength, samples: &[Sample]) -> RunBuilder {
    let mut builder = RunBuilder::new(number, length);
    for sample in samples {
        builder.add(builder.next(), sample.at, &sample.fact);
    }
    builder
}

/// The hash of the chunk that a run ends in; any will do.
pub(crate) const CHAIN_HASH: [u8; 32] = [7; 32];

pub(crate) fn length(facts: u32) -> RunLength {
    RunLength::new(facts).expect("a length that runs may have")
}

/// What a list should hold.
pub(crate) fn postings(samples: &[Sample], posting: Posting) -> Vec<u32> {
    let is_listed = |sample: &Sample| match posting {
        Posting::Wallet(wallet) => sample.wallet == Some(wallet),
        Posting::EventType(number) => sample.event.is_some_and(|(event_type, _)| event_type == number),
        Posting::Audited => sample.is_audited,
    };
    (0u32..).zip(samples).filter(|(_, sample)| is_listed(sample)).map(|(offset, _)| offset).collect()
}

/// What the blocks of so many facts should be.
pub(crate) fn blocks(samples: &[Sample], block_facts: u32) -> Vec<Block> {
    let range = |times: &mut dyn Iterator<Item = Millis>| {
        let times: Vec<Millis> = times.collect();
        Some(TimeRange { first: *times.iter().min()?, last: *times.iter().max()? })
    };
    let of = |block: &[Sample]| Block {
        recorded_at: range(&mut block.iter().map(|sample| sample.at)).expect("a block has facts"),
        occurred_at: range(&mut block.iter().filter_map(|sample| sample.event).map(|(_, at)| at)),
    };
    samples.chunks(block_facts as usize).map(of).collect()
}

/// Where a key is bound, in a run that begins at `first`.
pub(crate) fn positions(samples: &[Sample], first: Position, key: KeyHash) -> Vec<Position> {
    let is_bound = |sample: &Sample| sample.key.is_some_and(|bound| bound.0[..8] == key.0[..8]);
    let bound = (first.0..).zip(samples).filter(|(_, sample)| is_bound(sample));
    bound.map(|(position, _)| Position(position)).collect()
}
