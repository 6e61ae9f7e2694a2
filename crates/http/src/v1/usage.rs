//! `GET /v1/usage`: what was used.

use chargly_api::Problem;
use chargly_engine::figures::Line;

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::Report;
use crate::figures::table::{Cell, Named};

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let (report, ()) = Report::ask(&mut call, |_, _, _| ()).await?;
    Ok(report.answer(&call, |_, line| cells(line), |_| {}))
}

fn cells(line: &Line) -> Vec<Named> {
    vec![
        ("events", Cell::count(line.events)),
        ("late_events", Cell::count(line.late_events)),
        ("quantity", Cell::micro(line.quantity_micro)),
        ("credits_used", Cell::micro(line.credits_used_micro)),
        ("uncharged", Cell::micro(line.uncharged_micro)),
        ("refused", Cell::count(line.refused)),
    ]
}
