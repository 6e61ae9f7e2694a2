//! `GET /v1/packs`: what is for sale, in the order in which it is shown; with `all=true`, what was retired too.

use chargly_api::{Problem, Problems};

use super::write_pack;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let all = query.optional("all", &mut problems, |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    });
    query.finish(&mut problems);
    problems.check()?;
    let catalogue = call.env.catalogue();
    let mut packs = catalogue.packs_for_sale();
    if all == Some(true) {
        packs.extend(catalogue.newest_packs().filter(|pack| !pack.terms.is_active));
    }
    Ok(Answer::object(|o| {
        o.array("data", |list| {
            for pack in packs {
                list.object(|o| write_pack(o, pack));
            }
        });
        // There are never more packs than fit a page.
        o.null("next_cursor");
    }))
}
