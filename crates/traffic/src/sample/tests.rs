//! Tests of `sample.rs`.

use std::collections::HashMap;

use super::*;

/// Monday 23 November 2026, 00:00 UTC.
const END: i64 = 1_795_392_000_000;

fn shape(customers: u32, events: u64, days: u32) -> Shape {
    Shape { customers, events, days, end_unix_ms: END }
}

fn sample(seed: u64, shape: Shape) -> SampleTraffic {
    SampleTraffic::new(seed, shape).unwrap_or_else(|error| panic!("{error}"))
}

/// The value below which `per_mille` thousandths of the values are.
fn quantile(values: &[u64], per_mille: usize) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[(values.len() * per_mille / 1_000).min(values.len() - 1)]
}

#[test]
fn a_seed_gives_the_same_events_for_ever() {
    let events: Vec<SampleEvent> = sample(7, shape(50, 1_000, 7)).collect();
    assert_eq!(events, sample(7, shape(50, 1_000, 7)).collect::<Vec<_>>());
    assert_ne!(events, sample(8, shape(50, 1_000, 7)).collect::<Vec<_>>());
    // Pinned: another platform or version must draw the same.
    assert_eq!(
        events[0],
        SampleEvent {
            key: "sample-7-1".into(),
            event: "agent.run",
            customer: "sample_00011".into(),
            occurred_at_unix_ms: 1_794_787_950_405,
            model: "deepseek-r1",
            input_tokens: 1_553,
            output_tokens: 882,
            cost_nanos: 2_785_730,
            currency: "usd",
            number: 1,
        }
    );
    let cost: i64 = events.iter().map(|event| event.cost_nanos).sum();
    let last = events.last().expect("a thousand of them");
    assert_eq!((last.occurred_at_unix_ms, cost), (1_795_391_613_360, 7_434_575_900));
}

#[test]
fn as_many_events_as_asked_for_fall_in_order_inside_the_days() {
    for (events, days) in [(0, 1), (1, 1), (10, 30), (50_000, 1), (50_000, 90)] {
        let times: Vec<i64> =
            sample(1, shape(20, events, days)).map(|event| event.occurred_at_unix_ms).collect();
        assert_eq!(u64::try_from(times.len()).ok(), Some(events));
        assert!(times.is_sorted());
        assert!(times.iter().all(|time| (END - i64::from(days) * DAY_MS..END).contains(time)));
    }
}

#[test]
fn tokens_are_as_large_as_in_the_traces() {
    let events: Vec<SampleEvent> =
        sample(3, shape(100, 200_000, 30)).filter(|e| e.input_tokens > 0).collect();
    let input: Vec<u64> = events.iter().map(|event| event.input_tokens).collect();
    let output: Vec<u64> = events.iter().map(|event| event.output_tokens).collect();
    let figures =
        [quantile(&input, 500), quantile(&input, 990), quantile(&output, 500), quantile(&output, 990)];
    for (figure, expected) in figures.into_iter().zip([980..1_030, 5_250..5_650, 112..122, 870..950]) {
        assert!(expected.contains(&figure), "{figures:?}");
    }
}

#[test]
fn a_tenth_of_the_customers_makes_most_of_the_traffic() {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for event in sample(3, shape(2_000, 200_000, 30)) {
        *counts.entry(event.customer).or_default() += 1;
    }
    let mut sizes: Vec<u64> = counts.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let top: u64 = sizes.iter().take(200).sum();
    assert!((130_000..170_000).contains(&top), "{top} of 200,000");
}

#[test]
fn every_event_type_comes_in_its_share_with_its_model() {
    let mut counts: HashMap<(&str, &str), u64> = HashMap::new();
    sample(3, shape(10, 100_000, 7))
        .for_each(|event| *counts.entry((event.event, event.model)).or_default() += 1);
    for (kind, expected) in [
        (("chat.reply", "m-large"), 48_000),
        (("ai.summary", "m-large"), 18_000),
        (("workflow.step", "m-small"), 16_000),
        (("image.generate", "mm-image"), 10_000),
        (("agent.run", "deepseek-r1"), 8_000),
    ] {
        let count = counts.get(&kind).copied().unwrap_or(0);
        assert!(count.abs_diff(expected) < 600, "{kind:?}: {count}");
    }
    assert_eq!(counts.len(), 5);
}

#[test]
fn nights_and_weekends_are_quieter() {
    // Four whole weeks.
    let (mut by_hour, mut by_weekday) = ([0_u64; 24], [0_u64; 7]);
    for event in sample(5, shape(10, 300_000, 28)) {
        let hours = event.occurred_at_unix_ms / 3_600_000;
        by_hour[usize::try_from(hours % 24).expect("below 24")] += 1;
        by_weekday[usize::try_from((hours / 24 + 3) % 7).expect("below 7")] += 1;
    }
    assert!(by_hour[5] * 10 < by_hour[21] * 7, "{by_hour:?}");
    let (week, weekend): (u64, u64) = (by_weekday[..5].iter().sum(), by_weekday[5..].iter().sum());
    // Two days at 0.66 against five: 0.264.
    assert!(weekend * 1_000 / week > 244 && weekend * 1_000 / week < 284, "{by_weekday:?}");
}

#[test]
fn minutes_come_in_bursts() {
    let mut per_minute: HashMap<i64, u64> = HashMap::new();
    // As busy as the Azure trace: 481 events a minute on average, 859 in the busiest of its 58.
    sample(5, shape(10, 481 * 1_440, 1)).for_each(|event| {
        *per_minute.entry(event.occurred_at_unix_ms / 60_000).or_default() += 1;
    });
    let counts: Vec<u64> = per_minute.into_values().collect();
    let busy = quantile(&counts, 983);
    assert!((850..1_250).contains(&busy), "{busy}");
}

#[test]
fn customers_stay_the_same_when_only_the_number_of_events_changes() {
    let busiest = |events: u64| {
        let mut counts: HashMap<String, u64> = HashMap::new();
        sample(9, shape(40, events, 7)).for_each(|event| *counts.entry(event.customer).or_default() += 1);
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(customer, _)| customer)
    };
    assert_eq!(busiest(5_000), busiest(20_000));
}

#[test]
fn a_sample_event_is_metered_like_a_recorded_one() {
    let sample = SampleEvent {
        key: "sample-1-9".into(),
        event: "chat.reply",
        customer: "sample_00004".into(),
        occurred_at_unix_ms: END - 1,
        model: "m-large",
        input_tokens: 812,
        output_tokens: 0,
        cost_nanos: 2_030_000,
        currency: "usd",
        number: 9,
    };
    let recorded = RecordedEvent::from(sample);
    assert_eq!(recorded.occurred_at.as_deref(), Some("2026-11-22T23:59:59.999Z"));
    assert_eq!(recorded.cost.map(|cost| cost.amount).as_deref(), Some("0.00203"));
    assert_eq!(recorded.properties.get("input_tokens"), Some(&PropertyValue::Number("812".into())));
    assert_eq!(recorded.properties.len(), 2, "no output tokens, no property");
    assert_eq!((recorded.source_line, recorded.quantity.as_deref()), (9, Some("1")));
}

#[test]
fn shapes_are_refused_just_outside_their_limits() {
    let end = |end_unix_ms: i64| Shape { end_unix_ms, ..shape(1, 1, 1) };
    for (shape, refused) in [
        (shape(1, 1, 1), None),
        (shape(0, 1, 1), Some(ShapeError::Customers)),
        (shape(MAX_SAMPLE_CUSTOMERS + 1, 1, 1), Some(ShapeError::Customers)),
        (shape(1, MAX_SAMPLE_EVENTS, 1), None),
        (shape(1, MAX_SAMPLE_EVENTS + 1, 1), Some(ShapeError::Events)),
        (shape(1, 1, 0), Some(ShapeError::Days)),
        (shape(1, 1, MAX_SAMPLE_DAYS), None),
        (shape(1, 1, MAX_SAMPLE_DAYS + 1), Some(ShapeError::Days)),
        (end(DAY_MS), None),
        (end(DAY_MS - 1), Some(ShapeError::End)),
        (end(i64::MIN), Some(ShapeError::End)),
        (end(i64::MAX), Some(ShapeError::End)),
    ] {
        assert_eq!(SampleTraffic::new(1, shape).err(), refused, "{shape:?}");
    }
}
