//! Facts as the journal has them count as the same facts already read do, and damaged ones are named.

use chargly_ledger::{
    Charge, Credits, Currency, DecodeError, Draw, EventTypeNo, Facets, Fact, IfInsufficient, LotNo,
    MeterRequest, Millis, Money, Position, PriceNo, Quantity, WalletEvent, WalletFact, WalletNo,
};
use chargly_views::{ViewError, Views};
use proptest::prelude::*;

use crate::facts::*;

/// Counts facts in their binary form, on top of what was folded before.
fn fold_encoded(views: &Views, facts: &[(Millis, Fact)]) -> Result<u64, ViewError> {
    facts.iter().try_fold(0, |folded, (at, fact)| {
        Ok(folded + views.fold_encoded(*at, [(views.next(), fact.encode().as_slice())])?)
    })
}

/// The parts of a meter event that both readers give.
type Parts = (WalletNo, MeterRequest, Charge, Option<Box<Facets>>);

/// What the narrow reader should make of bytes, by the wide one.
fn expected(bytes: &[u8]) -> Option<Result<Parts, DecodeError>> {
    match Fact::decode(bytes) {
        Ok(Fact::Wallet(WalletFact { header, event: WalletEvent::Metered { request, charge, facets } })) => {
            Some(Ok((header.wallet, request, charge, facets)))
        }
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    }
}

fn arb_metered() -> impl Strategy<Value = Fact> {
    let number = prop_oneof![any::<u32>(), 0..3u32];
    let amount = prop_oneof![any::<i64>(), 0..300i64, Just(i64::MAX), Just(i64::MIN)];
    let time = proptest::option::of(any::<i64>().prop_map(Millis));
    let cost = proptest::option::of(amount.clone());
    let draws = proptest::collection::vec((number.clone(), amount), 0..4);
    let credits = (0..Credits::MAX.micro(), 0..1_000i64, 0..1_000i64);
    (number, time, cost, draws, credits, any::<bool>(), 0..=Quantity::MAX.micro()).prop_map(
        |(number, occurred_at, cost, draws, (credits, debt, uncharged), flag, quantity)| {
            let draws = draws.into_iter().map(|(lot, amount)| Draw {
                lot: LotNo(lot),
                credits: Credits::from_micro(if flag { credits } else { amount }),
                revenue_nano: amount,
            });
            let request = MeterRequest {
                event_type: EventTypeNo(number),
                quantity: Quantity::from_micro(quantity).unwrap_or(Quantity::ONE),
                credits: flag.then_some(Credits::from_micro(credits)),
                cost: cost.map(|nano| Money { nano, currency: Currency::USD }),
                occurred_at,
                if_insufficient: if flag { IfInsufficient::Record } else { IfInsufficient::Refuse },
            };
            let charge = Charge {
                price: flag.then_some(PriceNo(number)),
                credits: Credits::from_micro(credits),
                draws: draws.collect(),
                debt: Credits::from_micro(debt),
                uncharged: Credits::from_micro(uncharged),
            };
            fact(WalletNo(number), WalletEvent::Metered { request, charge, facets: None })
        },
    )
}

proptest! {
    #[test]
    fn any_events_count_the_same_read_or_not(metered in proptest::collection::vec(arb_metered(), 1..20)) {
        let facts: Vec<_> = metered.into_iter().map(|fact| (TEN, fact)).collect();
        let (mut read, encoded) = (Views::in_memory().expect("open"), Views::in_memory().expect("open"));
        fold(&mut read, &facts);
        prop_assert_eq!(fold_encoded(&encoded, &facts).expect("fold"), facts.len() as u64);
        prop_assert_eq!(encoded.first_difference(&read).expect("compare"), None);
    }

    /// Whole, with a byte changed, cut short, and with a byte too many.
    #[test]
    fn the_narrow_reader_reads_what_the_wide_one_reads(
        metered in arb_metered(),
        (at, byte) in (any::<prop::sample::Index>(), any::<u8>()),
    ) {
        let whole = metered.encode();
        let at = at.index(whole.len());
        let mut changed = whole.clone();
        changed[at] = byte;
        for bytes in [whole.as_slice(), &changed, &whole[..at], &[whole.as_slice(), &[byte]].concat()] {
            match (Fact::decode_metered(bytes), expected(bytes)) {
                (Ok(Some((header, request, charge, facets))), expected) => {
                    prop_assert_eq!(expected, Some(Ok((header.wallet, request, charge, facets))));
                }
                (Err(found), expected) => prop_assert_eq!(expected, Some(Err(found))),
                // Another kind, which the wide reader has the last word on.
                (Ok(None), expected) => prop_assert!(!matches!(expected, Some(Ok(_)))),
            }
        }
    }
}

#[test]
fn every_kind_of_fact_counts_the_same_read_or_not() {
    let (mut read, encoded) = (Views::in_memory().expect("open"), Views::in_memory().expect("open"));
    fold(&mut read, &one_of_each());
    assert_eq!(fold_encoded(&encoded, &one_of_each()).expect("fold"), one_of_each().len() as u64);
    assert_eq!(encoded.first_difference(&read).expect("compare"), None);
    assert_eq!(encoded.digest().expect("digest"), read.digest().expect("digest"));
}

#[test]
fn what_was_counted_before_is_passed_over_and_a_gap_is_refused() {
    let views = Views::in_memory().expect("open");
    let bytes = metered(ADA, CHAT, 1, charge(1, &[(1, 2)]), None).encode();
    let chunk = |positions: std::ops::Range<u64>| positions.map(|p| (Position(p), bytes.as_slice()));
    assert_eq!(views.fold_encoded(TEN, chunk(0..5)).expect("fold"), 5);
    assert_eq!(views.fold_encoded(TEN, chunk(2..7)).expect("fold"), 2);
    let digest = views.digest().expect("digest");
    let error = views.fold_encoded(TEN, chunk(8..9)).expect_err("a gap");
    assert!(matches!(error, ViewError::OutOfOrder { expected: Position(7), found: Position(8) }), "{error}");
    assert_eq!(views.digest().expect("digest"), digest);
}

#[test]
fn a_fact_that_cannot_be_read_is_named_and_those_before_it_are_counted() {
    let (sound, opened) = (
        metered(ADA, CHAT, 1, charge(1, &[(1, 2)]), None).encode(),
        fact(ADA, WalletEvent::Opened { welcome: None }).encode(),
    );
    for damaged in [&sound[..sound.len() - 1], &opened[..opened.len() - 1], &[99]] {
        let views = Views::in_memory().expect("open");
        let error = views
            .fold_encoded(TEN, [(Position(0), sound.as_slice()), (Position(1), damaged)])
            .expect_err("damaged");
        assert!(matches!(error, ViewError::Unreadable { position: Position(1), .. }), "{error}");
        assert_eq!(views.next(), Position(1));
    }
}
