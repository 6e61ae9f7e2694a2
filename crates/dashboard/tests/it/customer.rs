//! `customers/{customer}`: what they have and did, and each action with its role, its form and its words.

use crate::world::World;

/// Sends the form, expects to be led back, and gives what is said there.
async fn done(world: &World, what: &str, fields: &[(&str, &str)]) -> String {
    let got = world.act("customers/ada", what, fields).await.expect(303);
    let location = got.headers["location"].to_str().expect("ASCII").to_owned();
    let said = location.split("said=").nth(1).expect("something is said");
    form_urlencoded::parse(format!("said={said}").as_bytes()).next().expect("a pair").1.into_owned()
}

#[tokio::test]
async fn page_has_the_wallet_of_the_api() {
    let world = World::start().await;
    let wallet = world.get("/v1/customers/ada/wallet").await;
    // 1,000 bought, 125 for images, 11 for replies.
    assert_eq!(wallet["available"].to_string(), "864");
    world.page("customers/ada").await.expect(200).says("864 credits available.");
    let lots = world.file("customers/ada", "lots").await;
    assert_eq!((lots[0][0].as_str(), lots[0][2].as_str(), lots[0][3].as_str()), ("paid", "1000", "864"));
    let ledger = world.file("customers/ada", "ledger").await;
    assert_eq!((ledger.len(), ledger[0][4].as_str()), (22, "864"));
    let balance = world.file("customers/ada", "balance").await;
    assert_eq!((balance.len(), balance[0][3].as_str(), balance[21][3].as_str()), (22, "1000", "864"));
    let by_event = world.file("customers/ada", "by-event").await;
    let margin = world.get("/v1/margin?interval=total&group_by=event&customer=ada").await;
    for row in margin["data"].as_array().expect("a list") {
        let shown = by_event.iter().find(|shown| row["event"] == shown[0].as_str()).expect("a row");
        assert_eq!(shown[2], row["credits_used"].to_string());
        assert_eq!(shown[4], row["recognised"].as_str().expect("money"));
        assert_eq!(shown[5], row["cost"].as_str().unwrap_or_default());
    }
}

#[tokio::test]
async fn grant_is_given_once_however_often_the_form_is_sent() {
    let world = World::start().await;
    let page = world.page("customers/ada").await.expect(200);
    let (csrf, key) = (page.field("grant", "csrf"), page.field("grant", "key"));
    let form = [
        ("csrf", csrf.as_str()),
        ("action", "grant"),
        ("key", &key),
        ("credits", "36"),
        ("kind", "promotional"),
        ("price", ""),
        ("expires", "2026-12-31"),
        ("reason", "sorry"),
    ];
    for _ in 0..2 {
        world.send_form("customers/ada", &form).await.expect(303);
    }
    let wallet = world.get("/v1/customers/ada/wallet").await;
    assert_eq!(wallet["available"].to_string(), "900");
    // The lot that lapses first is used first.
    assert_eq!(wallet["lots"][0]["expires_at"], "2027-01-01T00:00:00.000Z");
    world
        .send_form(
            "customers/ada",
            &[("csrf", &csrf), ("action", "grant"), ("credits", "1"), ("kind", "paid")],
        )
        .await
        .expect(409);
}

#[tokio::test]
async fn every_action_does_what_it_says() {
    let world = World::start().await;
    let said = done(&world, "grant", &[("credits", "6"), ("kind", "adjustment")]).await;
    assert_eq!(said, "ada has 6 credits more. To undo it, void the lot.");
    let lot =
        world.get("/v1/customers/ada/wallet").await["lots"][0]["id"].as_str().expect("an id").to_owned();
    done(&world, "void", &[("id", &lot), ("reason", "by mistake")]).await;
    let event = world.get("/v1/events?customer=ada&event=image.generate&limit=1").await;
    let event = event["data"][0]["id"].as_str().expect("an id").to_owned();
    let said = done(&world, "reverse", &[("id", &event), ("credits", "5"), ("reason", "blurred")]).await;
    assert!(said.starts_with("ada has 5 credits of"), "{said}");
    assert_eq!(world.get("/v1/customers/ada/wallet").await["available"].to_string(), "869");
    done(&world, "freeze", &[("reason", "dispute")]).await;
    assert_eq!(world.get("/v1/customers/ada/wallet").await["frozen"], true);
    world.page("customers/ada").await.expect(200).says("Frozen: new spending is refused.");
    done(&world, "thaw", &[]).await;
    assert_eq!(world.get("/v1/customers/ada/wallet").await["frozen"], false);
    let said = done(&world, "policy", &[("policy", "overdraft"), ("limit", "50")]).await;
    assert_eq!(said, "ada: overdraft: up to 50 credits of debt.");
    let audit = world.get("/v1/customers/ada/wallet").await;
    assert_eq!((audit["policy"].as_str(), audit["limit"].to_string().as_str()), (Some("overdraft"), "50"));
}

#[tokio::test]
async fn order_is_refunded_from_the_page() {
    let world = World::start().await;
    world
        .put(
            "/v1/packs/starter",
            r#"{"name":"Starter","credits":500,"price":{"amount":"10","currency":"usd"}}"#,
        )
        .await;
    let checkout = world.post("/v1/checkouts", r#"{"customer":"ada","pack":"starter"}"#).await;
    let url = checkout["url"].as_str().expect("an address");
    world.press(url, "pay").await;
    let orders = world.file("customers/ada", "orders").await;
    assert_eq!((orders[0][2].as_str(), orders[0][6].as_str()), ("paid", "500"));
    let said = done(&world, "refund", &[("id", &orders[0][7]), ("credits", "250")]).await;
    assert!(said.starts_with("$5.00 go back to ada; 250 credits"), "{said}");
}

#[tokio::test]
async fn what_is_of_somebody_else_is_not_touched() {
    let world = World::start().await;
    let lot =
        world.get("/v1/customers/bob/wallet").await["lots"][0]["id"].as_str().expect("an id").to_owned();
    let event = world.get("/v1/events?customer=bob&limit=1").await["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for (what, id) in [("void", &lot), ("reverse", &event)] {
        let got = world.act("customers/ada", what, &[("id", id), ("reason", "x")]).await.expect(400);
        got.says("This is not of ada.").says("Nothing was done.");
    }
    assert_eq!(world.get("/v1/customers/bob/wallet").await["lots"][0]["status"], "active");
}

#[tokio::test]
async fn refused_form_names_every_field_and_keeps_what_was_typed() {
    let world = World::start().await;
    let form = [("credits", "many"), ("kind", "promotional"), ("price", "cheap"), ("reason", "because <b>")];
    let got = world.act("customers/ada", "grant", &form).await.expect(400);
    got.says("Nothing was done.").says("<b>credits</b>").says("<b>price");
    got.says(r#"value="many""#).says("because &lt;b&gt;").says(r#"id="act-grant" open"#);
    assert_eq!(world.get("/v1/customers/ada/wallet").await["available"].to_string(), "864");
}

#[tokio::test]
async fn viewer_sees_no_form_and_may_do_nothing() {
    let world = World::start().await;
    let page = world.page("customers/ada").await.expect(200);
    let csrf = page.field("grant", "csrf");
    world.become_a("viewer");
    world
        .page("customers/ada")
        .await
        .expect(200)
        .says("takes the role operator")
        .is_silent_on(r#"name="action""#);
    for what in ["grant", "void", "reverse", "refund", "freeze", "thaw", "policy"] {
        let form = [
            ("csrf", csrf.as_str()),
            ("action", what),
            ("key", "k"),
            ("credits", "1"),
            ("kind", "paid"),
            ("reason", "x"),
            ("policy", "strict"),
            ("id", "x"),
        ];
        world.send_form("customers/ada", &form).await.expect(403).says("This needs the role operator.");
    }
    world.become_a("operator");
    done(&world, "freeze", &[("reason", "dispute")]).await;
}

#[tokio::test]
async fn form_of_no_session_does_nothing() {
    let world = World::start().await;
    for what in ["grant", "void", "reverse", "refund", "freeze", "thaw", "policy"] {
        let form = [
            ("csrf", "0123"),
            ("action", what),
            ("key", "k"),
            ("credits", "1"),
            ("kind", "promotional"),
            ("reason", "x"),
            ("policy", "record_only"),
            ("id", "x"),
        ];
        world.send_form("customers/ada", &form).await.expect(409).says("This form is of an earlier visit.");
    }
    let wallet = world.get("/v1/customers/ada/wallet").await;
    assert_eq!(
        (wallet["available"].to_string().as_str(), wallet["policy"].as_str()),
        ("864", Some("strict"))
    );
}

#[tokio::test]
async fn customer_never_seen_can_be_given_a_first_grant() {
    let world = World::start().await;
    let page = "customers/a%2Fb%20%C3%BC%3F%3Cscript%3E";
    world
        .page(page)
        .await
        .expect(200)
        .says("Nothing is known of this customer.")
        .says("a/b ü?&lt;script&gt;")
        .is_silent_on("<script>");
    let got = world.act(page, "grant", &[("credits", "5"), ("kind", "promotional")]).await.expect(303);
    let location = got.headers["location"].to_str().expect("ASCII").to_owned();
    assert!(location.starts_with("?said=a%2Fb+%C3%BC%3F%3Cscript%3E+has+5+credits+more."), "{location}");
    world.page(page).await.expect(200).says("5 credits available.").is_silent_on("<script>");
}

#[tokio::test]
async fn what_was_chosen_stays_after_an_action_and_its_form_is_closed() {
    let world = World::start().await;
    let page = "customers/ada?range=7d&compare=weekdays&reverse=evt_x&f=1";
    let got = world.act(page, "grant", &[("credits", "6"), ("kind", "adjustment")]).await.expect(303);
    let location = got.headers["location"].to_str().expect("ASCII");
    let begins = "?range=7d&compare=weekdays&f=1&said=ada+has+6+credits+more";
    assert!(location.starts_with(begins), "{location}");
    // One that leads to another page takes the range along.
    let got = world.act_without_key("customers?range=90d", &[("customer", "a/b")]).await.expect(303);
    assert_eq!(got.headers["location"], "../../dashboard/test/customers/a%2Fb?range=90d");
}

#[tokio::test]
async fn wallet_link_opens_their_page_until_it_ends_and_is_for_operators() {
    let world = World::start().await;
    let shown = world.act("customers/ada", "wallet-link", &[("expires_in_s", "900")]).await.expect(200);
    shown.says("A wallet link for ada").says("3 Dec 2026, 10:15");
    let url = shown.text.split("<pre>https://billing.example.com").nth(1).expect("a link");
    let path = url.split('<').next().expect("an end").to_owned();
    assert!(path.starts_with("/wallet/test/wt_"), "{path}");
    world.look(&path).await.expect(200).says("864");
    world.page("customers/ada").await.expect(200).is_silent_on("wt_");
    for (seconds, status) in [("86400", 200), ("86401", 400), ("0", 400), ("soon", 400)] {
        let got = world.act("customers/ada", "wallet-link", &[("expires_in_s", seconds)]).await;
        assert_eq!(got.status.as_u16(), status, "{seconds}");
    }
    world.clock.advance(900_001);
    assert_ne!(world.look(&path).await.status, 200);
    world.become_a("viewer");
    world.page("customers/ada").await.expect(200).is_silent_on("Make a wallet link");
    let csrf = world.page("settings/you").await.field("profile", "csrf");
    let form = [("csrf", csrf.as_str()), ("action", "wallet-link"), ("expires_in_s", "900")];
    world.send_form("customers/ada", &form).await.expect(403);
}
