//! A recorded trace of real usage, metered by the real ledger and run again: under no proposal, and under one whose
//! sums are counted here without the simulator.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use chargly_ledger::{
    Action, Call, Credits, Currency, EventTypeNo, EventTypeRequest, Fact, GrantKind, GrantRequest, Grid,
    IfInsufficient, KeyNo, Measure, MeterRequest, Millis, Money, Payload, PayloadOf, PriceInputs,
    PriceRequest, PropertyValue, Quantity, Recorder as _, Rounding, Rule, State, execute, state_digest,
};
use chargly_simulator::{Mode, Proposal, ProposedPrice};
use chargly_testkit::ledger::VecRecorder;
use flate2::read::GzDecoder;

use crate::support::{Span, sum_of_figures};

const TRACE: &str = "azure-llm-2023.csv.gz";
/// The trace names no users; its events are dealt out to so many customers.
const CUSTOMERS: u64 = 40;
/// An event of a customer after which another pack is bought: some run out before.
const EVENTS_A_PACK: u64 = 60;
/// 2023-11-16, before the first event of the trace.
const BEFORE: Millis = Millis(1_700_092_800_000);

/// An event of the trace.
struct Row {
    event_type: EventTypeNo,
    input: Quantity,
    output: Quantity,
}

/// The rows of the trace: timestamp, service, tokens in, tokens out.
fn rows() -> Option<Vec<Row>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(TRACE);
    if !path.exists() {
        eprintln!("SKIPPED: {TRACE} is not beside the repository (looked in ../shared/data)");
        return None;
    }
    let lines = BufReader::new(GzDecoder::new(File::open(path).expect("opens"))).lines();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        Row {
            event_type: EventTypeNo(u32::from(cells[1] == "conv")),
            input: Quantity::parse(cells[2]).expect("a quantity"),
            output: Quantity::parse(cells[3]).expect("a quantity"),
        }
    };
    Some(lines.skip(1).map(|line| row(&line.expect("reads"))).collect())
}

/// A ledger being written.
struct Books {
    state: State,
    recorder: VecRecorder,
}

impl Books {
    fn open() -> Self {
        let mut books = Self { state: State::new(), recorder: VecRecorder::default() };
        books.recorder.now = BEFORE;
        let begun = Fact::EnvironmentCreated { name: "test".into(), salt: [7; 32], currency: Currency::USD };
        let recorded = books.recorder.record(&begun, PayloadOf::Nothing).expect("room");
        books.state.apply(recorded, &begun, None);
        for (index, name) in ["llm.code", "llm.conv"].into_iter().enumerate() {
            books.ask(Action::DefineEventType(EventTypeRequest {
                name: name.into(),
                label: name.into(),
                description: "".into(),
                caller_set_credits: false,
                dimensions: Vec::new(),
                archived: false,
                estimated_cost_nano: None,
                first_price: None,
            }));
            books.ask(Action::PublishPrice(PriceRequest {
                event_type: EventTypeNo::at(index),
                rule: each_property("output_tokens", 10_000),
                grid: Grid::MicroCredit,
                rounding: Rounding::HalfUp,
                effective_at: None,
                note: "by output".into(),
                replaces: None,
                because: None,
            }));
        }
        books
    }

    fn ask(&mut self, action: Action) -> bool {
        let call = Call { actor: KeyNo(1), key: None, action };
        let done = execute(&mut self.state, &call, self.recorder.now, &mut self.recorder);
        self.state.commit();
        done.is_ok()
    }

    fn grant(&mut self, customer: &str) {
        let request = GrantRequest {
            credits: Credits::whole(90).expect("in range"),
            kind: GrantKind::Paid,
            price: Money::parse("7.77", Currency::USD).ok(),
            priority: 0,
            effective_at: None,
            expires_at: Some(self.recorder.now.plus(4 * 60 * 1_000)),
            scope: Vec::new(),
        };
        assert!(self.ask(Action::Grant { customer: customer.into(), request }));
    }

    fn meter(&mut self, customer: &str, row: &Row) {
        let Row { event_type, input, output } = *row;
        // $2.50 and $10 a million tokens, as in the example mapping.
        let nano = input.micro() / 1_000_000 * 2_500 + output.micro() / 1_000_000 * 10_000;
        let request = MeterRequest {
            event_type,
            quantity: Quantity::from_micro(input.micro() + output.micro()).expect("a quantity"),
            credits: None,
            cost: Some(Money { nano, currency: Currency::USD }),
            occurred_at: None,
            if_insufficient: IfInsufficient::Refuse,
        };
        let inputs: PriceInputs =
            [("output_tokens".into(), PropertyValue::Number(output))].into_iter().collect();
        let properties = format!("{{\"input_tokens\":{input},\"output_tokens\":{output}}}");
        self.recorder.payload = Payload { properties: Some(properties.into()), ..Payload::default() };
        self.ask(Action::Meter { customer: customer.into(), request, inputs, facets: None });
    }
}

fn each_property(name: &str, micro: i64) -> Rule {
    Rule::PerUnit {
        base: Credits::ZERO,
        credits: Credits::from_micro(micro),
        measure: Measure::Property(name.into()),
        minimum: None,
        maximum: None,
    }
}

#[test]
fn a_real_trace_comes_out_as_it_was_and_a_proposal_adds_up() {
    let Some(rows) = rows() else { return };
    let mut books = Books::open();
    for (index, row) in (0_u64..).zip(&rows) {
        let customer = format!("azure_{}", index % CUSTOMERS);
        books.recorder.now = books.recorder.now.plus(127);
        if (index / CUSTOMERS).is_multiple_of(EVENTS_A_PACK) {
            books.grant(&customer);
        }
        books.meter(&customer, row);
    }
    let stored = books.recorder.stored();
    for begin in [0, stored.len() / 3] {
        let span = Span::new(stored, begin..stored.len());
        for mode in [Mode::Static, Mode::Replenishing] {
            let (world, happened) = span.run(&Proposal::default(), mode);
            assert_eq!(world.differences(), 0);
            assert_eq!(state_digest(world.state()), span.digest());
            assert_eq!(sum_of_figures(world.tally()), sum_of_figures(&happened));
            assert!(happened.totals.denied > 0 && happened.totals.breakage_nano > 0, "everything happens");
        }
    }

    // By input instead: what the same usage costs is counted from the trace itself.
    let price = ProposedPrice {
        rule: each_property("input_tokens", 1_000),
        grid: Grid::MicroCredit,
        rounding: Rounding::HalfUp,
    };
    let proposal: Proposal = (0..2).map(|no| (EventTypeNo(no), price.clone())).collect();
    let (world, happened) = Span::new(stored, 0..stored.len()).run(&proposal, Mode::Static);
    let metered = stored.iter().filter_map(|one| match Fact::decode(&one.fact).expect("a fact") {
        Fact::Wallet(fact) => Some(fact.event),
        _ => None,
    });
    let mut left = rows.iter();
    let mut expected = 0_i128;
    for event in metered {
        match event {
            chargly_ledger::WalletEvent::Metered { .. } => {
                expected += i128::from(left.next().expect("a row").input.micro()) / 1_000;
            }
            chargly_ledger::WalletEvent::Refused { .. } => drop(left.next()),
            _ => {}
        }
    }
    let types = world.tally().types();
    assert_eq!(types.iter().map(|t| t.asked_after_micro).sum::<i128>(), expected);
    assert_eq!(
        types.iter().map(|t| t.asked_before_micro).sum::<i128>(),
        happened.types().iter().map(|t| t.used_micro).sum::<i128>(),
    );
    assert_eq!(world.tally().totals.unpriced, 0);
}
