//! `GET /v1/packs/{code}`: a pack, with every version it ever had, newest first.

use chargly_api::Problem;

use super::{find, write_pack};
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let catalogue = call.env.catalogue();
    let pack = find(&call, &catalogue)?;
    let versions = catalogue.packs.iter().rev().filter(|known| known.terms.code == pack.terms.code);
    Ok(Answer::object(|o| {
        write_pack(o, pack);
        o.array("versions", |list| {
            for version in versions {
                list.object(|o| write_pack(o, version));
            }
        });
    }))
}
