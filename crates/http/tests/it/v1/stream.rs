//! `GET /v1/stream`

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

use crate::world::World;

async fn open(world: &World, query: &str, after: Option<&str>) -> BodyDataStream {
    let mut request = world.request("GET", &format!("/v1/stream{query}"));
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    let response = world.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    let response = response.expect("the router cannot fail");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    assert!(next(&mut stream).await.starts_with(':'));
    stream
}

async fn next(stream: &mut BodyDataStream) -> String {
    let bytes = stream.next().await.expect("the stream goes on").expect("bytes");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn stream_tells_what_commits_and_resumes_behind_what_was_read() {
    let world = World::start().await;
    let mut stream = open(&world, "", None).await;
    let first = world.meter("user_42", "1").await.expect(200);
    let told = next(&mut stream).await;
    assert!(told.starts_with(&format!("id: {}\nevent: metered\ndata: {{", first.position())), "{told}");
    assert!(told.contains(&first.text("/id")) && told.ends_with("}\n\n"), "{told}");
    let second = world.meter("user_42", "2").await.expect(200);
    let mut resumed = open(&world, "", Some(&first.position())).await;
    assert!(next(&mut resumed).await.contains(&second.text("/id")));
    assert!(next(&mut stream).await.contains(&second.text("/id")));
}

#[tokio::test]
async fn stream_of_one_customer_tells_of_no_other() {
    let world = World::start().await;
    world.grant("b", "100").await;
    let mut stream = open(&world, "?customer=b&event=image.generate", None).await;
    world.meter("user_42", "1").await.expect(200);
    world.grant("b", "100").await;
    let wanted = world.meter("b", "1").await.expect(200);
    assert!(next(&mut stream).await.contains(&wanted.text("/id")));
}

#[tokio::test]
async fn stream_ends_with_its_key() {
    let world = World::start().await;
    let mut stream = open(&world, "", None).await;
    let id = world.get("/v1/keys").await.text("/data/0/id");
    world.ask("DELETE", &format!("/v1/keys/{id}"), Some(&world.key), "").await.expect(200);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn stream_with_wrong_parameters_is_refused() {
    let world = World::start().await;
    assert_eq!(
        world.get("/v1/stream?event=nothing&custmer=a").await.expect(400).fields(),
        ["event", "custmer"]
    );
    let request = world.request("GET", "/v1/stream").header("last-event-id", "x");
    let got = world.send(request.body(Body::empty()).expect("a request")).await.expect(400);
    assert_eq!(got.fields(), ["Last-Event-ID"]);
    let request = world.request("GET", "/v1/stream").header("last-event-id", "77.1");
    world.send(request.body(Body::empty()).expect("a request")).await.expect(410);
}
