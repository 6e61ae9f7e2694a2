//! Another door behind this one's look at keys, so that there is one such look and one bound on bodies.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;

use crate::body::HeldBody;
use crate::project::Project;
use crate::serve::{authenticate, instance, respond_problem};

/// The routes of a door, for whoever has a key of any scope. The key is looked at before a byte of the body is read, and
/// the body is bounded as every body is. What the key may do is asked where it does it.
pub fn behind_keys(project: Arc<Project>, door: Router) -> Router {
    door.route_layer(from_fn(move |request: Request, next: Next| {
        let project = Arc::clone(&project);
        async move { pass(&project, request, next).await }
    }))
}

async fn pass(project: &Project, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let instance = instance(&parts.uri);
    let read = match authenticate(project, &parts.headers) {
        Ok(_) => project.body_room.read(&parts.headers, body).await,
        Err(problem) => Err(problem),
    };
    match read {
        Ok(HeldBody { bytes, room: _room }) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(problem) => respond_problem(&problem, &instance, None),
    }
}
