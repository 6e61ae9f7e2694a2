//! `/v1/customers/{customer}`

use crate::world::World;

const PATH: &str = "/v1/customers/user_42";

impl World {
    async fn erase(&self, path: &str) -> crate::world::Got {
        self.ask("DELETE", path, Some(&self.key), "").await
    }
}

#[tokio::test]
async fn an_erased_customer_is_answered_with_what_was_left_and_unknown_afterwards() {
    let world = World::start().await;
    world.meter("user_42", "1").await.expect(200);
    let got = world.erase(PATH).await.expect(200);
    assert_eq!((got.text("/customer"), got.number("/left/balance/posted")), ("user_42".into(), "988".into()));
    assert_eq!((got.number("/facts"), got.number("/payloads_erased")), ("3".into(), "2".into()));
    assert_eq!((got.number("/left/debt"), got.number("/left/open_holds")), ("0".into(), "0".into()));
    let again = world.erase(PATH).await.expect(404);
    assert_eq!(again.text("/kind"), "customer");
    let wallet = world.get(&format!("{PATH}/wallet")).await.expect(200);
    assert_eq!((wallet.number("/posted"), wallet.json()["wallet_id"].is_null()), ("0".into(), true));
    assert_eq!(world.get(&format!("{PATH}/ledger")).await.json()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn a_key_of_an_erased_customer_is_gone_and_charges_nobody() {
    let world = World::start().await;
    let event = world.meter("user_42", "1").await.text("/id");
    world.erase(PATH).await.expect(200);
    let got = world.meter("user_42", "1").await.expect(410);
    assert_eq!((got.code(), got.text("/kind")), ("gone".into(), "idempotency_key".into()));
    let got = world.post(&format!("/v1/events/{event}/reverse"), r#"{"reason":"blurred"}"#).await.expect(410);
    assert_eq!((got.code(), got.text("/kind")), ("gone".into(), "customer".into()));
    world.grant("user_42", "20").await;
    assert_eq!(world.available("user_42").await, "20", "the id may be used anew, and begins with nothing");
    world.meter("user_42", "1").await.expect(410);
    world.meter("user_42", "2").await.expect(200);
    let world = world.restart().await;
    world.meter("user_42", "1").await.expect(410);
    assert_eq!(world.available("user_42").await, "8");
}

#[tokio::test]
async fn what_an_erased_customer_did_is_shown_without_who_it_was() {
    let world = World::start().await;
    let body = r#"{"event":"image.generate","customer":"user_42","properties":{"prompt":"her cat"}}"#;
    let event = world.post("/v1/events", body).await.expect(200).text("/id");
    world.erase(PATH).await.expect(200);
    let got = world.get(&format!("/v1/events/{event}")).await.expect(200);
    assert_eq!((got.number("/credits"), got.json()["customer"].clone()), ("12".into(), "".into()));
    for path in ["/v1/events", "/v1/audit"] {
        let listed = String::from_utf8(world.get(path).await.expect(200).bytes).expect("text");
        assert!(!listed.contains("user_42") && !listed.contains("her cat"), "{listed}");
    }
    let audit = world.get("/v1/audit").await.json();
    assert_eq!(audit["data"][0]["type"], "customer_erased", "{audit}");
    assert_eq!(audit["data"][0]["actor"]["label"], "admin");
}
