//! `GET /v1/corrections/{id}/customers`: what a correction changed so far, customer by customer, as CSV.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::StatusCode;
use chargly_api::Problem;
use chargly_engine::CustomerChange;

use super::{KIND, decimal};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let changes = call.env.correction_customers(call.id(KIND)?).await;
    let changes = changes.map_err(|error| call.problem(error))?;
    let mut csv = String::from("customer,events,returned,charged,difference,refused\n");
    for change in &changes {
        write_row(&mut csv, change);
    }
    Ok(Answer::new(StatusCode::OK, "text/csv; charset=utf-8", Body::from(csv)))
}

fn write_row(csv: &mut String, change: &CustomerChange) {
    let CustomerChange { customer, events, returned_micro, charged_micro, refused } = change;
    let (returned, charged) = (decimal(*returned_micro), decimal(*charged_micro));
    let difference = decimal(charged_micro - returned_micro);
    // A text can always be written to.
    let _ = writeln!(csv, "{},{events},{returned},{charged},{difference},{refused}", quoted(customer));
}

/// In quotation marks where it would be taken apart without.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_id_stays_one_field() {
        let change = CustomerChange {
            customer: "a,\"b\"".into(),
            events: 2,
            returned_micro: 500_000,
            charged_micro: 2_000_000,
            refused: 1,
        };
        let mut csv = String::new();
        write_row(&mut csv, &change);
        assert_eq!(csv, "\"a,\"\"b\"\"\",2,0.5,2,1.5,1\n");
    }
}
