//! Advice on real use: two weeks of 366 customers of five models, with costs from a rate card and prices that somebody
//! might have begun with. The data is not part of this repository; without it this is skipped.
#![expect(
    clippy::float_arithmetic,
    reason = "the trace has means: requests and tokens are made whole numbers of them"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chargly_engine::advisor::{Advice, card};
use chargly_engine::ledger::{
    AdviceKind, Catalogue, Credits, Currency, EventTypeNo, EventTypeRequest, GrantKind, GrantRequest, Grid,
    KeyNo, Measure, Millis, Money, Needed, PriceRequest, Quantity, Rate, RateCardRequest, RateEntry,
    Recommendation, Rounding, Rule, Settings, Sureness, Unit, Usage,
};
use chargly_engine::{
    Clock, Environment, LookRequest, LookStatus, ManualClock, MeterEvent, OpenOptions, create,
};
use flate2::read::GzDecoder;

use crate::fixtures::{event, event_type, lot};

const SYSTEM: KeyNo = KeyNo::SYSTEM;
/// Monday, 2025-03-03, when the trace is said to begin.
const START_MS: i64 = 1_740_960_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Each model: the event type, credits for a request, and pico-dollars for an input and an output token ($0.55 a million
/// are 550,000).
const MODELS: [(&str, &str, &str, i64, i64); 5] = [
    ("deepseek-r1", "llm.deepseek_r1", "0.5", 550_000, 2_190_000),
    ("m-large", "llm.m_large", "0.3", 1_600_000, 6_400_000),
    ("m-mid", "llm.m_mid", "0.1", 400_000, 1_200_000),
    ("m-small", "llm.m_small", "0.01", 50_000, 200_000),
    ("mm-image", "llm.mm_image", "1", 800_000, 3_200_000),
];

/// One customer's ten minutes.
struct Row {
    model: usize,
    client: String,
    at_s: i64,
    requests: f64,
    /// Mean tokens of a request; no input for the image model, which is counted otherwise.
    input: Option<f64>,
    output: f64,
}

fn trace() -> Option<PathBuf> {
    let name = "servegen-clients-2025.csv.gz";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {name} is not beside the repository (looked in ../shared/data)");
    None
}

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(path).expect("opens")));
    let mut rows: Vec<Row> = reader
        .records()
        .map(|record| {
            let record = record.expect("a row");
            let number = |column: usize| record[column].parse::<f64>().ok();
            Row {
                model: MODELS.iter().position(|(model, ..)| *model == &record[0]).expect("a model"),
                client: format!("{}-{}", &record[0], &record[1]),
                at_s: record[2].parse().expect("seconds"),
                requests: number(3).expect("a rate") * 600.0,
                input: number(6),
                output: number(9).expect("output tokens"),
            }
        })
        .collect();
    rows.sort_by_key(|row| row.at_s);
    rows
}

/// A whole number of units, as a quantity; at least one.
fn whole(number: f64) -> Quantity {
    Quantity::parse(&format!("{:.0}", number.max(1.0))).expect("within the largest quantity")
}

fn metered(row: &Row) -> MeterEvent {
    let (model, name, ..) = MODELS[row.model];
    let requests = row.requests.max(1.0).round();
    let usage = row.input.map(|input| Usage {
        provider: "acme".into(),
        model: model.into(),
        is_batch: false,
        quantities: [
            (Unit::InputTokens, whole(input * requests)),
            (Unit::OutputTokens, whole(row.output * requests)),
        ]
        .into_iter()
        .collect(),
    });
    MeterEvent { quantity: whole(requests), usage, ..event(&row.client, name, None) }
}

async fn set_up(env: &Environment) {
    let rate = |unit, pico| Rate { unit, pico, above_input_tokens: 0, is_batch: false };
    let entries = MODELS.iter().map(|(model, _, _, input, output)| RateEntry {
        provider: "acme".into(),
        model: (*model).into(),
        rates: vec![rate(Unit::InputTokens, *input), rate(Unit::OutputTokens, *output)],
    });
    let card = RateCardRequest {
        source: "a price list".into(),
        note: "".into(),
        effective_at: None,
        entries: entries.collect(),
    };
    env.publish_rate_card(SYSTEM, card).await.expect("published");
    for (_, name, credits, ..) in MODELS {
        let no_price = EventTypeRequest { first_price: None, ..event_type(name, 1) };
        env.define_event_type(SYSTEM, no_price).await.expect("defined");
        let event_type = env.catalogue().event_type(name).expect("it is there").number;
        let rule = Rule::PerUnit {
            base: Credits::ZERO,
            credits: Credits::parse(credits).expect("credits"),
            measure: Measure::Quantity,
            minimum: None,
            maximum: None,
        };
        let price = PriceRequest {
            event_type,
            rule,
            grid: Grid::MicroCredit,
            rounding: Rounding::HalfUp,
            effective_at: None,
            note: "To begin with.".into(),
            replaces: None,
            because: None,
        };
        env.publish_price(SYSTEM, price, None).await.expect("published");
    }
}

/// Replays the trace and looks on the Monday after it.
async fn advice_on(path: &Path) -> (Arc<Environment>, Advice, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::at(START_MS));
    let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    create(dir.path(), "test", [7; 32], options()).expect("created");
    let env = Environment::open(dir.path(), options()).expect("opens");
    set_up(&env).await;
    let rows = rows(path);
    let mut customers: Vec<&str> = rows.iter().map(|row| row.client.as_str()).collect();
    customers.sort_unstable();
    customers.dedup();
    for customer in &customers {
        // A credit for a cent.
        let price = Some(Money { nano: 50_000_000 * 1_000_000_000 / 10, currency: Currency::USD });
        let lot = GrantRequest { kind: GrantKind::Paid, price, ..lot(500_000_000) };
        env.grant(SYSTEM, (*customer).into(), lot, None, None).await.expect("granted");
    }
    let mut now_s = 0;
    for window in rows.chunk_by(|one, other| one.at_s == other.at_s) {
        clock.advance((window[0].at_s - now_s) * 1_000);
        now_s = window[0].at_s;
        for metered in env.meter(SYSTEM, window.iter().map(metered).collect()).await {
            metered.expect("charged");
        }
    }
    clock.advance(14 * DAY_MS + DAY_MS / 3 - now_s * 1_000);
    env.change_settings(SYSTEM, Settings::default(), None).await.expect("the Monday after");
    let job = env.look_for_advice(LookRequest { seed: 0, is_dry: false });
    loop {
        match job.status() {
            LookStatus::Done(looked) => return (env, looked.advice.clone(), dir),
            LookStatus::Failed(why) => panic!("{why}"),
            _ => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_customers_of_five_models_get_advice_that_their_own_figures_bear_out() {
    let Some(path) = trace() else { return };
    let (env, advice, _dir) = advice_on(&path).await;
    let catalogue = env.catalogue();
    let name = |number| catalogue.event_type_no(number).expect("a type").name.to_string();
    let said = |kind| advice.recommendations.iter().filter(|made| made.kind == kind).collect::<Vec<_>>();
    if std::env::var("CHARGLY_PRINT_CARDS").is_ok() {
        for made in &advice.recommendations {
            print_card(made, &catalogue);
        }
    }

    // The image model's inputs are counted otherwise, so that no event of it has a cost.
    let [missing] = said(AdviceKind::DataQuality)[..] else { panic!("{:?}", names(&advice, &name)) };
    assert_eq!(name(missing.event_type), "llm.mm_image");
    // The large model earns 0.3 cents a request and costs a quarter of a cent: a step up pays however customers answer.
    let raises = said(AdviceKind::UnderTarget);
    let raise = raises.iter().find(|made| name(made.event_type) == "llm.m_large");
    let raise = raise.unwrap_or_else(|| panic!("{:?}", names(&advice, &name)));
    assert_eq!(raise.recommended.map(|price| price.to_string()), Some("0.4".to_owned()));
    assert_eq!((raise.probability_bp, raise.sureness()), (8_000, Sureness::Medium));
    assert!(raise.wants_notice(), "a third more for the same use");
    assert!(raise.backtest.as_ref().is_some_and(|backtest| backtest.customers > 100));
    // One day of deepseek-r1, and half of the middle model's cost is one customer's.
    let lacks = |event: &str, what| {
        let watched = advice.watched.iter().find(|watched| name(watched.event_type) == event);
        watched.is_some_and(|watched| watched.needs.iter().any(|need| need.what == what))
    };
    assert!(lacks("llm.deepseek_r1", Needed::Days));
    assert!(lacks("llm.m_mid", Needed::LargestCustomer));
    for made in &advice.recommendations {
        let is_asked =
            ["llm.deepseek_r1", "llm.m_mid", "llm.mm_image"].contains(&name(made.event_type).as_str());
        assert!(!is_asked || made.sureness() == Sureness::Watching, "{made:?}");
    }
}

fn names(advice: &Advice, name: &impl Fn(EventTypeNo) -> String) -> Vec<(String, &'static str)> {
    advice.recommendations.iter().map(|made| (name(made.event_type), made.kind.as_str())).collect()
}

fn print_card(made: &Recommendation, catalogue: &Catalogue) {
    let zone = chargly_engine::views::Zone::utc();
    let card = card(made, catalogue, &|at: Millis| zone.day_number(at));
    eprintln!("### {}\n", card.title);
    for section in card.sections {
        eprintln!("**{}.** {}\n", section.heading, section.text.join(" "));
    }
}
