//! `/try`: from a first click to an empty wallet, a top-up and the next click; and that nobody reaches another's.

use axum::body::Body;
use futures_util::StreamExt as _;

use super::world::{Browser, Got, World};

/// The customer that the page says one is.
fn customer(page: &Got) -> String {
    let at = page.text.find("visitor_").expect("a visitor");
    page.text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// The four indicators, as the page shows them.
fn tiles(page: &Got) -> Vec<String> {
    let figures = page.text.split(r#"id="figures""#).nth(1).expect("figures");
    let figures = figures.split("</div></div>").next().expect("an end");
    let values = figures.split("<strong>").skip(1);
    values.map(|rest| rest.split("</strong>").next().expect("a value").to_owned()).collect()
}

/// What the lines of the stream are called, the newest first.
fn lines(page: &Got) -> Vec<String> {
    let rows = page.text.split(r#"<th scope="row">"#).skip(1);
    rows.map(|row| row.split('<').next().expect("a name").trim().to_owned()).collect()
}

async fn click(browser: &Browser<'_>, event: &str, key: &str) -> Got {
    browser.post("/try", &format!("do={event}&key=testing-{key}")).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_move_the_indicators_until_the_wallet_is_empty_and_a_top_up_lets_it_go_on() {
    let world = World::start().await;
    let browser = world.browser();
    let page = browser.get("/try").await.expect(200);
    assert_eq!(tiles(&page), ["0", "0 credits", "$0.00", "—"]);
    page.says("Click an event")
        .says("100 credits")
        .says("in no total of test or live")
        .says("cargo run --release");

    let page = click(&browser, "image.generate", "1").await;
    page.says("12 credits, 88 credits left");
    // 12 credits of the 100 sold for $2, at a cost of $0.04.
    assert_eq!(tiles(&page), ["1", "12 credits", "$0.24", "83.3 %"]);

    let page = click(&browser, "agent.run", "2").await;
    page.says("25 credits were set aside").says("69 credits left");
    assert_eq!(tiles(&page)[..3], ["3", "31 credits", "$0.62"]);

    for (key, left) in [("3", 57), ("4", 45), ("5", 33), ("6", 21), ("7", 9)] {
        click(&browser, "image.generate", key).await.says(&format!("{left} credits left"));
    }
    let page = click(&browser, "image.generate", "8").await;
    page.says(">402<").says("9 credits available").says("Top up: Starter").says("insufficient_credits");
    page.says("500 credits for $10.00");
    assert_eq!(tiles(&page)[0], "8", "a refusal is no event");
    // What was refused is of the wallet as what was charged: the page that is opened anew has it where it came.
    let again = browser.get("/try").await.expect(200);
    assert_eq!(lines(&again)[..3], ["Refused", "Image generated", "Image generated"]);
    assert_eq!(lines(&again).last().map(String::as_str), Some("Credits bought: to begin with"));

    let pay = browser.post("/try", "do=top_up+starter_500&key=testing-9").await.expect(303);
    let pay = pay.header("location").to_owned();
    assert!(pay.starts_with("sandbox/playground/chk_"), "{pay}");
    let page = browser.get(&format!("/{pay}")).await.expect(200);
    page.says("http://127.0.0.1:8080/try");
    browser.post(&format!("/{pay}"), "action=pay").await.expect(303);

    let page = click(&browser, "image.generate", "10").await;
    page.says("497 credits left").says("Credits bought");
    // Nine of them came from what was left, and three from what was bought.
    assert_eq!(lines(&page)[..4], ["Image generated", "Image generated", "Credits bought", "Refused"]);
    browser.get("/try").await.expect(200).says(">402<").says("insufficient_credits; nothing was charged");
    world.browser().get("/try").await.expect(200).is_silent_on(">402<");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_of_each_event_is_there_in_every_way_to_call() {
    let world = World::start().await;
    let browser = world.browser();
    for (event, rust) in
        [("image.generate", "Meter::new(&quot;image.generate&quot;"), ("agent.run", ".with_hold(")]
    {
        let page = click(&browser, event, event).await;
        page.says(rust);
        for way in ["curl", "python", "typescript", "rust", "mcp"] {
            page.says(&format!(r#"<section id="code-{way}">"#));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn click_sent_twice_counts_once() {
    let world = World::start().await;
    let browser = world.browser();
    browser.get("/try").await.expect(200);
    click(&browser, "image.generate", "same").await;
    let page = click(&browser, "image.generate", "same").await;
    assert_eq!(tiles(&page)[0], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_have_wallets_of_their_own_and_reach_no_other() {
    let world = World::start().await;
    let (ada, bob) = (world.browser(), world.browser());
    let adas = click(&ada, "image.generate", "1").await;
    let bobs = bob.get("/try").await.expect(200);
    assert_ne!(customer(&adas), customer(&bobs));
    assert_eq!(tiles(&bobs), ["0", "0 credits", "$0.00", "—"]);
    bobs.is_silent_on(&customer(&adas));
    // Neither a field nor a name in place of the cookie makes somebody another visitor.
    let page = bob.post("/try", &format!("do=chat.reply&key=testing-1&customer={}", customer(&adas))).await;
    page.expect(200).says("99 credits left").says(&customer(&bobs));
    let forged = world.browser();
    let request = axum::http::Request::builder()
        .uri("/try")
        .header("cookie", format!("chargly_visitor={}", customer(&adas)))
        .body(Body::empty());
    let page = world.send(request.expect("a request")).await.expect(200);
    page.is_silent_on(&customer(&adas));
    drop(forged);
    assert_eq!(tiles(&ada.get("/try").await)[0], "1", "nobody spent for Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn playground_moves_nothing_of_test_and_live() {
    let world = World::start().await;
    click(&world.browser(), "image.generate", "1").await;
    for environment in ["test", "live"] {
        let usage =
            world.ask(world.key_of(environment), "GET", "/v1/usage?interval=total", "").await.expect(200);
        assert_eq!(usage.json()["totals"]["events"], 0, "{environment}");
    }
    let keys = world.ask(world.key_of("playground"), "GET", "/v1/keys", "").await.expect(200);
    assert!(keys.text.contains("Try it"), "the playground's audit log names who acted: {}", keys.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn visitor_who_clicks_too_often_is_told_to_wait() {
    let world = World::start().await;
    let browser = world.browser();
    browser.get("/try").await.expect(200);
    let mut clicks = 0;
    let refused = loop {
        let got = browser.post("/try", &format!("do=chat.reply&key=testing-{clicks}")).await;
        if got.status != 200 {
            break got;
        }
        clicks += 1;
        assert!(clicks <= 1_000, "there is no limit");
    };
    refused.expect(429).says("as many clicks as a minute allows");
    assert_eq!(clicks, 40);
    world.browser().post("/try", "do=chat.reply&key=testing-1").await.expect(200);
    world.clock.advance(60_000);
    browser.post("/try", "do=chat.reply&key=testing-again").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_tells_each_event_with_its_position_and_goes_on_behind_one() {
    let world = World::start().await;
    let browser = world.browser();
    let page = browser.get("/try").await.expect(200);
    let after =
        page.text.split("data-after=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a position");
    click(&browser, "image.generate", "1").await;
    let read = async |path: String, wanted: &str| {
        use tower::ServiceExt as _;
        let response =
            world.router.clone().oneshot(browser.request("GET", &path, "")).await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let (mut body, mut text) = (response.into_body().into_data_stream(), String::new());
        while !text.contains(wanted) {
            let chunk = body.next().await.expect("the stream goes on").expect("bytes");
            text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
        text
    };
    let text = read(format!("/try/stream?after={after}"), "Image generated").await;
    assert!(text.contains("Credits bought") && text.contains("$0.24"), "{text}");
    let position =
        text.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().expect("a position").to_owned();
    click(&browser, "chat.reply", "2").await;
    let text = read(format!("/try/stream?after={position}"), "Chat reply").await;
    assert!(!text.contains("Image generated"), "told before: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_and_unknown_buttons_do_nothing() {
    let world = World::start().await;
    let browser = world.browser();
    browser.get("/try").await.expect(200);
    browser.post("/try", "do=customers.erase&key=testing-1").await.expect(404);
    browser.post("/try", "").await.expect(404);
    let mut request = browser.request("POST", "/try", "do=chat.reply&key=testing-2");
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().expect("a value"));
    world.send(request).await.expect(409);
    browser.post("/try", "do=top_up+no_such_pack&key=testing-3").await.expect(409);
    assert_eq!(tiles(&browser.get("/try").await)[0], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn page_works_out_what_it_is_asked_and_says_what_it_cannot_read() {
    let world = World::start().await;
    let browser = world.browser();
    let page = browser.get("/try?cost=0.0042&target=75&value=0.004&now=4&events=45500").await.expect(200);
    page.says("5 credits").says("79 %").says("73.75 %").says("+$182.00 a month");
    let page = browser.get("/try?tool=image.generate&balance=11").await.expect(200);
    page.says("402 refused").says("1 credit short");
    let page =
        browser.get("/try?cost=%3Cscript%3E&tool=%3Cb%3E&balance=99999999999999999999999").await.expect(200);
    page.says("must be a number").says("&lt;script&gt;").is_silent_on("<script>");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_playground_the_page_says_that_it_is_off() {
    let world = World::with(&["test", "live"]).await;
    world.browser().get("/try").await.expect(404).says("There is no playground here");
    world.browser().post("/try", "do=chat.reply").await.expect(404);
    world.browser().get("/try/stream").await.expect(404);
}
