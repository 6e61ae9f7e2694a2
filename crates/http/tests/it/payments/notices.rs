//! The webhook's route: what is believed, what is refused, and what is kept of it.

use axum::body::Body;
use axum::http::Request;
use chargly_engine::ledger::{Currency, Money};
use chargly_engine::payments::{CheckoutTerms, NewCheckout, PaymentProvider as _};
use chargly_fake_stripe::{Command, sign};
use serde_json::{Value, json};

use super::shop::{SECRETS, Shop, WEBHOOK, id_of, signed};
use crate::world::{Got, START_MS};

const NOW_S: i64 = START_MS / 1_000;

/// An event about money that has come, as Stripe would send it.
async fn completed(shop: &Shop) -> Value {
    let order = shop.order("user_42", "k").await;
    shop.fake.pay(&order.session).await.expect("an open session");
    let events = shop.fake.queue();
    events.into_iter().find(|event| event["type"] == "checkout.session.completed").expect("it has happened")
}

/// A notice's text as Stripe writes it.
fn written(event: &Value) -> Vec<u8> {
    serde_json::to_vec_pretty(event).expect("JSON")
}

async fn tell(shop: &Shop, body: &[u8], secrets: &[&str], at_s: i64) -> Got {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    shop.world.send(signed(body.to_vec(), &sign(body, &secrets, at_s))).await
}

async fn kept(shop: &Shop) -> Vec<Value> {
    let kept = shop.world.get("/v1/payment-notices").await.expect(200).json();
    kept["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn only_what_a_secret_of_ours_signed_a_moment_ago_is_believed() {
    let shop = Shop::open().await;
    let event = completed(&shop).await;
    let [one, two] = SECRETS;
    for (name, secrets, at_s, status) in [
        ("forged", vec!["whsec_forged"], NOW_S, 400),
        ("of another endpoint, and of one more", vec!["whsec_other", "whsec_another"], NOW_S, 400),
        ("signed by nobody", vec![], NOW_S, 400),
        ("stale", vec![one], NOW_S - 301, 400),
        ("of the future", vec![one], NOW_S + 301, 400),
        ("stale, by the new secret", vec![two], NOW_S - 301, 400),
    ] {
        let got = tell(&shop, &written(&event), &secrets, at_s).await.expect(status);
        assert_eq!(got.fields(), ["Stripe-Signature"], "{name}");
    }
    assert_eq!(kept(&shop).await, Vec::<Value>::new(), "nothing is kept of what was not believed");
    assert_eq!(shop.world.available("user_42").await, "47");
    for (name, secrets, at_s) in [
        ("just in time", vec![one], NOW_S - 300),
        ("a clock that is a little ahead", vec![one], NOW_S + 300),
        ("the new secret", vec![two], NOW_S),
        ("both, while one takes the place of the other", vec![one, two], NOW_S),
        ("a secret that we do not have yet, and one that we have", vec!["whsec_next", one], NOW_S),
    ] {
        let got = tell(&shop, &written(&event), &secrets, at_s).await.expect(200);
        assert_eq!(
            (got.json()["received"].clone(), got.text("/state")),
            (true.into(), "done".into()),
            "{name}"
        );
    }
    assert_eq!(kept(&shop).await.len(), 1, "it is one notice, however often it is told");
    assert_eq!(shop.world.available("user_42").await, "547");
}

#[tokio::test]
async fn body_that_is_not_the_one_that_was_signed_is_refused() {
    let shop = Shop::open().await;
    let event = completed(&shop).await;
    let body = written(&event);
    let signature = sign(&body, &[SECRETS[0].to_owned()], NOW_S);
    let mut other = event.clone();
    other["data"]["object"]["amount_total"] = json!(1);
    let longer = [body.as_slice(), b"\n"].concat();
    for (name, sent) in [
        ("parsed and written again", serde_json::to_vec(&event).expect("JSON")),
        ("changed", written(&other)),
        ("a line longer", longer),
        ("empty", Vec::new()),
    ] {
        let got = shop.world.send(signed(sent, &signature)).await.expect(400);
        assert_eq!(got.fields(), ["Stripe-Signature"], "{name}");
    }
    assert_eq!(shop.world.available("user_42").await, "47");
}

#[tokio::test]
async fn header_of_a_wrong_form_is_refused() {
    let shop = Shop::open().await;
    let body = written(&completed(&shop).await);
    let good = sign(&body, &[SECRETS[0].to_owned()], NOW_S);
    let code = good.split_once("v1=").expect("a signature").1.to_owned();
    for header in [
        String::new(),
        "x".to_owned(),
        format!("t={NOW_S}"),
        format!("v1={code}"),
        format!("t={NOW_S},v0={code}"),
        format!("t=,v1={code}"),
        format!("t=-{NOW_S},v1={code}"),
        format!("t={NOW_S},t={NOW_S},v1={code}"),
        format!("t={NOW_S},v1={}", &code[1..]),
        format!("t={NOW_S},v1={code}{}", ",v1=00".repeat(1_000)),
    ] {
        let got = shop.world.send(signed(body.clone(), &header)).await.expect(400);
        assert_eq!(got.fields(), ["Stripe-Signature"], "{header:.80}");
    }
    let bare = Request::builder().method("POST").uri(WEBHOOK).body(Body::from(body.clone()));
    let got = shop.world.send(bare.expect("a request")).await.expect(400);
    assert_eq!(got.fields(), ["Stripe-Signature"], "none");
    // A key is no proof that Stripe speaks.
    let keyed = shop.world.request("POST", WEBHOOK).body(Body::from(body));
    shop.world.send(keyed.expect("a request")).await.expect(400);
    assert_eq!(kept(&shop).await.len(), 0);
}

#[tokio::test]
async fn body_beyond_the_limit_is_refused_however_well_it_is_signed() {
    let shop = Shop::open().await;
    let mut event = completed(&shop).await;
    event["padding"] = json!("");
    let room = 1024 * 1024 - written(&event).len();
    for (bytes, status) in [(room, 200), (room + 1, 413)] {
        event["padding"] = json!("a".repeat(bytes));
        tell(&shop, &written(&event), &SECRETS[..1], NOW_S).await.expect(status);
    }
}

#[tokio::test]
async fn signed_notice_that_cannot_be_read_is_refused() {
    let shop = Shop::open().await;
    for body in [&b"{"[..], b"[]", b"\"x\"", b"{}", b"\xff", br#"{"id":"evt_1","type":"x","livemode":false}"#]
    {
        let got = tell(&shop, body, &SECRETS[..1], NOW_S).await.expect(400);
        assert_eq!(got.fields(), ["body"], "{}", String::from_utf8_lossy(body));
    }
}

/// What becomes of a notice that is not about an order of this environment, or about nothing.
#[tokio::test]
async fn notice_without_an_order_of_ours_is_taken_and_kept_for_a_person_where_one_may_care() {
    let shop = Shop::open().await;
    let event = completed(&shop).await;
    let session = id_of(&event["data"]["object"]);
    let with = |id: &str, change: &dyn Fn(&mut Value)| {
        let mut changed = event.clone();
        changed["id"] = json!(id);
        change(&mut changed);
        changed
    };
    let thin = |id: &str, kind: &str, related: &str| {
        json!({"id": id, "object": "v2.core.event", "type": "v1.checkout.session.completed", "livemode": false,
            "created": "2026-11-23T10:00:00.000Z", "related_object": {"id": related, "type": kind, "url": "/"}})
    };
    let nobody = |event: &mut Value| {
        for place in ["metadata", "client_reference_id"] {
            event["data"]["object"][place] = Value::Null;
        }
        event["data"]["object"]["payment_intent"] = json!("pi_999999");
    };
    for (notice, state, note) in [
        (with("evt_a", &|event| event["type"] = json!("customer.created")), "done", ""),
        (with("evt_b", &|event| event["type"] = json!("charge.succeeded")), "done", ""),
        (thin("evt_c", "checkout.session", &session), "done", ""),
        (with("evt_d", &|event| event["livemode"] = json!(true)), "parked", "money of the other kind"),
        (with("evt_e", &nobody), "parked", "names no order"),
        (
            with("evt_f", &|event| event["data"]["object"]["metadata"]["order_id"] = json!("ord_nobody")),
            "parked",
            "no order of this environment",
        ),
        (
            with("evt_g", &|event| {
                event["data"]["object"]["metadata"]["order_id"] = json!("ord_00000000000000000000");
            }),
            "parked",
            "no order of this environment",
        ),
    ] {
        let got = tell(&shop, &written(&notice), &SECRETS[..1], NOW_S).await.expect(200);
        assert_eq!(got.text("/state"), state, "{notice}");
        let newest = kept(&shop).await[0].clone();
        assert_eq!((&newest["id"], &newest["state"]), (&notice["id"], &state.into()));
        let told = newest["note"].as_str().expect("a note");
        assert!(told.contains(note) && told.is_empty() == note.is_empty(), "{told:?}");
    }
    assert_eq!(shop.world.available("user_42").await, "47", "nobody was told of the order itself");
}

#[tokio::test]
async fn thin_event_about_a_payment_finds_its_order() {
    for kind in ["payment_intent", "charge"] {
        let shop = Shop::open().await;
        let order = shop.order("user_42", "k").await;
        shop.fake.pay(&order.session).await.expect("an open session");
        let payment = shop.payment(&order);
        let related = match kind {
            "charge" => shop.fake.object(&payment).expect("a payment")["latest_charge"].clone(),
            _ => json!(payment),
        };
        let event = json!({"id": "evt_thin", "object": "v2.core.event", "type": "v1.payment_intent.succeeded",
            "livemode": false, "created": "2026-11-23T10:00:00.000Z",
            "related_object": {"id": related, "type": kind, "url": "/"}});
        let got = tell(&shop, &written(&event), &SECRETS[..1], NOW_S).await.expect(200);
        assert_eq!(got.text("/state"), "done", "{kind}");
        assert_eq!(shop.world.available("user_42").await, "547", "{kind}");
    }
}

#[tokio::test]
async fn what_somebody_else_sells_at_the_same_account_is_parked_and_listed() {
    let shop = Shop::open().await;
    let theirs = NewCheckout {
        order: "invoice_7".to_owned(),
        title: "A lamp".to_owned(),
        description: String::new(),
        price: Money::parse("30", Currency::USD).expect("an amount"),
        success_url: "https://lamps.example/".to_owned(),
        cancel_url: "https://lamps.example/".to_owned(),
        placed_at_ms: START_MS,
        expires_at_ms: START_MS + 3_600_000,
        terms: CheckoutTerms::default(),
    };
    let session = shop.stripe().start(&theirs).await.expect("a session").reference;
    let payment = shop.fake.pay(&session).await.expect("an open session");
    let refund = Command::Refund { payment, amount: None, is_pending: false };
    shop.fake.control(refund).await.expect("a refund");
    shop.deliver().await;
    let parked = shop.world.get("/v1/payment-notices?state=parked").await.expect(200).json();
    let parked = parked["data"].as_array().expect("a list").clone();
    let kinds: Vec<_> = parked.iter().map(|notice| notice["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["charge.refunded", "refund.created", "checkout.session.completed"]);
    let all: Vec<String> = pages_of(&shop, "/v1/payment-notices?limit=2").await;
    assert_eq!(all.len(), 5, "with the two that need nothing: {all:?}");
}

/// The ids of all pages of a list.
async fn pages_of(shop: &Shop, path: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.world.get(&format!("{path}{cursor}")).await.expect(200).json();
        found.extend(page["data"].as_array().expect("a list").iter().map(id_of));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn notice_tells_nobody_of_cards_and_buyers() {
    let shop = Shop::open().await;
    let event = completed(&shop).await;
    shop.world.send(shop.delivery(&event)).await.expect(200);
    let body = kept(&shop).await[0]["body"].as_str().expect("a text").to_owned();
    for hidden in ["4242", "Ada", "buyer@example.com", "_secret_"] {
        assert!(!body.contains(hidden), "{hidden} in {body}");
    }
}

#[tokio::test]
async fn where_nothing_is_connected_to_stripe_a_notice_is_told_so() {
    let world = crate::world::World::start().await;
    let got = world.send(signed(b"{}".to_vec(), "t=1,v1=00")).await.expect(409);
    assert_eq!(got.code(), "payments_not_set_up");
}
