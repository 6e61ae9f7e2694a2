//! `/v1/webhook-endpoints`. What is sent, and when, is tested where it is done: in the crate `webhooks`.

use std::time::Duration;

use chargly_api::limits::{WEBHOOK_ENDPOINTS_MAX, WEBHOOK_OVERLAP_SECONDS_MAX, WEBHOOK_URL_BYTES_MAX};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::world::{Got, World};

const PATH: &str = "/v1/webhook-endpoints";
/// Nobody listens there.
const NOBODY: &str = r#"{"url":"http://127.0.0.1:9/","types":["wallet.credited"]}"#;

/// A receiver that says thanks to everything; its address.
async fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = vec![0; 64 * 1024];
                let _ = stream.read(&mut bytes).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nthanks")
                    .await;
            });
        }
    });
    url
}

/// Waits until the first delivery of a list stands there.
async fn delivered(world: &World, path: &str, state: &str) -> Got {
    for _ in 0..2_000 {
        let got = world.get(path).await.expect(200);
        if got.json()["data"][0]["state"] == state {
            return got;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is never {state}: {:?}", world.get(path).await.json());
}

#[tokio::test]
async fn secret_is_in_the_answer_that_makes_it_and_in_no_other() {
    let world = World::start().await;
    let body = r#"{"url":"http://127.0.0.1:9/h","types":["wallet.credited","wallet.empty"],"description":"shop","debits":"per_second"}"#;
    let made = world.post(PATH, body).await.expect(200);
    let (id, secret) = (made.text("/id"), made.text("/secret"));
    assert!(id.starts_with("whk_") && secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let one = format!("{PATH}/{id}");
    let rotated = world.post(&format!("{one}/rotate"), "{}").await.expect(200);
    assert_ne!(rotated.text("/secret"), secret);
    assert_eq!(rotated.text("/former_secret_ends_at"), "2026-11-24T10:00:00.000Z");
    for path in [PATH, &one, &format!("{one}/deliveries")] {
        let text = String::from_utf8(world.get(path).await.expect(200).bytes).expect("UTF-8");
        assert!(!text.contains("whsec_"), "{text}");
    }
    let got = world.get(&one).await.expect(200);
    assert_eq!((got.text("/url"), got.text("/debits")), ("http://127.0.0.1:9/h".into(), "per_second".into()));
    assert_eq!((got.text("/description"), got.text("/state")), ("shop".into(), "enabled".into()));
    assert_eq!(world.get(PATH).await.text("/data/0/id"), id);
}

#[tokio::test]
async fn endpoint_with_wrong_fields_names_each() {
    let world = World::start().await;
    let long = format!(
        r#"{{"url":"http://127.0.0.1/{}","types":["wallet.empty"]}}"#,
        "a".repeat(WEBHOOK_URL_BYTES_MAX)
    );
    for (body, fields) in [
        ("{}", vec!["url", "types"]),
        (r#"{"url":"ftp://x","types":[]}"#, vec!["url", "types"]),
        (r#"{"url":"http://u:p@127.0.0.1/","types":["wallet.empty"]}"#, vec!["url"]),
        (r#"{"url":"http://127.0.0.1/","types":["wallet.emtpy"]}"#, vec!["types"]),
        (r#"{"url":"http://127.0.0.1/","types":["webhook.ping"]}"#, vec!["types"]),
        (r#"{"url":"http://127.0.0.1/","types":["wallet.empty","wallet.empty"]}"#, vec!["types"]),
        (r#"{"url":"http://127.0.0.1/","types":["wallet.empty"],"debits":"never"}"#, vec!["debits"]),
        (r#"{"url":"http://127.0.0.1/","types":["wallet.empty"],"secret":"mine"}"#, vec!["secret"]),
        (&long, vec!["url"]),
    ] {
        assert_eq!(world.post(PATH, body).await.expect(400).fields(), fields, "{body}");
    }
    let id = world.post(PATH, NOBODY).await.expect(200).text("/id");
    let path = format!("{PATH}/{id}");
    assert_eq!(world.put(&path, "{}").await.expect(400).fields(), ["url", "types"]);
    for (overlap, status) in
        [(0, 200), (WEBHOOK_OVERLAP_SECONDS_MAX, 200), (WEBHOOK_OVERLAP_SECONDS_MAX + 1, 400)]
    {
        world.post(&format!("{path}/rotate"), &format!(r#"{{"overlap_s":{overlap}}}"#)).await.expect(status);
    }
    for query in ["state=lost", "type=wallet.emtpy", "limit=0", "cursor=x"] {
        world.get(&format!("{path}/deliveries?{query}")).await.expect(400);
    }
}

#[tokio::test]
async fn there_are_as_many_endpoints_as_the_limit_and_no_more() {
    let world = World::empty().await;
    for _ in 0..WEBHOOK_ENDPOINTS_MAX {
        world.post(PATH, NOBODY).await.expect(200);
    }
    assert_eq!(world.post(PATH, NOBODY).await.expect(409).code(), "too_many_endpoints");
    let id = world.get(PATH).await.text("/data/0/id");
    world.ask("DELETE", &format!("{PATH}/{id}"), Some(&world.key), "").await.expect(200);
    world.post(PATH, NOBODY).await.expect(200);
}

#[tokio::test]
async fn delivery_is_in_the_log_with_its_body_and_what_was_answered_and_can_be_sent_again() {
    let world = World::start().await;
    let body = format!(r#"{{"url":"{}","types":["wallet.debited","balance.updated"]}}"#, receiver().await);
    let path = format!("{PATH}/{}", world.post(PATH, &body).await.expect(200).text("/id"));
    let event = world.meter("user_42", "k").await.expect(200).text("/id");
    let log = format!("{path}/deliveries?type=wallet.debited");
    let got = delivered(&world, &log, "delivered").await;
    assert_eq!(
        (got.text("/data/0/body/data/customerId"), got.text("/data/0/body/data/eventId")),
        ("user_42".into(), event)
    );
    assert_eq!(
        (got.number("/data/0/body/data/credits"), got.number("/data/0/body/data/balance")),
        ("12".into(), "988".into())
    );
    assert_eq!(
        (got.number("/data/0/attempts/0/status"), got.text("/data/0/attempts/0/answer")),
        ("200".into(), "thanks".into())
    );
    let message = got.text("/data/0/message");
    let again = format!(r#"{{"message":"{message}"}}"#);
    assert_eq!(world.post(&format!("{path}/resend"), &again).await.expect(200).text("/state"), "pending");
    for _ in 0..2_000 {
        if world.get(&log).await.json()["data"][0]["attempts"].as_array().map(Vec::len) == Some(2) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(world.get(&log).await.json()["data"][0]["attempts"].as_array().map(Vec::len), Some(2));
    for (filter, count) in [
        ("customer=user_42", 2),
        ("customer=stranger", 0),
        ("customer=user_42&type=balance.updated", 1),
        ("state=failed", 0),
    ] {
        let got = world.get(&format!("{path}/deliveries?{filter}")).await.expect(200);
        assert_eq!(got.json()["data"].as_array().map(Vec::len), Some(count), "{filter}");
    }
    let first = world.get(&format!("{path}/deliveries?limit=1")).await.expect(200);
    let next = format!("{path}/deliveries?limit=1&cursor={}", first.text("/next_cursor"));
    assert_ne!(world.get(&next).await.expect(200).text("/data/0/message"), first.text("/data/0/message"));
}

#[tokio::test]
async fn ping_tells_what_came_of_it_whether_it_arrived_or_not() {
    let world = World::start().await;
    let body = format!(r#"{{"url":"{}","types":["wallet.empty"]}}"#, receiver().await);
    for (body, arrives, result) in [(body.as_str(), true, "delivered"), (NOBODY, false, "no_connection")] {
        let id = world.post(PATH, body).await.expect(200).text("/id");
        let got = world.post(&format!("{PATH}/{id}/ping"), "{}").await.expect(200);
        assert_eq!(
            (got.json()["delivered"].as_bool(), got.text("/attempt/result")),
            (Some(arrives), result.into())
        );
        assert_eq!(got.text("/body/type"), "webhook.ping");
    }
}

#[tokio::test]
async fn endpoint_is_disabled_changed_enabled_and_deleted() {
    let world = World::start().await;
    let id = world.post(PATH, NOBODY).await.expect(200).text("/id");
    let path = format!("{PATH}/{id}");
    let disabled = world.post(&format!("{path}/disable"), "{}").await.expect(200);
    assert_eq!(
        (disabled.text("/state"), disabled.text("/disabled_because")),
        ("disabled".into(), "by hand".into())
    );
    let changed = r#"{"url":"https://127.0.0.1:9/other","types":["hold.expired"]}"#;
    let changed = world.put(&path, changed).await.expect(200);
    assert_eq!(
        (changed.text("/types/0"), changed.text("/state")),
        ("hold.expired".into(), "disabled".into())
    );
    assert_eq!(world.post(&format!("{path}/enable"), "").await.expect(200).text("/state"), "enabled");
    let deleted = world.ask("DELETE", &path, Some(&world.key), "").await.expect(200);
    assert_eq!(deleted.json()["deleted"], true);
    world.get(&path).await.expect(404);
    world.ask("DELETE", &path, Some(&world.key), "").await.expect(404);
}
