//! A request without an API key that brings its own proof: a page behind an unguessable link, a notice whose raw body
//! is signed.
//!
//! Invariants: what is read before the proof is looked at is bounded, and takes its room from strangers alone; cookies
//! and keys do not reach a handler, so that a browser's standing with this server decides nothing; the path, which may
//! be the proof, is told in no error.
//!
//! Not owned here: what the proof is. The handler asks a use case, and answers whatever it does not know with 404.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use chargly_api::{ErrorCode, Problem, body_text};
use tokio::sync::OwnedSemaphorePermit;

use crate::body::HeldBody;
use crate::browser;
use crate::project::Project;
use crate::query::Query;
use crate::serve::{one_header, path_params};

const FORM: &str = "application/x-www-form-urlencoded";

/// A request that brings its own proof.
pub(crate) struct PublicCall {
    pub(crate) project: Arc<Project>,
    pub(crate) query: Query,
    /// As it came, which is what a signature is about.
    pub(crate) body: Bytes,
    params: Vec<(String, String)>,
    headers: HeaderMap,
    /// From the path that was asked for to the door's root.
    root: String,
}

impl PublicCall {
    /// A part of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl PublicCall {
    /// From the path that was asked for to the door's root, as pages write it in front of their links: `../../`. It
    /// holds behind a proxy's prefix too.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// A header that may be given once.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, Problem> {
        one_header(&self.headers, name)
    }

    /// The fields of a form that was sent.
    pub(crate) fn form(&self) -> Result<Query, Problem> {
        let kind = self.header(CONTENT_TYPE.as_str())?.unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(FORM) {
            let detail = format!("Send a form, with `Content-Type: {FORM}`.");
            return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail));
        }
        Query::parse_form(body_text(&self.body).map_err(|error| Problem::invalid("body", error.to_string()))?)
    }
}

/// Everything before the handler, and the room that the body takes until it is answered.
pub(crate) async fn prepare(
    project: Arc<Project>,
    mut parts: Parts,
    body: Body,
) -> Result<(PublicCall, Option<OwnedSemaphorePermit>), Problem> {
    let params = path_params(&mut parts).await?;
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let HeldBody { bytes: body, room } = if parts.method == Method::GET || parts.method == Method::HEAD {
        HeldBody { bytes: Bytes::new(), room: None }
    } else {
        project.public_body_room.read(&parts.headers, body).await?
    };
    let root = browser::root_of(parts.uri.path());
    let mut headers = parts.headers;
    for secret in [COOKIE.as_str(), AUTHORIZATION.as_str(), "x-api-key"] {
        headers.remove(secret);
    }
    let call = PublicCall { project, query, body, params, headers, root };
    Ok((call, room))
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;
    use chargly_api::Problems;
    use chargly_api::limits::{OBJECT_FIELDS_MAX, PUBLIC_BODY_BYTES_MAX};
    use tower::ServiceExt as _;

    use super::*;
    use crate::answer::Answer;
    use crate::body::{PUBLIC_BODIES_BYTES_MAX, SMALL_BODY_BYTES_MAX};
    use crate::routes::Route;

    static ROUTE: Route = Route::public("POST", "/checkouts/{token}/act", |call| Box::pin(echo(call)));

    /// Answers what reached it.
    async fn echo(call: PublicCall) -> Result<Answer, Problem> {
        let secrets = ["cookie", "authorization", "x-api-key"];
        let secrets = secrets.iter().filter(|name| call.header(name).ok().flatten().is_some()).count();
        let mut problems = Problems::default();
        let mut form = call.form()?;
        let action = form.optional("action", &mut problems, |action| Ok(action.to_owned()));
        problems.finish(Some(()))?;
        Ok(Answer::object(|o| {
            o.text("root", call.root()).number("secrets", secrets).number("bytes", call.body.len());
            o.text("signature", call.header("stripe-signature").ok().flatten().unwrap_or_default());
            o.text("action", &action.unwrap_or_default());
        }))
    }

    async fn ask(project: &Arc<Project>, request: Request) -> (u16, String) {
        let project = Arc::clone(project);
        let serve = move |request| crate::serve::serve(Arc::clone(&project), &ROUTE, request);
        let router = axum::Router::new().route(ROUTE.path, axum::routing::post(serve));
        let response = router.oneshot(request).await.expect("the router cannot fail");
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
        (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    fn form() -> axum::http::request::Builder {
        Request::builder().method("POST").uri("/checkouts/s3cret/act").header("content-type", FORM)
    }

    fn project() -> Arc<Project> {
        Project::new(Vec::new(), Vec::new(), None, "0.0.0")
    }

    #[tokio::test]
    async fn handler_sees_form_and_signature_and_neither_cookie_nor_key() {
        let request = form().header("cookie", "a=b").header("authorization", "Bearer sk_x");
        let request = request.header("x-api-key", "sk_x").header("stripe-signature", "t=1,v1=a");
        let got = ask(&project(), request.body(Body::from("action=pay+later")).expect("a request")).await;
        let expected =
            r#"{"root":"../../","secrets":0,"bytes":16,"signature":"t=1,v1=a","action":"pay later"}"#;
        assert_eq!(got, (200, expected.to_owned()));
    }

    #[tokio::test]
    async fn body_of_the_largest_size_is_read_and_one_byte_more_is_not() {
        for (bytes, status) in
            [(PUBLIC_BODY_BYTES_MAX - 1, 200), (PUBLIC_BODY_BYTES_MAX, 200), (PUBLIC_BODY_BYTES_MAX + 1, 413)]
        {
            let body = Body::from("a".repeat(bytes));
            assert_eq!(ask(&project(), form().body(body).expect("a request")).await.0, status, "{bytes}");
        }
    }

    #[tokio::test]
    async fn large_bodies_without_a_key_fill_their_own_room_and_small_ones_pass_beside_them() {
        let project = project();
        let mut under_way = tokio::task::JoinSet::new();
        for _ in 0..PUBLIC_BODIES_BYTES_MAX / PUBLIC_BODY_BYTES_MAX {
            let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
            let request = form().header("content-length", PUBLIC_BODY_BYTES_MAX).body(body);
            let (project, request) = (Arc::clone(&project), request.expect("a request"));
            under_way.spawn(async move { ask(&project, request).await });
        }
        for _ in 0..PUBLIC_BODIES_BYTES_MAX / PUBLIC_BODY_BYTES_MAX {
            tokio::task::yield_now().await;
        }
        let of = |bytes: usize| form().body(Body::from("a".repeat(bytes))).expect("a request");
        assert_eq!(ask(&project, of(SMALL_BODY_BYTES_MAX + 1)).await.0, 429);
        assert_eq!(ask(&project, of(SMALL_BODY_BYTES_MAX)).await.0, 200);
        let with_a_key = axum::http::HeaderMap::new();
        let batch = Body::from("a".repeat(SMALL_BODY_BYTES_MAX + 1));
        assert!(project.body_room.read(&with_a_key, batch).await.is_ok(), "batches have room of their own");
    }

    #[tokio::test]
    async fn what_is_not_a_form_is_refused_without_telling_the_path() {
        let fields = |n: usize| (0..n).map(|i| format!("f{i}=1")).collect::<Vec<_>>().join("&");
        let json = Request::builder().method("POST").uri("/checkouts/s3cret/act");
        let json = json.header("content-type", "application/json").body(Body::from("{}"));
        let of = |body: String| form().body(Body::from(body));
        for (request, status) in [
            (json, 415),
            (of("action=%ff".into()), 400),
            (of("action=pay&action=decline".into()), 400),
            (of(fields(OBJECT_FIELDS_MAX)), 200),
            (of(fields(OBJECT_FIELDS_MAX + 1)), 400),
        ] {
            let (got, body) = ask(&project(), request.expect("a request")).await;
            assert_eq!(got, status, "{body}");
            assert!(!body.contains("s3cret"), "{body}");
        }
    }
}
