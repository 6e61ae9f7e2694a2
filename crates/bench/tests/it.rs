//! The whole bench against a server of a few lines that keeps balances, and against ones that keep them wrongly.

mod toy_server;

use std::net::{SocketAddr, TcpListener};

use chargly_bench::{BenchPlan, CaseGroup, EVENTS_MIN, Measure, Report, serve_yardstick};
use toy_server::{Flaw, ToyHost};

/// An address where an empty handler is served until the process ends.
fn yardstick() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || serve_yardstick(listener));
    address
}

fn plan(cases: &[CaseGroup]) -> BenchPlan {
    BenchPlan {
        yardstick: None,
        cases: cases.to_vec(),
        seconds_per_run: 1,
        runs: 1,
        customers: 100,
        events: Some(EVENTS_MIN),
        quick: true,
        seed: 42,
        commit: "0123abc".to_owned(),
        day: 20_780,
    }
}

fn bench(flaw: Flaw, cases: &[CaseGroup]) -> Report {
    chargly_bench::run(&plan(cases), &mut ToyHost::new(flaw), &mut |_| {}).expect("a report")
}

fn has(report: &Report, measure: &Measure) -> bool {
    report.rows.iter().any(|row| row.measure == *measure && row.min > 0.0)
}

#[test]
fn server_that_counts_rightly_gets_a_correct_report_with_every_figure() {
    // PostgreSQL may not be installed, and has a test of its own.
    let cases = CaseGroup::ALL.into_iter().filter(|group| *group != CaseGroup::Postgres);
    let mut plan = plan(&cases.collect::<Vec<_>>());
    plan.yardstick = Some(yardstick());
    let mut steps = Vec::new();
    let report = chargly_bench::run(&plan, &mut ToyHost::new(Flaw::None), &mut |step| {
        steps.push(step.to_owned());
    })
    .expect("a report");
    assert!(report.is_correct(), "{report}");
    for measure in [
        Measure::EventsPerSecond,
        Measure::EventsPerSecondOfFifths,
        Measure::P50Milliseconds,
        Measure::P99Milliseconds,
        Measure::CpuMicrosecondsPerEvent,
        Measure::YardstickEventsPerSecond,
        Measure::RatioToYardstick,
        Measure::RatioHotToSpread,
        Measure::RatioLastToFirst,
        Measure::Accepted,
        Measure::MillisecondsToFirstAnswer,
        Measure::Milliseconds,
        Measure::FactsPerSecond,
        Measure::RatioBesideQuestions,
        Measure::Mebibytes,
        Measure::PeakMebibytes,
    ] {
        assert!(has(&report, &measure), "{measure:?} in\n{report}");
    }
    let missing = report.rows.iter().find(|row| row.measure == Measure::AcknowledgedMissing);
    assert!(missing.is_some_and(|row| row.max == 0.0), "{report}");
    assert!(steps.iter().any(|step| step.contains("run 1 of 1")), "{steps:?}");
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["rows"][0]["measure"], "events_per_second");
}

/// Where it is not installed, the report says so; both are a report of the case.
#[test]
fn postgres_is_measured_or_said_to_be_skipped() {
    let report = bench(Flaw::None, &[CaseGroup::Postgres]);
    assert!(report.is_correct(), "{report}");
    assert_eq!(has(&report, &Measure::RatioToPostgres), report.skipped.is_empty(), "{report}");
    assert_eq!(has(&report, &Measure::ProductEventsPerSecond), report.skipped.is_empty(), "{report}");
}

/// Each run of these begins where the one before ended, and an opening leaves a fact of its own.
#[test]
fn restarts_and_kills_can_be_repeated() {
    let mut plan = plan(&[CaseGroup::Restart, CaseGroup::Kill]);
    plan.runs = 2;
    let report = chargly_bench::run(&plan, &mut ToyHost::new(Flaw::None), &mut |_| {}).expect("a report");
    assert!(report.is_correct(), "{report}");
    let rebuilt = report.rows.iter().filter(|row| row.case.starts_with("rebuild"));
    assert_eq!(rebuilt.count(), 2, "{report}");
}

#[test]
fn server_that_forgets_accepted_events_is_found_out() {
    let report = bench(Flaw::ForgetsOneInAThousand, &[CaseGroup::Batch]);
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_overdraws_is_found_out() {
    let report = bench(Flaw::AffordsOneTooMany, &[CaseGroup::Overdraft]);
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_answers_for_another_customer_is_found_out() {
    let report = bench(Flaw::MixesUpCustomers, &[CaseGroup::Single]);
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_forgets_acknowledged_events_when_killed_is_found_out() {
    let report = bench(Flaw::ForgetsWhenKilled, &[CaseGroup::Kill]);
    assert!(!report.is_correct(), "{report}");
    assert!(has(&report, &Measure::AcknowledgedMissing), "{report}");
}

#[test]
fn server_that_charges_again_after_a_kill_is_found_out() {
    let report = bench(Flaw::ForgetsKeysWhenKilled, &[CaseGroup::Kill]);
    let books = report.checks.iter().find(|check| check.statement.contains("credits charged"));
    assert!(books.is_some_and(|check| !check.holds), "{report}");
}

#[test]
fn server_that_folds_other_balances_is_found_out() {
    let report = bench(Flaw::RebuildsWrongly, &[CaseGroup::Restart]);
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_refuses_the_key_is_an_error_that_says_so() {
    let mut host = ToyHost::new(Flaw::None);
    host.api_key = "sk_test_other";
    let error = chargly_bench::run(&plan(&[CaseGroup::Single]), &mut host, &mut |_| {})
        .expect_err("the key is unknown");
    assert!(format!("{error:#}").contains("the server answered 401"), "{error:#}");
}
