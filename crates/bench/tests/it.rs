//! The whole bench against a server of a few lines that keeps balances, and against ones that keep them wrongly.

mod toy_server;

use std::net::{SocketAddr, TcpListener};

use chargly_bench::{BenchPlan, CaseGroup, Measure, Report, serve_yardstick};
use toy_server::Flaw;

/// An address where an empty handler is served until the process ends.
fn yardstick() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || serve_yardstick(listener));
    address
}

fn plan(server: SocketAddr, cases: &[CaseGroup]) -> BenchPlan {
    BenchPlan {
        server,
        api_key: toy_server::API_KEY.to_owned(),
        yardstick: None,
        data_dir: None,
        server_pid: None,
        cases: cases.to_vec(),
        seconds_per_run: 1,
        runs: 1,
        customers: 100,
        quick: true,
        seed: 42,
        commit: "0123abc".to_owned(),
        date: "2026-11-23".to_owned(),
    }
}

fn bench(plan: &BenchPlan) -> Report {
    chargly_bench::run(plan, &mut |_| {}).expect("a report")
}

fn has(report: &Report, measure: &Measure) -> bool {
    report.rows.iter().any(|row| row.measure == *measure && row.min > 0.0)
}

#[test]
fn server_that_counts_rightly_gets_a_correct_report_with_every_figure() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut plan = plan(toy_server::start(Flaw::None), &CaseGroup::DEFAULT);
    plan.yardstick = Some(yardstick());
    plan.data_dir = Some(directory.path().to_owned());
    plan.server_pid = Some(std::process::id());
    let mut steps = Vec::new();
    let report = chargly_bench::run(&plan, &mut |step| steps.push(step.to_owned())).expect("a report");
    assert!(report.is_correct(), "{report}");
    for measure in [
        Measure::EventsPerSecond,
        Measure::P50Milliseconds,
        Measure::P99Milliseconds,
        Measure::CpuMicrosecondsPerEvent,
        Measure::YardstickEventsPerSecond,
        Measure::RatioToYardstick,
        Measure::RatioHotToSpread,
        Measure::Accepted,
        Measure::Mebibytes,
    ] {
        assert!(has(&report, &measure), "{measure:?} in\n{report}");
    }
    assert!(steps.iter().any(|step| step.contains("run 1 of 1")), "{steps:?}");
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["rows"][0]["measure"], "events_per_second");
}

#[test]
fn second_bench_of_the_same_server_with_another_seed_is_correct_too() {
    let mut plan = plan(toy_server::start(Flaw::None), &[CaseGroup::Overdraft, CaseGroup::Sag]);
    assert!(bench(&plan).is_correct());
    plan.seed += 1;
    let report = bench(&plan);
    assert!(report.is_correct(), "{report}");
    assert!(has(&report, &Measure::RatioLastToFirst), "{report}");
}

#[test]
fn second_bench_with_the_same_seed_is_told_that_its_keys_are_taken() {
    let plan = plan(toy_server::start(Flaw::None), &[CaseGroup::Single]);
    assert!(bench(&plan).is_correct());
    let report = bench(&plan);
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_forgets_accepted_events_is_found_out() {
    let report = bench(&plan(toy_server::start(Flaw::ForgetsOneInAThousand), &[CaseGroup::Batch]));
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_overdraws_is_found_out() {
    let report = bench(&plan(toy_server::start(Flaw::AffordsOneTooMany), &[CaseGroup::Overdraft]));
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_answers_for_another_customer_is_found_out() {
    let report = bench(&plan(toy_server::start(Flaw::MixesUpCustomers), &[CaseGroup::Single]));
    assert!(!report.is_correct(), "{report}");
}

#[test]
fn server_that_is_not_there_or_refuses_the_key_is_an_error_that_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let error = chargly_bench::run(&plan(free, &[]), &mut |_| {}).expect_err("nobody listens");
    assert!(format!("{error:#}").contains("connecting to"), "{error:#}");
    let mut wrong_key = plan(toy_server::start(Flaw::None), &[]);
    wrong_key.api_key = "sk_test_other".to_owned();
    let error = chargly_bench::run(&wrong_key, &mut |_| {}).expect_err("the key is unknown");
    assert!(format!("{error:#}").contains("the server answered 401"), "{error:#}");
}
