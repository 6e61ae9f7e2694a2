//! `POST /v1/customers/{customer}/wallet-links`

use chargly_api::limits::WALLET_LINK_SECONDS_MAX;

use crate::world::{PUBLIC_URL, START_MS, World};

#[tokio::test]
async fn link_names_its_customer_to_this_environment_only_and_until_its_time() {
    let world = World::start().await;
    let got = world.post("/v1/customers/user_42/wallet-links", r#"{"expires_in_s":900}"#).await.expect(200);
    let token = got.text("/token");
    assert_eq!(got.text("/url"), format!("{PUBLIC_URL}/wallet/test/{token}"));
    assert_eq!(
        (got.text("/customer"), got.text("/expires_at")),
        ("user_42".into(), "2026-11-23T10:15:00.000Z".into())
    );
    assert!(token.starts_with("wt_") && !token.contains("user_42"), "{token}");
    let link = world.test.read_wallet_token(&token).expect("a link");
    assert_eq!((link.customer.as_str(), link.expires_at_ms), ("user_42", START_MS + 900_000));
    assert_eq!(world.live.read_wallet_token(&token), None);
}

#[tokio::test]
async fn link_lasts_an_hour_where_nothing_is_said_and_no_longer_than_the_limit() {
    let world = World::start().await;
    let got = world.post("/v1/customers/never%2Fseen/wallet-links", "{}").await.expect(200);
    assert_eq!(
        (got.text("/customer"), got.text("/expires_at")),
        ("never/seen".into(), "2026-11-23T11:00:00.000Z".into())
    );
    for (seconds, status) in
        [(0, 400), (1, 200), (WALLET_LINK_SECONDS_MAX, 200), (WALLET_LINK_SECONDS_MAX + 1, 400)]
    {
        let body = format!(r#"{{"expires_in_s":{seconds}}}"#);
        let got = world.post("/v1/customers/user_42/wallet-links", &body).await.expect(status);
        if status == 400 {
            assert_eq!(got.fields(), ["expires_in_s"], "{seconds}");
        }
    }
    let got =
        world.post("/v1/customers/user_42/wallet-links", r#"{"expires":1,"customer":"x"}"#).await.expect(400);
    assert_eq!(got.fields(), ["customer", "expires"]);
}
