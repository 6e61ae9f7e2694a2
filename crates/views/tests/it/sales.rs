//! What the books say of packs sold, of money that went back, and of what is given again and again.

use chargly_ledger::{Fact, Millis};
use chargly_testkit::story::told;
use chargly_views::{Figures, Interval, Views};

const CREDIT: i128 = 1_000_000;
const CENT: i128 = 10_000_000;

/// The books in all behind a story, and what is deferred then.
fn books(story: &str) -> (Figures, i128) {
    let mut views = Views::in_memory().expect("open");
    for stored in told(story) {
        let fact = Fact::decode(&stored.fact).expect("a fact");
        views.fold(stored.position, stored.at, &fact).expect("fold");
    }
    let books = views.books(Millis(i64::MIN), Millis::NEVER, Interval::Total).expect("books");
    let row = books.rows.first().expect("a row");
    (row.figures, row.deferred_nano)
}

/// Sold, refunded, recognised and deferred, in cents.
#[track_caller]
fn check(story: &str, expected: [i128; 4]) {
    let (figures, deferred) = books(&format!(
        "
        pack regular 500 for $10 days 30
        type tool caller-set
        order ada regular as o
        settle o paid discount $2 tax $1
        {story}"
    ));
    let money = [figures.sales_nano, figures.refunded_nano, figures.recognised_nano(), deferred];
    assert_eq!(money.map(|nano| nano / CENT), expected, "{story}");
    assert_eq!(figures.sales_nano, figures.refunded_nano + figures.recognised_nano() + deferred, "{story}");
}

#[test]
fn what_is_sold_is_refunded_recognised_or_deferred() {
    // A pack of $10 sold for $8 net of discount and tax; the buyer paid $9.
    for (story, expected) in [
        ("", [800, 0, 0, 800]),
        ("meter ada tool credits 250", [800, 0, 400, 400]),
        ("settle o refunded 50%", [800, 400, 0, 400]),
        ("settle o disputed 50%", [800, 0, 0, 800]),
        ("refund o", [800, 0, 0, 800]),
        // What was used and refunded is earned no more.
        ("meter ada tool credits 500\nsettle o refunded 50%", [800, 400, 400, 0]),
        ("meter ada tool credits 500\nsettle o withdrawn 100%\nsettle o back", [800, 0, 800, 0]),
        // So is what had lapsed.
        ("wait 30d\ndue ada", [800, 0, 800, 0]),
        ("wait 30d\ndue ada\nsettle o refunded 50%", [800, 400, 400, 0]),
        // What stays set aside when its lot expires is deferred, until the dispute has ended.
        ("settle o disputed 50%\nwait 30d\ndue ada", [800, 0, 400, 400]),
        ("settle o disputed 50%\nwait 30d\ndue ada\nsettle o back", [800, 0, 800, 0]),
        // The next pack pays what is owed, at its own price, and gets it back.
        (
            "meter ada tool credits 500\nsettle o withdrawn 100%\norder ada regular as p\nsettle p paid",
            [1800, 800, 1000, 0],
        ),
        (
            "meter ada tool credits 500\nsettle o withdrawn 100%\norder ada regular as p\nsettle p paid\nsettle o back",
            [1800, 0, 800, 1000],
        ),
    ] {
        check(story, expected);
    }
}

#[test]
fn what_is_given_counts_as_promotional_and_lapses_without_revenue() {
    let (figures, deferred) = books(
        "
        settings welcome 50
        allowance ada plan 100 day max 30
        due ada
        meter ada image.generate
        wait 1d
        due ada
        ",
    );
    // 50 at first sight, and 100 for each of two days; 30 of the 60 that were left are carried over.
    assert_eq!(figures.promotional_granted_micro, 250 * CREDIT);
    assert_eq!(figures.breakage_micro, 30 * CREDIT);
    assert_eq!((figures.recognised_nano(), deferred), (0, 0));
}

#[test]
fn credits_sold_and_taken_back_are_counted() {
    let (figures, _) = books(
        "
        pack regular 500 for $10
        order ada regular as o
        settle o paid
        settle o refunded 40%
        ",
    );
    assert_eq!(figures.paid_granted_micro, 500 * CREDIT);
    assert_eq!(figures.voided_micro, 200 * CREDIT);
}
