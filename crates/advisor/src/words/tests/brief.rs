//! The nine answers, each way they can come out.

use chargly_ledger::{Currency, EventTypeNo, PriceNo, Sureness};

use crate::impact::{
    AmountRange, Basis, Claim, Confidence, Counterfactual, Estimate, Impact, Interval, Level, PlainChange,
    PriceChange, Status, Totals, Why,
};
use crate::words::{
    BriefAdvice, BriefAnswer, BriefChange, BriefCustomer, BriefFigures, BriefQuality, BriefRate, BriefType,
    BriefWeek, brief,
};

const DOLLAR: i128 = 1_000_000_000;
const CREDIT: i128 = 1_000_000;

fn week(events: i128, dollars: i128, cost: Option<i128>) -> BriefWeek {
    BriefWeek {
        events,
        credits_micro: events * 10 * CREDIT,
        revenue_nano: dollars * DOLLAR,
        cost_nano: cost.map(|cost| cost * DOLLAR),
        ..BriefWeek::default()
    }
}

fn who(customer: &str, figure: i128) -> BriefCustomer {
    BriefCustomer { customer: Some(customer.to_owned()), figure }
}

/// A week of 100 events that earned $100 and cost $40, after one that cost $30.
fn figures() -> BriefFigures {
    BriefFigures {
        currency: Currency::USD,
        is_over: true,
        week: week(100, 100, Some(40)),
        before: week(100, 100, Some(30)),
        top: Some(who("ada", 400 * CREDIT)),
        losing: (0, 0),
        worst: None,
        types: vec![BriefType {
            event: "chat.reply".into(),
            week: week(100, 100, Some(40)),
            before: week(100, 100, Some(30)),
        }],
        models: 3,
        rates: Vec::new(),
        models_moved: (0, 0),
        owed_micro: 2_000 * CREDIT,
        deferred_nano: (200 * DOLLAR, 200 * DOLLAR),
        run_outs: Vec::new(),
        paced: 12,
        change: None,
        advice: None,
    }
}

fn answer(number: usize, figures: &BriefFigures) -> BriefAnswer {
    brief(figures)[number - 1].clone()
}

#[track_caller]
fn says(number: usize, figures: &BriefFigures, sentence: &str, quality: BriefQuality) -> BriefAnswer {
    let answer = answer(number, figures);
    assert_eq!((answer.sentence.as_str(), answer.quality), (sentence, quality));
    answer
}

#[test]
fn money_is_made_lost_and_an_upper_bound() {
    let made = "You made $60 on $100 of revenue: a margin of 60 %, down 10 points from the week before.";
    let answer = says(1, &figures(), made, BriefQuality::Complete);
    assert_eq!((answer.figure, answer.before, answer.change()), (Some(6_000), Some(7_000), Some(-1_000)));

    let lost =
        BriefFigures { week: week(100, 100, Some(130)), before: week(100, 100, Some(130)), ..figures() };
    let sentence = "You lost $30 on $100 of revenue: a margin of −30 %, as in the week before.";
    says(1, &lost, sentence, BriefQuality::Complete);

    let mut bound = figures();
    bound.week.cost_missing = 1;
    let sentence = format!("{made} It may be less: the cost of 1 event is missing.");
    says(1, &bound, &sentence, BriefQuality::CostsMissing);

    says(1, &BriefFigures { is_over: false, ..figures() }, made, BriefQuality::TooEarly);
}

#[test]
fn customers_who_cost_more_than_they_pay_are_counted_and_the_worst_named() {
    let nobody = "ada used most: 400 credits, 40 % of all. Nobody costs more than they pay.";
    says(2, &figures(), nobody, BriefQuality::Complete);
    let some = BriefFigures { losing: (3, 5), worst: Some(who("bob", 4 * DOLLAR)), ..figures() };
    let sentence = "ada used most: 400 credits, 40 % of all. 3 customers cost more than they pay, 2 fewer than the week \
                    before, bob most: by $4.";
    let told = says(2, &some, sentence, BriefQuality::Complete);
    assert_eq!((told.page.of.as_deref(), told.change()), (Some("bob"), Some(-2)));
    let erased = BriefCustomer { customer: None, figure: 4 * DOLLAR };
    let erased = answer(2, &BriefFigures { worst: Some(erased), ..some });
    assert!(erased.sentence.contains("a customer who was erased most") && erased.page.of.is_none());
}

#[test]
fn event_type_that_loses_money_comes_before_the_one_that_costs_most() {
    let mut two = figures();
    two.types.push(BriefType {
        event: "agent.run".into(),
        week: week(5, 2, Some(3)),
        before: BriefWeek::default(),
    });
    let sentence = "agent.run loses money: $3 for $2 of revenue, a margin of −50 %, with no week before to compare with.";
    let answer = says(3, &two, sentence, BriefQuality::Complete);
    assert!(answer.action.is_some());
    let sentence = "chat.reply costs most: $40 for $100 of revenue, a margin of 60 %, down 10 points from the week before.";
    assert_eq!(says(3, &figures(), sentence, BriefQuality::Complete).action, None);
}

#[test]
fn rates_that_moved_and_costs_that_moved_without_one() {
    let drifted = "No rate in your cards moved; they have 3 models. An event of chat.reply cost 40 ¢ on average, \
                   33.3 % more than the week before.";
    says(4, &figures(), drifted, BriefQuality::Complete);
    let rate = BriefRate {
        model: "acme agent-1".into(),
        unit: "input_tokens".into(),
        before_pico: 4_000_000,
        after_pico: 5_200_000,
    };
    let moved = BriefFigures { rates: vec![rate], models_moved: (2, 0), types: Vec::new(), ..figures() };
    let sentence =
        "acme agent-1 went from $4 to $5.20 for a million input tokens, 30 % more. 1 other model moved, too.";
    let answer = says(4, &moved, sentence, BriefQuality::Complete);
    assert_eq!((answer.figure, answer.before), (Some(2), Some(0)));
}

#[test]
fn what_is_owed_is_served_at_the_cost_of_a_credit_in_the_week() {
    // 1,000 credits cost $40, so 2,000 cost $80.
    let sentence = "You owe 2,000 credits now. At the end of the week $200 of what was paid for credits was not earned \
                    yet. Serving them costs about $80, at what a credit cost in the week.";
    says(5, &figures(), sentence, BriefQuality::Complete);
    let unknown = BriefFigures { week: week(100, 100, None), ..figures() };
    assert_eq!(answer(5, &unknown).quality, BriefQuality::CostsMissing);
}

#[test]
fn who_runs_out_is_named_with_the_days_that_are_left() {
    says(6, &figures(), "Nobody, of the 12 customers whose pace is known.", BriefQuality::Complete);
    let soon = BriefFigures { run_outs: vec![who("ada", 12), who("bob", 70)], ..figures() };
    let sentence = "2 customers would use up what they have within 7 days, ada first: in 1.2 days.";
    says(6, &soon, sentence, BriefQuality::Complete);
    let empty = BriefFigures { run_outs: vec![who("ada", 0)], ..figures() };
    let sentence = "1 customer would use up what they have within 7 days; ada has nothing left now.";
    says(6, &empty, sentence, BriefQuality::Complete);
}

fn change(status: Status) -> BriefFigures {
    let totals = |margin_bp| Totals { days: 28, margin_bp: Some(margin_bp), ..Totals::default() };
    let impact = Impact {
        change: PriceChange {
            event_type: EventTypeNo(0),
            version: PriceNo(1),
            // 1 October 2026.
            day: 20_727,
            old_credits_micro: 4_000_000,
            new_credits_micro: 5_000_000,
        },
        windows: None,
        before: totals(5_000),
        after: totals(6_000),
        plain: PlainChange {
            units_bp: None,
            events_bp: None,
            customer_days_bp: None,
            credits_bp: None,
            revenue_bp: None,
            cost_bp: None,
            margin_points_bp: Some(1_000),
        },
        controls: Vec::new(),
        status,
    };
    BriefFigures { change: Some(BriefChange { event: "image.generate".into(), impact }), ..figures() }
}

#[test]
fn price_change_is_told_as_ranges_or_as_too_early() {
    let early = change(Status::TooEarly { have_days: 3, need_days: 7, why: Why::DaysAfter });
    let sentence = "image.generate went from 4 to 5 credits on 1 Oct 2026. Too early to say what the price caused: 3 whole \
                    days since the change settled, 7 are needed.";
    let answer = says(7, &early, sentence, BriefQuality::TooEarly);
    assert_eq!(answer.change(), Some(1_000));

    let range = |low, high| AmountRange { low, high };
    let nothing = range(0, 0);
    let estimate = Estimate {
        units_bp: Interval { low: -800, middle: -500, high: -200 },
        elasticity_milli: None,
        without_change: Counterfactual {
            units_micro: nothing,
            credits_micro: nothing,
            revenue_nano: nothing,
            cost_nano: nothing,
            margin_nano: nothing,
        },
        margin_gain_nano: range(12 * DOLLAR, 40 * DOLLAR),
        confidence: Some(Confidence {
            claim: Claim::MarginRose,
            probability_bp: 8_700,
            level: Level::High,
            cap: None,
        }),
        basis: Basis::Comparison,
        placebos: 20,
    };
    let known = change(Status::Estimated(estimate));
    let sentence = "image.generate went from 4 to 5 credits on 1 Oct 2026. In the 28 days since then it moved units by −8 % \
                    to −2 % and what is left by $12 to $40; that it brought something is true at least 8 in 10.";
    says(7, &known, sentence, BriefQuality::Complete);
}

#[test]
fn advice_is_told_with_what_it_is_worth_unless_it_is_only_watched() {
    let advice = BriefAdvice {
        id: "rec_1".into(),
        title: "Raise chat.reply from 4 to 5 credits".into(),
        reason: "Its margin is under your target.".into(),
        sureness: Sureness::High,
        probability_bp: 9_000,
        lift_nano: 182 * DOLLAR,
    };
    let sure = BriefFigures { advice: Some(advice.clone()), ..figures() };
    let sentence = "Raise chat.reply from 4 to 5 credits. Its margin is under your target. It is true at least 9 in 10, and \
                    worth about $182 a month.";
    let answer = says(8, &sure, sentence, BriefQuality::Complete);
    assert_eq!(answer.page.of.as_deref(), Some("rec_1"));
    let watched = BriefAdvice { sureness: Sureness::Watching, ..advice };
    let watched = BriefFigures { advice: Some(watched), ..figures() };
    let answer = self::answer(8, &watched);
    assert_eq!((answer.figure, answer.action, answer.quality), (None, None, BriefQuality::TooEarly));
}

#[test]
fn data_is_complete_or_says_what_is_not() {
    says(
        9,
        &figures(),
        "Each of 100 events says what it cost, none came late, and no call was refused.",
        BriefQuality::Complete,
    );
    let mut holes = figures();
    (holes.week.cost_missing, holes.week.late, holes.week.refused) = (12, 3, 1);
    let sentence =
        "The cost of 12 of 100 events is missing, 3 came late, and 1 call was refused for want of credits.";
    let answer = says(9, &holes, sentence, BriefQuality::CostsMissing);
    assert_eq!((answer.figure, answer.before), (Some(8_800), Some(10_000)));
}
