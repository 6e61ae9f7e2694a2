//! What whoever asks may know: that the process lives, whether it can take money, its metrics, and what it is.

use axum::body::Body;
use axum::http::StatusCode;
use chargly_api::object;
use chargly_engine::Readiness;

use crate::answer::Answer;
use crate::project::Project;

/// `GET /`: what runs here.
pub(crate) fn landing(project: &Project) -> Answer {
    Answer::object(|o| {
        o.text("name", "chargly").text("version", project.software);
        o.array("environments", |list| {
            for environment in project.real() {
                list.text(environment.name());
            }
        });
        o.text("first_call", "POST /v1/events with an API key; see /docs");
    })
}

/// `GET /healthz`: the process lives.
pub(crate) fn healthz(_: &Project) -> Answer {
    Answer::object(|o| {
        o.text("status", "ok");
    })
}

/// `GET /readyz`: whether every environment that is for real can take money.
pub(crate) fn readyz(project: &Project) -> Answer {
    let states: Vec<(&str, Option<&str>)> =
        project.real().map(|environment| (environment.name(), reason(&environment.readiness()))).collect();
    let is_ready = states.iter().all(|(_, reason)| reason.is_none());
    let body = object(|o| {
        o.text("status", if is_ready { "ready" } else { "not_ready" });
        o.object("environments", |o| {
            for (name, reason) in &states {
                o.object(name, |o| {
                    o.boolean("ready", reason.is_none()).text_or_null("reason", *reason);
                });
            }
        });
    });
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Answer::new(status, "application/json", Body::from(body))
}

/// `GET /metrics`: for Prometheus.
pub(crate) fn metrics(project: &Project) -> Answer {
    for environment in project.real() {
        let name = environment.name().to_owned();
        let bytes = u32::try_from(environment.queued_bytes()).unwrap_or(u32::MAX);
        metrics::gauge!("chargly_queued_bytes", "environment" => name.clone()).set(f64::from(bytes));
        let behind = environment.views().lag(environment.tail().committed().next);
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        metrics::gauge!("chargly_views_lag_facts", "environment" => name.clone()).set(f64::from(behind));
        let ready = u32::from(environment.readiness() == Readiness::Ready);
        metrics::gauge!("chargly_ready", "environment" => name).set(f64::from(ready));
    }
    let text = project.metrics.as_ref().map(metrics_exporter_prometheus::PrometheusHandle::render);
    Answer::new(StatusCode::OK, "text/plain; version=0.0.4", Body::from(text.unwrap_or_default()))
}

fn reason(readiness: &Readiness) -> Option<&'static str> {
    match readiness {
        Readiness::Ready => None,
        Readiness::StorageFull => Some("storage_full"),
        Readiness::Stopped(why) => Some(why),
    }
}
