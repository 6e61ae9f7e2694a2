//! `/v1/price-simulations`

use std::sync::Arc;

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::ledger::{Catalogue, Millis};
use chargly_engine::{SimulationJob, SimulationStatus};

use crate::call::Call;
use crate::view;

pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod customers;
pub(crate) mod get;
mod result;

pub use create::read_price_simulation;
pub use customers::price_simulation_table;
pub use result::price_simulation_json;

/// The simulation that the path names.
fn find(call: &Call) -> Result<Arc<SimulationJob>, Problem> {
    call.env.price_simulation(call.param("id")).ok_or_else(|| Problem::not_found("price_simulation"))
}

/// Writes a simulation: where it stands, and its result once there is one.
fn write_job(o: &mut ObjectWriter<'_>, job: &SimulationJob, catalogue: &Catalogue) {
    let status = job.status();
    let is_over = !matches!(status, SimulationStatus::Queued | SimulationStatus::Running);
    let word = match &status {
        _ if !is_over && job.watch.is_cancelled() => "cancelling",
        SimulationStatus::Queued => "queued",
        SimulationStatus::Running => "running",
        SimulationStatus::Done(_) => "done",
        SimulationStatus::Cancelled => "cancelled",
        SimulationStatus::Failed(_) => "failed",
    };
    let (done, all) = job.watch.progress();
    o.text("id", &job.id).text("status", word);
    o.object("progress", |o| {
        o.number("done", done).number("all", all);
    });
    view::instant(o, "asked_at", Millis(job.asked_at_ms));
    view::instant(o, "from", job.simulation.from);
    view::instant(o, "to", job.simulation.to);
    o.number("seed", job.simulation.seed);
    match &status {
        SimulationStatus::Failed(why) => o.text("problem", why),
        _ => o.null("problem"),
    };
    match &status {
        SimulationStatus::Done(simulated) => {
            o.object("result", |o| result::write_result(o, simulated, catalogue))
        }
        _ => o.null("result"),
    };
}
