//! The router, built from the one table of routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use chargly_api::{ErrorCode, Problem};

use crate::answer::{Answer, Errors};
use crate::project::Project;
use crate::routes::{ROUTES, Route};
use crate::serve::{instance, respond_problem, serve};
use crate::{browser, compat};

/// Everything this door answers.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the router keeps the project alive; the caller gives it away"
)]
pub fn router(project: Arc<Project>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let project = Arc::clone(&project);
        let handler = move |request: Request| serve(Arc::clone(&project), route, request);
        router = router.route(route.path, on(filter(route), handler));
    }
    router.fallback(no_such_path).method_not_allowed_fallback(no_such_method)
}

fn filter(route: &Route) -> MethodFilter {
    match route.method {
        "GET" => MethodFilter::GET,
        "PUT" => MethodFilter::PUT,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::POST,
    }
}

async fn no_such_path(request: Request) -> Response {
    let problem = Problem::new(ErrorCode::NotFound, "There is nothing at this path.").text("kind", "path");
    refuse(&request, &problem)
}

async fn no_such_method(request: Request) -> Response {
    let detail = "This path does not take this method; see the Allow header.";
    refuse(&request, &Problem::new(ErrorCode::MethodNotAllowed, detail))
}

/// A link that lost a part of itself on the way is opened by a person, who gets a page.
fn refuse(request: &Request, problem: &Problem) -> Response {
    let path = request.uri().path();
    if path.starts_with(compat::PREFIX) && !path.starts_with(compat::NOT_OURS) {
        return Answer::refusal(Errors::Client, problem, path).into_response();
    }
    let root = browser::wants_page(request.headers()).then(|| browser::root_of(request.uri().path()));
    respond_problem(problem, &instance(request.uri()), root.as_deref())
}
