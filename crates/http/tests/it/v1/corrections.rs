//! `/v1/corrections`

use chargly_engine::ledger::Scope;
use serde_json::{Value, json};

use crate::world::{Got, World};

const FILTER: &str =
    r#"{"event":"image.generate","from":"2020-01-01T00:00:00Z","to":"2030-01-01T00:00:00Z"}"#;
const FLAT_5: &str = r#"{"reprice":{"rule":{"type":"flat","credits":5}}}"#;

fn body(filter: &str, action: &str, more: &Value) -> String {
    let parse = |text| serde_json::from_str::<Value>(text).expect("JSON");
    let mut body = json!({"filter": parse(filter), "action": parse(action)});
    let fields = body.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    body.to_string()
}

async fn preview(world: &World, filter: &str, action: &str) -> Got {
    world.post("/v1/corrections/preview", &body(filter, action, &json!({}))).await
}

async fn open(world: &World, filter: &str, action: &str, seal: &str, key: &str) -> Got {
    let more = json!({"preview": seal, "note": "a wrong price", "idempotency_key": key});
    world.post("/v1/corrections", &body(filter, action, &more)).await
}

async fn done(world: &World, id: &str) -> Got {
    for _ in 0..2_000 {
        let got = world.get(&format!("/v1/corrections/{id}")).await.expect(200);
        if got.text("/status") == "done" {
            return got;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the correction does not end");
}

#[tokio::test]
async fn a_wrong_price_is_previewed_corrected_and_undone() {
    let world = World::start().await;
    world.grant("ada", "100").await;
    for (customer, key) in [("user_42", "1"), ("user_42", "2"), ("ada", "3")] {
        world.meter(customer, key).await.expect(200);
    }
    let shown = preview(&world, FILTER, FLAT_5).await.expect(200);
    assert_eq!((shown.number("/events"), shown.number("/difference")), ("3".into(), "-21".into()));
    assert_eq!(
        (shown.text("/customers/0/customer"), shown.number("/customers/0/returned")),
        ("user_42".into(), "14".into())
    );
    assert_eq!((shown.number("/credits_before"), shown.number("/credits_after")), ("36".into(), "15".into()));
    assert_eq!(world.available("ada").await, "88");

    let opened = open(&world, FILTER, FLAT_5, &shown.text("/preview"), "c1").await.expect(202);
    let id = opened.text("/id");
    let state = done(&world, &id).await;
    assert_eq!((state.number("/events"), state.number("/returned")), ("3".into(), "21".into()));
    assert_eq!(
        (state.text("/note"), state.text("/filter/event")),
        ("a wrong price".into(), "image.generate".into())
    );
    assert_eq!(state.number("/action/reprice/rule/credits"), "5");
    assert_eq!(world.available("ada").await, "95");
    let again = open(&world, FILTER, FLAT_5, &shown.text("/preview"), "c1").await.expect(202);
    assert!(again.is_replay() && again.bytes == opened.bytes);
    let csv = world.get(&format!("/v1/corrections/{id}/customers")).await.expect(200);
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let rows = String::from_utf8(csv.bytes).expect("text");
    assert_eq!(
        rows,
        "customer,events,returned,charged,difference,refused\nuser_42,2,14,0,-14,0\nada,1,7,0,-7,0\n"
    );

    let path = format!("/v1/corrections/{id}/undo");
    let shown = world.post(&path, "{}").await.expect(200);
    assert_eq!((shown.number("/events"), shown.number("/charged")), ("3".into(), "21".into()));
    assert_eq!(shown.text("/action/undo"), id);
    let decision = json!({"preview": shown.text("/preview"), "note": "it was right after all"}).to_string();
    let undoing = world.post(&path, &decision).await.expect(202).text("/id");
    assert_eq!(done(&world, &undoing).await.text("/undoes"), id);
    assert_eq!(world.get(&format!("/v1/corrections/{id}")).await.text("/undone_by"), undoing);
    assert_eq!(world.available("ada").await, "88");
    let shown = world.post(&path, "{}").await.expect(200).text("/preview");
    let twice = world.post(&path, &json!({"preview": shown, "note": "twice"}).to_string()).await;
    assert_eq!(twice.expect(400).fields(), ["correction"]);

    let listed = world.get("/v1/corrections?limit=1").await.expect(200);
    assert_eq!(listed.text("/data/0/id"), undoing);
    let next = format!("/v1/corrections?limit=1&cursor={}", listed.text("/next_cursor"));
    let listed = world.get(&next).await.expect(200);
    assert_eq!((listed.text("/data/0/id"), listed.json()["next_cursor"].clone()), (id, Value::Null));
    let audit = world.get("/v1/audit?limit=1").await.expect(200);
    assert_eq!(
        (audit.text("/data/0/type"), audit.number("/data/0/charged")),
        ("correction_closed".into(), "21".into())
    );
}

#[tokio::test]
async fn a_correction_by_a_published_version_prices_the_events_of_its_type() {
    let world = World::start().await;
    world.meter("user_42", "1").await.expect(200);
    let rule = r#"{"rule":{"type":"per_unit","base":1,"credits":2},"note":"cheaper"}"#;
    let version = world.post("/v1/event-types/image.generate/prices", rule).await.expect(200).text("/id");
    let action = json!({"reprice": {"price_version": version}}).to_string();
    let everything = r#"{"from":"2020-01-01T00:00:00Z","to":"2030-01-01T00:00:00Z"}"#;
    let shown = preview(&world, everything, &action).await.expect(200);
    assert_eq!(
        (shown.number("/credits_after"), shown.text("/filter/event")),
        ("3".into(), "image.generate".into())
    );
    assert_eq!(shown.text("/action/reprice/price_version"), version);
    world.put("/v1/event-types/other", r#"{"credits":1}"#).await.expect(200);
    let other = r#"{"event":"other","from":"2020-01-01T00:00:00Z","to":"2030-01-01T00:00:00Z"}"#;
    let refused = preview(&world, other, &action).await.expect(400);
    assert_eq!(refused.fields(), ["action.reprice.price_version"]);
}

#[tokio::test]
async fn events_named_by_id_are_reversed_and_no_other() {
    let world = World::start().await;
    let event = world.meter("user_42", "1").await.expect(200).text("/id");
    world.meter("user_42", "2").await.expect(200);
    let filter = json!({"ids": [event], "customer": "user_42"}).to_string();
    let shown = preview(&world, &filter, r#"{"reverse":true}"#).await.expect(200);
    assert_eq!((shown.number("/events"), shown.text("/filter/customer")), ("1".into(), "user_42".into()));
    let opened = open(&world, &filter, r#"{"reverse":true}"#, &shown.text("/preview"), "c").await.expect(202);
    done(&world, &opened.text("/id")).await;
    assert_eq!(world.available("user_42").await, "988");
    assert_eq!(world.get(&format!("/v1/events/{event}")).await.number("/reversed"), "12");
    let shown = preview(&world, &filter, r#"{"reverse":true}"#).await.expect(200);
    assert_eq!(
        (shown.number("/events"), shown.text("/left_alone/0/reason")),
        ("0".into(), "nothing_left".into())
    );
    assert_eq!(shown.text("/left_alone_events/0/event_id"), event);
}

#[tokio::test]
async fn a_preview_that_has_become_wrong_is_refused_and_leaves_its_key_free() {
    let world = World::start().await;
    let event = world.meter("user_42", "1").await.expect(200).text("/id");
    let shown = preview(&world, FILTER, FLAT_5).await.expect(200).text("/preview");
    let by_hand = r#"{"credits":3,"reason":"blurred"}"#;
    world.post(&format!("/v1/events/{event}/reverse"), by_hand).await.expect(200);
    let refused = open(&world, FILTER, FLAT_5, &shown, "c").await.expect(409);
    assert_eq!(refused.code(), "preview_outdated");
    let shown = preview(&world, FILTER, FLAT_5).await.expect(200);
    assert_eq!(shown.number("/difference"), "-7", "what was given back by hand stays so");
    open(&world, FILTER, FLAT_5, &shown.text("/preview"), "c").await.expect(202);
    let other = open(&world, FILTER, r#"{"reverse":true}"#, &shown.text("/preview"), "c").await.expect(409);
    assert_eq!((other.code(), other.text("/field")), ("idempotency_conflict".into(), "action".into()));
    let lost = shown.text("/preview").replacen(|c: char| c.is_ascii_digit(), "9", 1);
    let lost = open(&world, FILTER, FLAT_5, &format!("9{lost}"), "d").await.expect(409);
    assert!(["preview_outdated", "correction_running"].contains(&lost.code().as_str()));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_with_its_fields() {
    let world = World::start().await;
    let live = world.ask("POST", "/v1/events", Some(&world.live_key), "{}").await;
    assert_eq!(live.status, 400);
    for (filter, action, fields) in [
        ("{}", FLAT_5, vec!["filter.from", "filter.to"]),
        (
            r#"{"event":"nothing","ids":["x"],"zzz":1}"#,
            "{}",
            vec!["filter.event", "filter.ids", "filter.zzz", "action"],
        ),
        (r#"{"ids":[]}"#, r#"{"reverse":false}"#, vec!["filter.ids", "action.reverse"]),
        (FILTER, r#"{"reverse":true,"reprice":{}}"#, vec!["action"]),
        (FILTER, r#"{"reprice":{}}"#, vec!["action.reprice.rule"]),
        (FILTER, r#"{"reprice":{"price_version":"prv_x"}}"#, vec!["action.reprice.price_version"]),
        (r#"{"from":"2020-01-01T00:00:00Z","to":"2030-01-01T00:00:00Z"}"#, FLAT_5, vec!["filter.event"]),
    ] {
        assert_eq!(preview(&world, filter, action).await.expect(400).fields(), fields, "{filter} {action}");
    }
    let nobody = FILTER.replace("\"event\"", "\"customer\":\"nobody\",\"event\"");
    assert_eq!(preview(&world, &nobody, FLAT_5).await.expect(404).text("/kind"), "customer");
    let unsealed = body(FILTER, FLAT_5, &json!({"preview": "x"}));
    assert_eq!(world.post("/v1/corrections", &unsealed).await.fields(), ["preview", "note"]);
}

#[test]
fn published_limits_are_those_that_are_kept() {
    use chargly_api::limits;
    assert_eq!(limits::CORRECTION_EVENTS_MAX, chargly_engine::CORRECTION_EVENTS_MAX);
    assert_eq!(limits::CORRECTION_CUSTOMERS_MAX, chargly_engine::CORRECTION_CUSTOMERS_MAX);
    assert_eq!(limits::CORRECTION_IDS_MAX, chargly_engine::ledger::CORRECTION_EVENTS_NAMED_MAX);
}

#[tokio::test]
async fn more_events_by_id_than_the_limit_are_refused() {
    let world = World::start().await;
    let event = world.meter("user_42", "1").await.expect(200).text("/id");
    for (count, status) in [(1_000, 200), (1_001, 400)] {
        let filter = json!({"ids": vec![event.clone(); count]}).to_string();
        let got = preview(&world, &filter, r#"{"reverse":true}"#).await.expect(status);
        if status == 200 {
            assert_eq!(got.number("/events"), "1", "an event named often is one event");
        }
    }
}

#[tokio::test]
async fn an_event_of_the_other_environment_is_none_here() {
    let world = World::start().await;
    let event = world.meter("user_42", "1").await.expect(200).text("/id");
    let filter = json!({"ids": [event]}).to_string();
    let asked = body(&filter, r#"{"reverse":true}"#, &json!({}));
    let live = world.ask("POST", "/v1/corrections/preview", Some(&world.live_key), &asked).await.expect(404);
    assert_eq!(live.text("/kind"), "event");
    let reader = world.key_with(&[Scope::Read]).await;
    let got = world.ask("POST", "/v1/corrections/preview", Some(&reader), &asked).await.expect(403);
    assert_eq!(got.text("/required_scope"), "prices");
}
