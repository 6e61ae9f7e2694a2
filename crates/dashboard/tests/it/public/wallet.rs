//! The wallet page of an end user: what is on it, what never is, and who gets in.

use super::world::{Got, World};

/// Nothing of this may ever be on a wallet page, whoever put it into the journal.
const FORBIDDEN: [&str; 18] = [
    "image.generate",
    "chat.reply",
    "agent.run",
    "evt_",
    "grt_",
    "ord_",
    "chk_",
    "hld_",
    "wal_",
    "ent_",
    "prv_",
    "/v1/",
    "gpt-4o",
    "openai",
    "token count",
    "0.0417",
    "Churn risk",
    "user_42",
];

impl World {
    async fn link(&self, environment: &str, customer: &str) -> String {
        let path = format!("/v1/customers/{customer}/wallet-links");
        let got = self.ask(self.key_of(environment), "POST", &path, "{}").await.expect(200);
        let url = got.json()["url"].as_str().expect("an address").to_owned();
        let path = url.strip_prefix(crate::doors::PUBLIC_URL);
        path.expect("ours").to_owned()
    }

    async fn do_in_test(&self, method: &str, path: &str, body: &str) -> Got {
        self.ask(self.key_of("test"), method, path, body).await.expect(200)
    }

    /// A customer who bought, was given, used and has something set aside.
    async fn with_history() -> Self {
        let world = Self::with(&["test", "live"]).await;
        let grants = "/v1/customers/user_42/grants";
        world
            .do_in_test("POST", grants, r#"{"credits":60,"kind":"promotional","reason":"Churn risk","expires_at":"2026-12-24T00:00:00Z"}"#)
            .await;
        let event = |name: &str, key: usize| {
            format!(
                r#"{{"event":"{name}","customer":"user_42","idempotency_key":"k{key}","properties":{{"model":"gpt-4o","provider":"openai","token count":812}},"cost":{{"amount":"0.0417","currency":"usd"}}}}"#
            )
        };
        world.do_in_test("POST", "/v1/events", &event("image.generate", 0)).await;
        for key in 1..=12 {
            world.do_in_test("POST", "/v1/events", &event("chat.reply", key)).await;
        }
        world.do_in_test("POST", "/v1/holds", r#"{"event":"agent.run","customer":"user_42"}"#).await;
        world
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn page_says_in_product_words_what_there_is_and_what_it_was_used_for() {
    let world = World::with_history().await;
    let page = world.browser().get(&world.link("test", "user_42").await).await.expect(200);
    // 60 given, 12 and 12 × 1 used, 25 set aside.
    page.says("11 credits").says("25 credits").says("set aside");
    page.says("until").says("24 December 2026");
    page.says("Image generated").says("Chat reply × 12").says("−12").says("Credits given").says("A gift");
    page.says("Starter").says("For trying things out.").says("$10.00");
    for forbidden in FORBIDDEN {
        page.is_silent_on(forbidden);
    }
    assert!(page.header("content-security-policy").contains("frame-ancestors http://localhost:*"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_never_seen_has_nothing_yet_and_can_buy() {
    let world = World::with(&["test", "live"]).await;
    let page = world.browser().get(&world.link("test", "new").await).await.expect(200);
    page.says("0 credits").says("Nothing yet").says("Buy Starter for $10.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn bought_credits_are_pending_until_the_payment_is_there() {
    let world = World::with(&["test", "live"]).await;
    let browser = world.browser();
    let wallet = world.link("test", "user_42").await;
    let pay = browser.post(&wallet, "pack=starter_500&key=testing-1").await.expect(303);
    let pay = pay.header("location").trim_start_matches("../").to_owned();
    assert!(pay.starts_with("sandbox/test/chk_"), "{pay}");
    let again = browser.post(&wallet, "pack=starter_500&key=testing-1").await.expect(303);
    assert!(again.header("location").ends_with(&pay), "pressed twice, one order");

    let paying = browser.get(&format!("/{pay}")).await.expect(200);
    browser.get(&wallet).await.expect(200).is_silent_on("Pending");
    browser.get(&format!("{wallet}?back=1")).await.expect(200).says("Pending").says("http-equiv=\"refresh\"");
    browser.get(&format!("{wallet}?back=1&stay=1")).await.expect(200).is_silent_on("http-equiv");
    browser.post(&format!("/{pay}"), "action=pay").await;
    // The buyer comes back by a link of its own.
    let back = paying
        .text
        .split("https://billing.example.com/wallet/")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let back = format!("/wallet/{}", back.expect("a way back").replace("&amp;", "&"));
    assert!(!back.starts_with(&wallet), "a fresh token");
    let page = browser.get(&back.replace("?back=1", "")).await.expect(200);
    page.says("500 credits")
        .says("Starter bought")
        .says("Test payment")
        .is_silent_on("Pending")
        .is_silent_on("ord_");
    let page = browser.get(&format!("{wallet}?back=1")).await.expect(200);
    page.says("500 credits have arrived");
}

#[tokio::test(flavor = "multi_thread")]
async fn link_ends_with_its_time_and_opens_no_other_wallet() {
    let world = World::with_history().await;
    let (mine, other) = (world.link("test", "user_42").await, world.link("test", "user_43").await);
    let browser = world.browser();
    browser.get(&other).await.expect(200).is_silent_on("Image generated");
    let token = mine.rsplit('/').next().expect("a token").to_owned();
    let cut = &token[..token.len() - 2];
    for path in [
        format!("/wallet/live/{token}"),
        format!("/wallet/nowhere/{token}"),
        format!("/wallet/test/{cut}"),
        format!("/wallet/test/{cut}00"),
        "/wallet/test/wt_".to_owned(),
        "/wallet/test/user_42".to_owned(),
        format!("/wallet/test/{}", world.key_of("test")),
    ] {
        browser.get(&path).await.expect(404).says("This link has ended").is_silent_on("credits</strong>");
        browser.post(&path, "pack=starter_500").await.expect(404);
        browser.get(&format!("{path}/state")).await.expect(404);
        browser.post(&format!("{path}/checkout"), "pack=starter_500").await.expect(404);
    }
    world.clock.advance(3_599_000);
    browser.get(&mine).await.expect(200);
    world.clock.advance(1_000);
    browser.get(&mine).await.expect(404).says("This link has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn token_is_no_key_of_the_api() {
    let world = World::with_history().await;
    let token = world.link("test", "user_42").await.rsplit('/').next().expect("a token").to_owned();
    world.ask(&token, "GET", "/v1/customers/user_42/wallet", "").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn components_read_from_pages_of_allowed_origins_only() {
    let world = World::with_history().await;
    let settings = r#"{"redirect_origins":["https://app.example.com"]}"#;
    for environment in ["test", "live"] {
        world.ask(world.key_of(environment), "PUT", "/v1/settings", settings).await.expect(200);
    }
    let (test, live) = (world.link("test", "user_42").await, world.link("live", "user_42").await);
    for (wallet, origin, is_allowed) in [
        (&test, "https://app.example.com", true),
        (&live, "https://app.example.com", true),
        (&test, "http://localhost:5173", true),
        (&live, "http://localhost:5173", false),
        (&test, "https://evil.example.com", false),
    ] {
        let mut request = world.browser().request("GET", &format!("{wallet}/state"), "");
        request.headers_mut().insert("origin", origin.parse().expect("a value"));
        let got = world.send(request).await.expect(200);
        let expected = if is_allowed { origin } else { "" };
        assert_eq!(got.header("access-control-allow-origin"), expected, "{origin}");
    }
    let state = world.browser().get(&format!("{test}/state")).await.expect(200);
    let json = state.json();
    assert_eq!((json["available"].as_str(), json["balance"].as_str()), (Some("11"), Some("11 credits")));
    assert_eq!((&json["pending"], &json["arrived"]), (&false.into(), &serde_json::Value::Null));
    for forbidden in FORBIDDEN {
        state.is_silent_on(forbidden);
    }
    let begun = world.browser().post(&format!("{test}/checkout"), "pack=starter_500").await.expect(200);
    assert!(begun.json()["url"].as_str().is_some_and(|url| url.contains("/sandbox/test/")), "{}", begun.text);
    world
        .browser()
        .post(&format!("{test}/checkout"), "pack=nothing")
        .await
        .expect(409)
        .is_silent_on("nothing of that");
    let script = world.browser().get("/wallet/components.js").await.expect(200);
    assert_eq!(script.header("access-control-allow-origin"), "*");
    script.says("chargly:credited");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sold_where_nobody_takes_payments_and_the_page_says_so_in_plain_words() {
    let world = World::with(&["test", "live"]).await;
    let wallet = world.link("live", "user_42").await;
    let page = world.browser().post(&wallet, "pack=starter_500&key=testing-1").await.expect(409);
    page.says("cannot be bought at the moment").is_silent_on("Stripe").is_silent_on("sandbox");
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
}
