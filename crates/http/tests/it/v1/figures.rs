//! `/v1/usage`, `/v1/revenue`, `/v1/margin`, `/v1/customers`: figures worked out by hand, the same as JSON and as CSV.

use chargly_engine::Clock as _;
use serde_json::{Value, json};

use crate::world::{Got, World};

/// A world in which $0.24 were earned twelve times over, worked out by hand below.
///
/// `user_42` has 1,000 credits bought for $20, so that a credit is $0.02; `user_7` the same. An image is 12 credits.
/// - `user_42`: 2 images with a reported cost of $0.04 each, 1 image without a cost, of which 6 credits were reversed
/// - `user_7`: 1 image at $0.10, 1 summary (5 credits) without a cost and none expected
/// - `user_0` has nothing: 1 image refused, with a cost of $0.04
async fn worked() -> (World, String) {
    let world = World::start().await;
    world
        .put("/v1/event-types/ai.summary", r#"{"label":"Summary","credits":5,"dimensions":["model"]}"#)
        .await
        .expect(200);
    world.grant("user_7", "1000").await;
    let meter = async |event: &str, customer: &str, more: &str| {
        let body = format!(r#"{{"event":"{event}","customer":"{customer}"{more}}}"#);
        world.post("/v1/events", &body).await
    };
    let cost = |amount: &str| format!(r#","cost":{{"amount":"{amount}","currency":"usd"}}"#);
    meter("image.generate", "user_42", &cost("0.04")).await.expect(200);
    meter("image.generate", "user_42", &cost("0.04")).await.expect(200);
    let third = meter("image.generate", "user_42", "").await.expect(200).text("/id");
    meter("image.generate", "user_7", &cost("0.10")).await.expect(200);
    meter("ai.summary", "user_7", r#","properties":{"model":"=cmd()"}"#).await.expect(200);
    meter("image.generate", "user_0", &cost("0.04")).await.expect(402);
    let reversed =
        world.post(&format!("/v1/events/{third}/reverse"), r#"{"reason":"blurred","credits":6}"#).await;
    let position = reversed.expect(200).position();
    (world, position)
}

/// Asks for the report at a position, as JSON, and checks that CSV has the same numbers.
async fn report(world: &World, path: &str, position: &str) -> Value {
    let separator = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{separator}min_position={position}");
    let got = world.get(&path).await.expect(200);
    assert_eq!(got.headers["chargly-position"].to_str().expect("ASCII"), position);
    let csv = world.get(&format!("{path}&format=csv")).await.expect(200);
    assert_same_numbers(&got.json(), &csv);
    got.json()
}

/// A reader of CSV that shares nothing with the writer.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\r' if !is_quoted => {}
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            letter => field.push(letter),
        }
    }
    records
}

#[track_caller]
fn assert_same_numbers(json: &Value, csv: &Got) {
    let text = String::from_utf8(csv.bytes.clone()).expect("UTF-8");
    let mut records = records(&text).into_iter();
    let columns = records.next().expect("a header");
    let rows = json["data"].as_array().expect("rows");
    assert_eq!(records.len(), rows.len(), "{text}");
    for (record, row) in records.zip(rows) {
        for (column, shown) in columns.iter().zip(&record) {
            let expected = match column.as_str() {
                "currency" | "time_zone" => json[column].clone(),
                "as_of_position" => json["as_of"]["position"].clone(),
                "as_of_at" => json["as_of"]["at"].clone(),
                column => row[column].clone(),
            };
            let expected = match expected {
                Value::Null => String::new(),
                Value::String(text) if text.starts_with(['=', '+', '@']) => format!("'{text}"),
                Value::String(text) => text,
                other => other.to_string(),
            };
            assert_eq!(*shown, expected, "{column}");
        }
        assert_eq!(columns.len() - 4, row.as_object().expect("an object").len());
    }
}

#[tokio::test]
async fn usage_by_event_is_what_was_worked_out_by_hand() {
    let (world, position) = worked().await;
    let got = report(&world, "/v1/usage?interval=total&group_by=event", &position).await;
    let images = json!({"event":"image.generate","events":4,"late_events":0,"quantity":4,"credits_used":42,
        "uncharged":0,"refused":1});
    let summaries = json!({"event":"ai.summary","events":1,"late_events":0,"quantity":1,"credits_used":5,
        "uncharged":0,"refused":0});
    assert_eq!(got["data"], json!([images, summaries]));
    assert_eq!(got["totals"]["credits_used"], 47);
    assert_eq!((&got["currency"], &got["time_zone"]), (&json!("usd"), &json!("UTC")));
    assert_eq!(got["group_by"], json!(["event"]));
}

#[tokio::test]
async fn days_without_use_are_there_and_the_last_one_is_unfinished() {
    let (world, position) = worked().await;
    let got = report(&world, "/v1/usage", &position).await;
    let days = got["data"].as_array().expect("rows");
    assert_eq!(days.len(), 30, "the last 30 days, the current one included");
    assert_eq!(days[0]["start"], "2026-10-25T00:00:00.000Z");
    assert_eq!(days[29]["start"], "2026-11-23T00:00:00.000Z");
    assert_eq!((&days[28]["unfinished"], &days[29]["unfinished"]), (&json!(false), &json!(true)));
    assert_eq!((&days[28]["events"], &days[29]["events"]), (&json!(0), &json!(5)));
    let hours = "/v1/usage?interval=hour&from=2026-11-23T09:30:00Z&to=2026-11-23T10:30:00Z";
    let got = report(&world, hours, &position).await;
    assert_eq!(got["from"], "2026-11-23T09:00:00.000Z", "back to where its hour begins");
    let events: Vec<_> = got["data"].as_array().expect("rows").iter().map(|row| &row["events"]).collect();
    assert_eq!(events, [0, 5]);
    for (interval, start) in [("week", "2026-11-23"), ("month", "2026-11-01")] {
        let path = format!("/v1/usage?interval={interval}&from=2026-11-20");
        let rows = report(&world, &path, &position).await["data"].clone();
        let last = rows.as_array().and_then(|rows| rows.last()).expect("a row");
        assert_eq!(last["start"], format!("{start}T00:00:00.000Z"));
        assert_eq!((&last["events"], &last["unfinished"]), (&json!(5), &json!(true)));
    }
}

#[tokio::test]
async fn revenue_has_the_books_around_it_and_both_ways_to_what_is_owed() {
    let (world, position) = worked().await;
    let got = report(&world, "/v1/revenue?interval=total", &position).await;
    // 47 credits at $0.02; $40 were sold.
    assert_eq!(
        got["data"],
        json!([{"recognised":"0.94","breakage":"0","credits_used":47,"price_per_credit":"0.02",
            "cash_sales":"40","refunds":"0","recognised_booked":"0.94","deferred_opening":"0",
            "deferred_closing":"39.06"}])
    );
    assert_eq!(got["deferred"]["by_books"], "39.06");
    assert_eq!((&got["deferred"]["by_lots"], &got["deferred"]["agrees"]), (&json!("39.06"), &json!(true)));
    assert_eq!(got["deferred"]["as_of"]["position"], position);
    assert_eq!(got["liability"], json!({"paid":1953,"promotional":0,"adjustment":0,"debt":0}));
    // Tomorrow opens with what today closes with.
    let days = report(&world, "/v1/revenue?from=2026-11-22", &position).await["data"].clone();
    assert_eq!(days[0]["deferred_closing"], days[1]["deferred_opening"]);
    assert_eq!(days[1]["deferred_closing"], "39.06");
    // Grouped, there are no books: money is not sold by event type.
    let by_event = report(&world, "/v1/revenue?interval=total&group_by=event", &position).await;
    assert_eq!(by_event["data"][0]["recognised"], "0.84");
    assert!(by_event["data"][0].get("cash_sales").is_none() && by_event.get("deferred").is_none());
}

#[tokio::test]
async fn margin_says_what_is_missing_and_never_0_for_it() {
    let (world, position) = worked().await;
    let got = report(&world, "/v1/margin?interval=total&group_by=event", &position).await;
    let images = &got["data"][0];
    // Revenue $0.84; known cost 0.04 + 0.04 + 0.10 of 3 of 4 events.
    for (figure, expected) in [
        ("recognised", json!("0.84")),
        ("cost", json!("0.18")),
        ("cost_missing", json!("0.25")),
        ("cost_reported", json!("0.18")),
        ("cost_reported_share", json!("1")),
        ("cost_estimated", json!("0")),
        ("contribution", json!("0.66")),
        ("gross_margin", json!("0.7857")),
        ("upper_bound", json!(true)),
        ("planning_revenue", json!("0.84")),
        ("planning_margin", json!("0.7857")),
        ("acquisition_cost", json!("0")),
        ("credits_given", json!(0)),
        ("unbilled_cost", json!("0.04")),
    ] {
        assert_eq!(images[figure], expected, "{figure}");
    }
    let summaries = &got["data"][1];
    for figure in ["cost", "cost_reported", "contribution", "gross_margin", "planning_margin", "cost_first"] {
        assert_eq!(summaries[figure], Value::Null, "{figure} of events whose cost is missing");
    }
    assert_eq!((&summaries["cost_missing"], &summaries["recognised"]), (&json!("1"), &json!("0.1")));
    assert_eq!((&got["credit_value"], &got["credit_value_source"]), (&json!("0.02"), &json!("paid")));
    let set = world.put("/v1/settings", r#"{"credit_value":"0.04"}"#).await.expect(200).position();
    let got = report(&world, "/v1/margin?interval=total&group_by=event", &set).await;
    assert_eq!((&got["credit_value"], &got["credit_value_source"]), (&json!("0.04"), &json!("set")));
    assert_eq!(got["data"][0]["planning_revenue"], "1.68");
    assert_eq!(got["data"][0]["planning_margin"], "0.8928");
}

#[tokio::test]
async fn margin_of_an_event_type_has_a_range_from_twenty_customers_on() {
    let world = World::start().await;
    let use_up = async |customers: std::ops::Range<u32>| {
        let mut position = String::new();
        for number in customers {
            let customer = format!("range_{number}");
            world.grant(&customer, "1000").await;
            let cost = ["0.04", "0.06", "0.08"][(number % 3) as usize];
            let body = format!(
                r#"{{"event":"image.generate","customer":"{customer}","cost":{{"amount":"{cost}","currency":"usd"}}}}"#
            );
            position = world.post("/v1/events", &body).await.expect(200).position();
        }
        position
    };
    let path = "/v1/margin?interval=total&group_by=event&margin_range=true&from=2026-11-23T09:30:00Z";
    let few = report(&world, path, &use_up(0..19).await).await;
    assert_eq!((&few["data"][0]["margin_low"], &few["data"][0]["margin_high"]), (&Value::Null, &Value::Null));
    let all = report(&world, path, &use_up(19..30).await).await;
    // Whole days, as customers are counted by.
    assert_eq!(
        (&all["from"], &all["to"]),
        (&json!("2026-11-23T00:00:00.000Z"), &json!("2026-11-24T00:00:00.000Z"))
    );
    let row = &all["data"][0];
    // 30 × $0.24 earned, 30 × $0.06 spent. The error of 0.06 is 0.003, of the margin 1.26 points: 75 % ± 2.5.
    assert_eq!(row["gross_margin"], "0.75");
    let end = |name: &str| -> f64 { row[name].as_str().expect("a share").parse().expect("a number") };
    let (low, high) = (end("margin_low"), end("margin_high"));
    assert!((0.715..0.735).contains(&low) && (0.765..0.785).contains(&high), "{low} to {high}");
    assert!(all["totals"]["margin_low"].is_null(), "of all types together nothing is said");
    let plain = report(
        &world,
        "/v1/margin?interval=total&group_by=event",
        &world.meter("user_42", "last").await.position(),
    )
    .await;
    assert!(plain["data"][0].get("margin_low").is_none());
}

#[tokio::test]
async fn margin_range_of_what_customers_are_not_counted_by_is_refused() {
    let world = World::start().await;
    for wrong in [
        "margin_range=true",
        "margin_range=true&interval=total",
        "margin_range=true&group_by=event",
        "margin_range=true&interval=total&group_by=event,customer",
        "margin_range=true&interval=total&group_by=event&customer=user_42",
        "margin_range=yes&interval=total&group_by=event",
    ] {
        let refused = world.get(&format!("/v1/margin?{wrong}")).await.expect(400);
        assert_eq!(refused.fields(), ["margin_range"], "{wrong}");
    }
    world.get("/v1/margin?margin_range=false&interval=day").await.expect(200);
}

#[tokio::test]
async fn given_credits_earn_nothing_booked_and_are_acquisition_in_planning() {
    let (world, _) = worked().await;
    world.post("/v1/customers/user_9/grants", r#"{"credits":100,"kind":"promotional"}"#).await.expect(200);
    let position = world.meter("user_9", "k").await.expect(200).position();
    let got = report(&world, "/v1/margin?interval=total&customer=user_9", &position).await;
    let row = &got["data"][0];
    assert_eq!((&row["recognised"], &row["gross_margin"]), (&json!("0"), &Value::Null));
    assert_eq!((&row["planning_revenue"], &row["acquisition_cost"]), (&json!("0.24"), &json!("0.24")));
    assert_eq!((&row["credits_used"], &row["credits_given"]), (&json!(12), &json!(12)));
    let revenue = report(&world, "/v1/revenue?interval=total", &position).await;
    assert_eq!(revenue["liability"]["promotional"], 88);
    assert_eq!(revenue["deferred"]["agrees"], true);
}

#[tokio::test]
async fn customers_are_ranked_and_paged() {
    let (world, position) = worked().await;
    let got = report(&world, "/v1/customers?sort=-credits", &position).await;
    let lines = got["data"].as_array().expect("rows");
    let names: Vec<_> = lines.iter().map(|line| &line["customer"]).collect();
    assert_eq!(names, ["user_42", "user_7", "user_0"]);
    assert_eq!(
        lines[1],
        json!({"customer":"user_7","events":2,"credits_used":17,"recognised":"0.34","cost":"0.1",
            "cost_missing":"0.5","contribution":"0.24","gross_margin":"0.7058","upper_bound":true,
            "available":983,"last_active":"2026-11-23T00:00:00.000Z","days_to_empty":null})
    );
    assert_eq!(got["next_cursor"], Value::Null);
    assert_eq!(got["active"], 2, "who was refused was not active");
    assert_eq!((&got["paying"], &got["losing"]), (&json!(2), &json!(0)));
    let (mut seen, mut path) = (Vec::new(), "/v1/customers?sort=-credits&limit=1".to_owned());
    for _ in 0..4 {
        let page = world.get(&path).await.expect(200).json();
        seen.extend(page["data"].as_array().expect("rows").iter().map(|line| line["customer"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/customers?sort=-credits&limit=1&cursor={cursor}");
    }
    assert_eq!(seen, ["user_42", "user_7", "user_0"]);
    let top = report(&world, "/v1/customers?event=ai.summary", &position).await;
    assert_eq!(top["data"].as_array().expect("rows").len(), 1);
    assert_eq!(top["data"][0]["customer"], "user_7");
    let by_cost = report(&world, "/v1/customers?sort=-cost", &position).await;
    assert_eq!(by_cost["data"][0]["customer"], "user_7");
    let by_loss = report(&world, "/v1/customers?sort=contribution", &position).await;
    let names: Vec<_> =
        by_loss["data"].as_array().expect("rows").iter().map(|row| &row["customer"]).collect();
    assert_eq!(names, ["user_0", "user_7", "user_42"], "who leaves least first");
}

#[tokio::test]
async fn groups_add_up_to_the_whole_and_filters_leave_their_part() {
    let (world, position) = worked().await;
    let whole = report(&world, "/v1/margin?interval=total", &position).await["data"][0].clone();
    for groups in ["event", "customer", "price_version", "event,customer", "event,price_version"] {
        let path = format!("/v1/margin?interval=total&group_by={groups}");
        let got = report(&world, &path, &position).await;
        assert_eq!(got["totals"], whole, "{groups}");
    }
    let mine =
        report(&world, "/v1/usage?interval=total&customer=user_7&group_by=customer,event", &position).await;
    let events: Vec<_> = mine["data"].as_array().expect("rows").iter().map(|row| &row["event"]).collect();
    assert_eq!(events, ["image.generate", "ai.summary"]);
    assert!(mine["data"].as_array().expect("rows").iter().all(|row| row["customer"] == "user_7"));
    let nobody = report(&world, "/v1/usage?interval=total&customer=nobody", &position).await;
    assert_eq!(nobody["totals"]["events"], 0);
    // A value that a spreadsheet would run is marked in CSV, which `report` checks.
    let models = report(&world, "/v1/usage?interval=total&group_by=model", &position).await;
    assert_eq!(
        models["data"],
        json!([{"dimension_value":"=cmd()","events":1,"late_events":0,"quantity":1,
        "credits_used":5,"uncharged":0,"refused":0}])
    );
    let filtered = report(&world, "/v1/usage?interval=total&filter%5Bmodel%5D=other", &position).await;
    assert_eq!(filtered["totals"]["events"], 0);
}

#[tokio::test]
async fn accept_header_asks_for_csv() {
    let (world, _) = worked().await;
    let request = world.request("GET", "/v1/usage").header("accept", "text/csv");
    let got = world.send(request.body(axum::body::Body::empty()).expect("a request")).await.expect(200);
    assert!(got.headers["content-type"].to_str().expect("ASCII").starts_with("text/csv"));
    let request = world.request("GET", "/v1/usage?format=json").header("accept", "text/csv");
    world.send(request.body(axum::body::Body::empty()).expect("a request")).await.expect(200).json();
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_report_is_named() {
    let world = World::start().await;
    for (query, fields) in [
        ("interval=year", vec!["interval"]),
        ("from=yesterday&to=2026-02-30", vec!["to", "from"]),
        ("from=2026-11-23&to=2026-11-23", vec!["from"]),
        ("group_by=modell", vec!["group_by"]),
        ("group_by=event,event", vec!["group_by"]),
        ("event=nothing&customer=&format=xml", vec!["event", "customer", "format"]),
        ("price_version=prv_x", vec!["price_version"]),
        ("filter%5Bmodel%5D=x", vec!["filter[model]"]),
        ("sort=-revenue&intervall=day", vec!["intervall", "sort"]),
        ("group_by=customer,price_version", vec!["group_by"]),
        ("group_by=customer&interval=hour", vec!["group_by"]),
        ("interval=hour&from=2000-01-01&to=2026-01-01", vec!["group_by"]),
        ("cursor=cur_x", vec!["cursor"]),
    ] {
        for report in ["usage", "revenue", "margin"] {
            let got = world.get(&format!("/v1/{report}?{query}")).await.expect(400);
            assert_eq!(got.fields(), fields, "{report}?{query}");
        }
    }
    for (query, fields) in [
        ("sort=revenue", vec!["sort"]),
        ("interval=day", vec!["interval"]),
        ("limit=0&cursor=x", vec!["limit"]),
        ("cursor=cur_x", vec!["cursor"]),
        ("cursor=cur_x.1", vec!["cursor"]),
    ] {
        let got = world.get(&format!("/v1/customers?{query}")).await.expect(400);
        assert_eq!(got.fields(), fields, "{query}");
    }
}

#[tokio::test]
async fn days_are_those_of_the_time_zone_once_figures_are_counted_anew() {
    let (world, _) = worked().await;
    let set = world.put("/v1/settings", r#"{"time_zone":"Asia/Kolkata"}"#).await.expect(200).position();
    let path = format!("/v1/usage?from=2026-11-23&min_position={set}");
    // Counted behind the old ones, which go on until then under their own name.
    for _ in 0..600 {
        let got = world.get(&path).await.expect(200).json();
        if got["time_zone"] == "Asia/Kolkata" {
            // The date may have been read before the change.
            let got = world.get(&path).await.expect(200).json();
            assert_eq!(got["from"], "2026-11-22T18:30:00.000Z", "where the date begins there");
            assert_eq!(got["data"][0]["start"], "2026-11-22T18:30:00.000Z");
            assert_eq!(got["data"][0]["events"], 5);
            return;
        }
        assert_eq!(got["totals"]["events"], 5);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the figures stay in the old time zone");
}

#[tokio::test]
async fn liability_is_cut_by_age_expiry_and_month_with_the_same_sums() {
    let world = World::start().await;
    let day_ms = 86_400_000;
    // user_42 has 1,000 credits for $20 for ever. A promotion of 100 ends in 5 days, a paid lot of 500 for $15 in 40.
    let ends = |days: i64| chargly_api::time::show(world.clock.wall_ms() + days * day_ms);
    let given = format!(r#"{{"credits":100,"kind":"promotional","expires_at":"{}"}}"#, ends(5));
    let paid = format!(
        r#"{{"credits":500,"kind":"paid","price":{{"amount":"15","currency":"usd"}},"expires_at":"{}"}}"#,
        ends(40)
    );
    world.post("/v1/customers/user_42/grants", &given).await.expect(200);
    let position = world.post("/v1/customers/user_7/grants", &paid).await.expect(200).position();
    let bought = |rows: &Value, of: &str| -> Vec<Value> {
        let rows = rows["data"].as_array().expect("rows").iter();
        rows.filter(|row| row["lots"] != 0)
            .map(|row| json!([row[of], row["kind"], row["lots"], row["credits"], row["deferred"]]))
            .collect()
    };
    let got = report(&world, "/v1/liability", &position).await;
    assert_eq!(got["data"].as_array().expect("rows").len(), 15, "empty ones are there too");
    let all = json!({"lots":3,"credits":1600,"deferred":"35"});
    assert_eq!((&got["by"], &got["totals"]), (&json!("age"), &all));
    assert_eq!(
        bought(&got, "bucket"),
        [json!(["under_30d", "paid", 2, 1500, "35"]), json!(["under_30d", "promotional", 1, 100, "0"])]
    );
    let got = report(&world, "/v1/liability?by=expiry", &position).await;
    assert_eq!(got["totals"], all);
    assert_eq!(
        bought(&got, "bucket"),
        [
            json!(["under_7d", "promotional", 1, 100, "0"]),
            json!(["under_90d", "paid", 1, 500, "15"]),
            json!(["never", "paid", 1, 1000, "20"]),
        ]
    );
    // Twelve credits burn: the promotion is given first. A day in December later some of November's are used.
    world.meter("user_42", "one").await.expect(200);
    world.clock.advance(35 * day_ms);
    world.meter("user_42", "two").await.expect(200);
    let position = world
        .post("/v1/customers/user_7/grants", r#"{"credits":10,"kind":"adjustment"}"#)
        .await
        .expect(200)
        .position();
    let got = report(&world, "/v1/liability?by=month", &position).await;
    let rows: Vec<Value> = got["data"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            json!([row["month"], row["kind"], row["lots"], row["credits"], row["deferred"], row["granted"]])
        })
        .collect();
    // 12 of 1,000 credits for $20 were used in December: $0.24 are recognised. What was left of the promotion lapsed.
    assert_eq!(
        rows,
        [
            json!(["2026-11-01T00:00:00.000Z", "paid", 2, 1488, "34.76", 1500]),
            json!(["2026-11-01T00:00:00.000Z", "promotional", 0, 0, "0", 100]),
            json!(["2026-12-01T00:00:00.000Z", "adjustment", 1, 10, "0", 10]),
        ]
    );
    let refused = world.get("/v1/liability?by=week&customer=user_42").await.expect(400);
    assert_eq!(refused.fields(), ["by", "customer"]);
}

#[tokio::test]
async fn burn_down_tells_what_became_of_the_sales_of_each_month() {
    let world = World::start().await;
    let day_ms = 86_400_000;
    // 23 November: user_42 has 1,000 paid credits. user_7 buys 600 that end in 10 days; user_8 100, taken back in December.
    let ends = chargly_api::time::show(world.clock.wall_ms() + 10 * day_ms);
    let price = r#""kind":"paid","price":{"amount":"12","currency":"usd"}"#;
    let lapsing = format!(r#"{{"credits":600,{price},"expires_at":"{ends}"}}"#);
    world.post("/v1/customers/user_7/grants", &lapsing).await.expect(200);
    let voided = world.post("/v1/customers/user_8/grants", &format!(r#"{{"credits":100,{price}}}"#)).await;
    let voided = voided.expect(200).text("/id");
    world.post("/v1/customers/user_9/grants", r#"{"credits":50,"kind":"promotional"}"#).await.expect(200);
    let event = world.meter("user_42", "one").await.expect(200).text("/id");
    world.meter("user_7", "two").await.expect(200);
    // 2 December, 12 December, 1 January.
    world.clock.advance(9 * day_ms);
    world
        .post(&format!("/v1/events/{event}/reverse"), r#"{"reason":"blurred","credits":4}"#)
        .await
        .expect(200);
    world.post("/v1/customers/user_42/grants", &format!(r#"{{"credits":200,{price}}}"#)).await.expect(200);
    world.clock.advance(10 * day_ms);
    world.post(&format!("/v1/grants/{voided}/void"), r#"{"reason":"by mistake"}"#).await.expect(200);
    world.meter("user_7", "three").await;
    world.clock.advance(20 * day_ms);
    let position = world.meter("user_42", "four").await.expect(200).position();
    let got = report(&world, "/v1/burn-down?from=2026-11-23&interval=month", &position).await;
    let rows: Vec<Value> = got["data"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            json!([
                &row["cohort"].as_str().expect("a time")[..7],
                &row["end"].as_str().expect("a time")[..10],
                row["unfinished"],
                row["granted"],
                row["used"],
                row["lapsed"],
                row["taken_back"],
                row["left"]
            ])
        })
        .collect();
    assert_eq!(
        rows,
        [
            json!(["2026-11", "2026-12-01", false, 1700, 24, 0, 0, 1676]),
            // Four came back, 588 lapsed, 100 were taken back.
            json!(["2026-11", "2027-01-01", false, 1700, 20, 588, 100, 992]),
            json!(["2026-12", "2027-01-01", false, 200, 0, 0, 0, 200]),
            json!(["2026-11", "2027-02-01", true, 1700, 32, 588, 100, 980]),
            json!(["2026-12", "2027-02-01", true, 200, 0, 0, 0, 200]),
        ]
    );
    let liability = report(&world, "/v1/liability?by=month", &position).await;
    let left: Vec<&Value> = liability["data"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["kind"] == "paid")
        .map(|row| &row["credits"])
        .collect();
    assert_eq!(left, [980, 200]);
    // 1 January 2027 less 400 days is 27 November 2025; the clock stands at 10:00.
    for (wrong, field) in [
        ("from=2025-11-27T09:59:59Z", "from"),
        ("from=2027-01-02", "from"),
        ("cohort=day", "cohort"),
        ("interval=hour", "interval"),
        ("customer=user_42", "customer"),
    ] {
        assert_eq!(
            world.get(&format!("/v1/burn-down?{wrong}")).await.expect(400).fields(),
            [field],
            "{wrong}"
        );
    }
    world.get("/v1/burn-down?from=2025-11-27T10:00:00Z&cohort=week").await.expect(200);
    let (epoch, _) = position.split_once('.').expect("epoch and position");
    world.get(&format!("/v1/burn-down?min_position={epoch}.999999999")).await.expect(503);
}
