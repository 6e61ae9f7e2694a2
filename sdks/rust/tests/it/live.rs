//! Every operation, against a server.

use std::time::Duration;

use chargly_client::{
    Amount, Apply, BatchResult, Capture, Client, CreateCheckout, Error, EventQuery, Grant, Hold,
    InsufficientCredits, Meter, MeterResult, MeteredError, Method, Money, PageQuery, PlaceHold,
    RecommendationQuery, Reverse, UsageQuery,
};
use serde_json::{Value, json};

use crate::server::{Server, funded};

fn decimal(text: &str) -> Amount {
    text.parse().unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> InsufficientCredits {
    match result {
        Err(Error::InsufficientCredits(refusal)) => *refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_from_start_to_end() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let customer = funded(&client, 1000).await;
    let event = || {
        Meter::new("image.generate", &customer)
            .cost(Money::new("0.04", "usd"))
            .property("size", "1024")
            .idempotency_key(format!("{customer}-job"))
    };
    let result = client.meter(event()).await.unwrap();
    assert_eq!(
        (result.deducted_credits, result.remaining_balance, result.replayed),
        (40.into(), 960.into(), false)
    );
    let again = client.meter(event()).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.raw, result.raw);

    let wallet = client.get_wallet_at(&customer, result.position.as_deref().unwrap()).await.unwrap();
    assert_eq!((wallet.balance, wallet.posted, wallet.held), (960.into(), 960.into(), 0.into()));
    assert_eq!(
        (wallet.unit.as_str(), wallet.frozen, wallet.lots[0].remaining),
        ("credits", false, 960.into())
    );
    let stored = client.get_event(&result.event_id).await.unwrap();
    assert_eq!((stored.credits, stored.quantity, stored.reversed), (40.into(), 1.into(), 0.into()));
    assert_eq!(stored.properties, Some(json!({ "size": "1024" })));
    assert_eq!(stored.cost, Some(json!({ "amount": "0.04", "currency": "usd", "source": "reported" })));
    let listed = client.list_events(EventQuery::new().customer(&customer)).await.unwrap();
    assert_eq!(listed.data.len(), 1);

    let page = client.list_wallet_history(&customer, PageQuery::new().limit(1u16)).await.unwrap();
    assert_eq!(
        (page.data[0].kind.as_str(), page.data[0].credits, page.data[0].balance_after),
        ("charge", (-40).into(), 960.into())
    );
    let rest = client
        .list_wallet_history(&customer, PageQuery::new().cursor(page.next_cursor.unwrap()))
        .await
        .unwrap();
    assert_eq!(rest.into_iter().map(|entry| entry.kind).collect::<Vec<_>>(), ["grant"]);

    assert_eq!(
        client.reverse_event(&result.event_id, Reverse::new("blurred").credits(15)).await.unwrap().credits,
        15
    );
    let rest = client.reverse_event(&result.event_id, Reverse::new("blurred")).await.unwrap();
    assert_eq!(rest.remaining_balance, 1000);
    let more = client.reverse_event(&result.event_id, Reverse::new("again").credits(1)).await;
    assert!(matches!(more, Err(Error::AlreadyReversed { left: Amount::ZERO, .. })), "{more:?}");
    let costs =
        client.set_event_cost(&result.event_id, Money::new("0.05", "usd"), Some("invoice")).await.unwrap();
    assert_eq!(costs.to_value()["cost"]["amount"], "0.05");

    let nobody = client.get_wallet("never/seen ü?#").await.unwrap();
    assert_eq!(
        (nobody.customer_id.as_str(), nobody.wallet_id, nobody.balance),
        ("never/seen ü?#", None, 0.into())
    );
    assert_eq!(client.get_wallet("a/../b").await.unwrap().customer_id, "a/../b");
}

#[tokio::test]
async fn credits_are_exact() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    for credits in ["0.1", "0.2", "0.000001", "7000000000.123456"] {
        client.grant("exact", decimal(credits)).await.unwrap();
    }
    assert_eq!(client.get_wallet("exact").await.unwrap().balance, decimal("7000000000.423457"));
    let whole = client.grant("exact", decimal("0.576543")).await.unwrap();
    assert_eq!(whole.remaining_balance.whole(), Some(7_000_000_001));
}

#[tokio::test]
async fn from_a_refusal_over_a_purchase_to_the_work() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let customer = funded(&client, 30).await;
    let event = || Meter::new("image.generate", &customer).idempotency_key("report-1");
    let refusal = refused(client.meter(event()).await);
    assert_eq!((refusal.required, refusal.available, refusal.shortfall), (40.into(), 30.into(), 10.into()));
    assert_eq!(
        (refusal.customer.as_str(), refusal.problem.status_code, refusal.problem.retryable),
        (customer.as_str(), Some(402), false)
    );
    let pack = refusal.checkout_hint.clone().unwrap().smallest_covering_pack.unwrap();
    assert_eq!(
        (pack.code.as_str(), pack.credits, pack.price.minor_units()),
        ("starter_500", 500.into(), Some(1000))
    );

    let order = client
        .create_checkout(CreateCheckout::new(&customer, &pack.code).idempotency_key("cart-1"))
        .await
        .unwrap();
    let twice = client
        .create_checkout(CreateCheckout::new(&customer, &pack.code).idempotency_key("cart-1"))
        .await
        .unwrap();
    assert_eq!(order.checkout_id, twice.checkout_id);
    let pay = reqwest::Client::new().post(order.checkout_url.as_deref().unwrap());
    pay.header("content-type", "application/x-www-form-urlencoded").body("action=pay").send().await.unwrap();
    assert_eq!(client.refresh_checkout(&order.checkout_id).await.unwrap().status, "paid");
    assert_eq!(client.get_checkout(&order.checkout_id).await.unwrap().status, "paid");

    // The refusal stays what it was for its key, also with credits.
    refused(client.meter(event()).await);
    let result: MeterResult = refusal.retry_after_top_up().await.unwrap();
    assert_eq!((result.deducted_credits, result.idempotency_key.as_str()), (40.into(), "report-1~2"));
    // Another process that was refused under the same key finds what this one did.
    let other = refused(client.meter(event()).await);
    assert!(other.retry_after_top_up::<MeterResult>().await.unwrap().replayed);
    assert_eq!(client.get_wallet(&customer).await.unwrap().balance, 490);

    let packs = client.list_credit_packs().await.unwrap();
    let power = packs.iter().find(|pack| pack.id == "power_4000").unwrap();
    assert_eq!(
        (power.name.as_str(), power.credits, power.price.minor_units()),
        ("Power", 4000.into(), Some(6000))
    );
}

#[tokio::test]
async fn refusals_are_variants_with_their_facts() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let customer = funded(&client, 1000).await;
    let Err(Error::UnknownEventType { event, did_you_mean, .. }) =
        client.meter_event("image.generat", &customer).await
    else {
        panic!()
    };
    assert_eq!((event.as_str(), did_you_mean.as_deref()), ("image.generat", Some("image.generate")));
    let Err(Error::InvalidRequest { mut errors, .. }) = client.meter_event("Image!", "").await else {
        panic!()
    };
    errors.sort_by(|a, b| a.field.cmp(&b.field));
    assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["customer", "event"]);
    let keyed = |key: &str| Meter::new("image.generate", &customer).idempotency_key(key);
    client.meter(keyed("k")).await.unwrap();
    assert!(
        matches!(client.meter(keyed("")).await, Err(Error::InvalidRequest { .. })),
        "an empty key is sent, and refused"
    );
    let conflict = client.meter(keyed("k").quantity(2)).await;
    let Err(Error::IdempotencyConflict { field, first, now, .. }) = conflict else { panic!("{conflict:?}") };
    assert_eq!((field.as_str(), first.as_str(), now.as_str()), ("quantity", "1", "2"));
    let missing = client.get_event("evt_0000000000002d6bapvf").await;
    assert!(matches!(missing, Err(Error::NotFound { kind: Some(kind), .. }) if kind == "event"));
    let stranger = Client::builder().api_key("sk_test_wrong").base_url(&server.url).build().unwrap();
    assert!(matches!(stranger.get_wallet("x").await, Err(Error::Unauthorized { .. })));
    let made = json!({ "label": "reader", "scopes": ["read"] });
    let made = client.request(Method::POST, "/v1/keys", Some(&made), None).await.unwrap().to_value();
    let reader =
        Client::builder().api_key(made["secret"].as_str().unwrap()).base_url(&server.url).build().unwrap();
    let forbidden = reader.meter_event("image.generate", &customer).await;
    assert!(
        matches!(forbidden, Err(Error::Forbidden { required_scope: Some(scope), .. }) if scope == "meter")
    );
    let freeze = format!("/v1/customers/{customer}/wallet/freeze");
    client.request(Method::POST, &freeze, Some(&json!({ "reason": "test" })), None).await.unwrap();
    assert!(matches!(client.meter_event("image.generate", &customer).await, Err(Error::WalletFrozen { .. })));
    assert!(client.get_wallet(&customer).await.unwrap().frozen);
    client
        .request(Method::PUT, "/v1/event-types/no.price", Some(&json!({ "label": "x" })), None)
        .await
        .unwrap();
    assert!(matches!(client.meter_event("no.price", "x").await, Err(Error::NoActivePrice { .. })));
}

#[tokio::test]
async fn batches() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let (rich, poor) = (funded(&client, 1000).await, funded(&client, 0).await);
    let batch = client
        .meter_events([
            Meter::new("image.generate", &rich).idempotency_key("b1"),
            Meter::new("image.generate", &poor),
            Meter::new("nope", &rich),
            Meter::new("chat.reply", &rich).quantity(decimal("0.5")).cost(Money::new("0.01", "usd")),
        ])
        .await
        .unwrap();
    assert_eq!((batch.accepted, batch.refused, batch.replayed), (2, 2, 0));
    assert_eq!(batch.errors().map(|(place, _)| place).collect::<Vec<_>>(), [1, 2]);
    client.grant(&poor, 50).await.unwrap();
    let Err(Error::InsufficientCredits(refusal)) = &batch.results[1] else { panic!() };
    assert_eq!(refusal.retry_after_top_up::<MeterResult>().await.unwrap().remaining_balance, 10);

    let images = || [Meter::new("image.generate", &poor), Meter::new("image.generate", &poor)];
    let refusal = refused(client.meter_atomic(images(), Some("both".into())).await);
    client.grant(&poor, 100).await.unwrap();
    assert_eq!(refusal.retry_after_top_up::<BatchResult>().await.unwrap().accepted, 2);
    assert_eq!(client.get_wallet(&poor).await.unwrap().balance, 30);
}

#[tokio::test]
async fn quotes_rules_and_figures() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let customer = funded(&client, 30).await;
    let quote = client.quote(Meter::new("image.generate", &customer)).await.unwrap();
    assert_eq!((quote.credits, quote.available, quote.accepted), (40.into(), 30.into(), false));
    let refusal = refused(Err::<(), _>(quote.refusal.unwrap()));
    assert!(matches!(refusal.retry_after_top_up::<MeterResult>().await, Err(Error::Configuration { .. })));
    assert!(client.quote(Meter::new("chat.reply", &customer)).await.unwrap().refusal.is_none());

    let rule = client.get_pricing_rule("image.generate").await.unwrap();
    assert_eq!((rule.multiplier, rule.minimum_credits, rule.version), (Some(0.into()), 40.into(), Some(1)));
    assert_eq!((rule.enabled, rule.in_words.as_str()), (true, "40 credits"));
    let put = json!({ "label": "Second" });
    client.request(Method::PUT, "/v1/event-types/by.second", Some(&put), None).await.unwrap();
    assert!(!client.get_pricing_rule("by.second").await.unwrap().enabled);
    let price = json!({ "rule": { "type": "per_unit", "credits": 0.5, "minimum": 3 }, "note": "first" });
    client.request(Method::POST, "/v1/event-types/by.second/prices", Some(&price), Some("p")).await.unwrap();
    let rule = client.get_pricing_rule("by.second").await.unwrap();
    assert_eq!((rule.multiplier, rule.minimum_credits), (Some(decimal("0.5")), 3.into()));

    let result = client.meter_event("chat.reply", &customer).await.unwrap();
    let query = UsageQuery::new().interval("total").group_by("event").customer(&customer);
    let usage = client.get_usage(query.min_position(result.position.unwrap())).await.unwrap();
    assert_eq!((usage.totals.events, usage.totals.credits_used), (1, 8.into()));
    assert_eq!(usage.rows[0].event.as_deref(), Some("chat.reply"));

    let answer = json!({ "model": "gpt-4o", "usage": { "prompt_tokens": 12, "completion_tokens": 3 } });
    let costed = client.meter(Meter::new("chat.reply", &customer).cost(&answer)).await.unwrap();
    let stored = client.get_event(&costed.event_id).await.unwrap().raw.to_value();
    assert_eq!(
        (&stored["usage"]["input_tokens"], &stored["usage"]["output_tokens"]),
        (&json!(12), &json!(3))
    );
}

#[tokio::test]
async fn holds() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let customer = funded(&client, 1000).await;
    let hold = client.place_hold(PlaceHold::new("agent.run", &customer).credits(100)).await.unwrap();
    assert_eq!((hold.credits, hold.remaining_balance, hold.ended()), (100.into(), 900.into(), false));
    hold.increase(decimal("20.5")).await.unwrap();
    let longer = hold.extend(3600).await.unwrap().expires_at.unwrap();
    assert!(longer > hold.expires_at);
    let step = hold.capture(Capture::new().credits(10).step()).await.unwrap();
    assert_eq!(
        (step.still_held, step.ended, step.hold_id.as_str()),
        (decimal("110.5"), false, hold.hold_id.as_str())
    );
    // A refused capture uses up its own key and no other: a smaller one can follow.
    let more = hold.capture(Capture::new().credits(500)).await;
    let Err(Error::CaptureExceedsHold { held, requested, .. }) = more else { panic!("{more:?}") };
    assert_eq!((held, requested), (decimal("110.5"), 500.into()));
    let last = hold.capture(Capture::new().credits(30)).await.unwrap();
    assert_eq!(
        (last.remaining_balance, last.ended, hold.captured(), hold.ended()),
        (960.into(), true, 40.into(), true)
    );
    assert_eq!(client.get_hold(&hold.hold_id).await.unwrap().state, "captured");
    let ended = client.void_hold(&hold.hold_id).await;
    assert!(matches!(ended, Err(Error::HoldNotOpen { state, .. }) if state == "captured"));
    hold.void().await.unwrap();

    let refusal = refused(client.place_hold(PlaceHold::new("agent.run", &customer).credits(5000)).await);
    client.grant(&customer, 5000).await.unwrap();
    let placed: Hold = refusal.retry_after_top_up().await.unwrap();
    placed.void().await.unwrap();
}

#[tokio::test]
async fn blocks_leave_no_hold_behind() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let customer = funded(&client, 1000).await;
    let place = || PlaceHold::new("agent.run", &customer).credits(100);
    let captured = client
        .with_hold(place(), |hold| async move { hold.capture(Capture::new().credits(30)).await })
        .await
        .unwrap();
    assert_eq!(captured.remaining_balance, 970);
    let failed =
        client.with_hold(place(), |_| async { Err::<(), Box<dyn std::error::Error>>("no".into()) }).await;
    assert_eq!(failed.unwrap_err().to_string(), "no");
    client.with_hold(place(), |_| async { Ok::<_, Error>(()) }).await.unwrap();
    assert_eq!(client.get_wallet(&customer).await.unwrap().held, 0);

    // Work that panics, and work that is dropped halfway.
    let (one, its_place) = (client.clone(), place());
    let panicked = tokio::spawn(async move {
        one.with_hold(its_place, |_| async { if true { panic!("on purpose") } else { Ok::<_, Error>(()) } })
            .await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    let endless = client.with_hold(place(), |_| std::future::pending::<Result<(), Error>>());
    assert!(tokio::time::timeout(Duration::from_millis(500), endless).await.is_err());
    while client.get_wallet(&customer).await.unwrap().held > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let run = client
        .metered(place(), |run| async move {
            run.cost(json!({ "model": "gpt-4o", "usage": { "prompt_tokens": 12, "completion_tokens": 3 } }));
            run.credits(25);
            run.property("steps", 3);
            Ok::<_, Error>("plan")
        })
        .await
        .unwrap();
    assert_eq!(
        (run.output, run.capture.deducted_credits, run.capture.remaining_balance),
        ("plan", 25.into(), 945.into())
    );
    let stored = client.get_event(&run.capture.event_id).await.unwrap();
    assert_eq!(
        (stored.properties, &stored.raw.to_value()["usage"]["input_tokens"]),
        (Some(json!({ "steps": 3 })), &json!(12))
    );

    let failed = client.metered(place(), |_| async { Err::<(), _>("no model") }).await;
    assert!(matches!(failed, Err(MeteredError::Work("no model"))));
    let poor = funded(&client, 0).await;
    let refused =
        client.metered(PlaceHold::new("agent.run", &poor), |_| async { Ok::<Value, Error>(json!(1)) }).await;
    assert_eq!(refused.unwrap_err().chargly().map(Error::code), Some("insufficient_credits"));
    let too_much = client
        .metered(place(), |run| async move {
            run.credits(500);
            Ok::<_, Error>("kept")
        })
        .await;
    assert!(matches!(too_much, Err(MeteredError::NotCaptured { output: "kept", .. })));
    let wallet = client.get_wallet(&customer).await.unwrap();
    assert_eq!((wallet.balance, wallet.held), (945.into(), 0.into()));
}

#[tokio::test]
async fn recommendations() {
    let Some(server) = Server::start().await else { return };
    let client = server.client();
    let put = json!({ "label": "Loss", "credits": 1 });
    client.request(Method::PUT, "/v1/event-types/loss.maker", Some(&put), None).await.unwrap();
    client.grant("payer", Grant::new(1000).paid(Money::new("20", "usd"))).await.unwrap();
    for _ in 0..20 {
        client.meter(Meter::new("loss.maker", "payer").cost(Money::new("0.50", "usd"))).await.unwrap();
        client.meter_event("chat.reply", "payer").await.unwrap();
    }
    client.request(Method::POST, "/v1/recommendations/look", Some(&json!({})), None).await.unwrap();
    let look = || client.request(Method::GET, "/v1/recommendations/look", None, None);
    while look().await.unwrap().to_value()["status"] != "done" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let pending = RecommendationQuery::new().feature("loss.maker").status("pending");
    let advice = client.list_pricing_recommendations(pending).await.unwrap().data.remove(0);
    assert_eq!((advice.current_credits, advice.recommended_credits), (Some(1.into()), Some(25.into())));
    assert_eq!((advice.kind.as_str(), advice.confidence.as_str()), ("loss_making", "high"));
    assert_eq!((advice.version_from, advice.version_to), (Some(1), Some(2)));
    assert_eq!(advice.estimated_lift.unwrap().per, "month");
    let whole = client.get_pricing_recommendation(&advice.id).await.unwrap();
    assert!(whole.raw.to_value()["card"]["title"].is_string());
    let explained = client.explain_pricing_recommendation(&advice.id).await.unwrap();
    assert_eq!(
        (explained.recommendation_id.as_str(), explained.target_margin.as_deref()),
        (advice.id.as_str(), Some("0.6"))
    );
    assert!(explained.lines.len() > 3);

    let Err(Error::InvalidRequest { errors, .. }) =
        client.apply_pricing_recommendation(&advice.id, Apply::new()).await
    else {
        panic!()
    };
    assert_eq!(errors[0].field, "notice_days");
    let apply = Apply::new().notice_days(0u16).reason("It loses money");
    let applied = client.apply_pricing_recommendation(&advice.id, apply).await.unwrap();
    assert_eq!((applied.status.as_str(), applied.new_version), ("applied", Some(2)));
    assert_eq!(client.get_pricing_rule("loss.maker").await.unwrap().minimum_credits, 25);
    let late = client.reject_pricing_recommendation(&advice.id, None).await;
    assert!(
        matches!(late, Err(Error::RecommendationNotOpen { recommendation_status, .. }) if recommendation_status == "applied")
    );

    let other = client
        .list_pricing_recommendations(RecommendationQuery::new().feature("chat.reply"))
        .await
        .unwrap()
        .data
        .remove(0);
    let watched = client.apply_pricing_recommendation(&other.id, Apply::new()).await;
    assert!(matches!(watched, Err(Error::RecommendationNotApplicable { .. })), "{watched:?}");
    assert_eq!(
        client.reject_pricing_recommendation(&other.id, Some("known")).await.unwrap().status,
        "rejected"
    );
}
