//! `GET /v1/recommendations`: recommendations that pass a filter, newest first, without their figures and cards.

use chargly_api::{Problem, Problems};
use chargly_engine::ledger::{AdviceKind, AdviceStatus, Advised, EventTypeNo, Position, Sureness};

use super::now;
use super::view::write_summary;
use crate::answer::Answer;
use crate::call::Call;
use crate::query::{Page, next_cursor};

/// What is asked for; nothing where all are.
struct Filter {
    event_type: Option<EventTypeNo>,
    status: Option<AdviceStatus>,
    kind: Option<AdviceKind>,
    confidence: Option<&'static str>,
}

fn from_request(call: &mut Call) -> Result<(Filter, Page), Problem> {
    let catalogue = call.env.catalogue();
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let filter = Filter {
        event_type: query.event_type(&catalogue, &mut problems),
        status: query.optional("status", &mut problems, |word| {
            one_of(word, &AdviceStatus::ALL.map(|status| (status.as_str(), status)))
        }),
        kind: query.optional("kind", &mut problems, |word| {
            one_of(word, &AdviceKind::ALL.map(|kind| (kind.as_str(), kind)))
        }),
        confidence: query.optional("confidence", &mut problems, |word| {
            let known = [Sureness::High, Sureness::Medium, Sureness::Watching].map(Sureness::as_str);
            one_of(word, &known.map(|name| (name, name)))
        }),
    };
    let page = Page::read(&mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    Ok((filter, page))
}

fn one_of<T: Copy>(word: &str, known: &[(&'static str, T)]) -> Result<T, String> {
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("must be one of {}", names.join(", "))
    })
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let (filter, page) = from_request(&mut call)?;
    let Filter { event_type, status, kind, confidence } = filter;
    let list = format!("recommendations|{event_type:?}|{status:?}|{kind:?}|{confidence:?}");
    let below = page.position(&call.env, &list).await?;
    let (catalogue, now) = (call.env.catalogue(), now(&call));
    let is_asked_for = |known: &&Advised| {
        let said = &known.recommendation;
        below.is_none_or(|below| known.id.position < below)
            && event_type.is_none_or(|event_type| event_type == said.event_type)
            && status.is_none_or(|status| status == known.status(now))
            && kind.is_none_or(|kind| kind == said.kind)
            && confidence.is_none_or(|confidence| confidence == said.sureness().as_str())
    };
    let mut older = catalogue.recommendations.iter().rev().filter(is_asked_for);
    let found: Vec<&Advised> = older.by_ref().take(page.limit()).collect();
    let last: Option<Position> = found.last().map(|known| known.id.position);
    let next = older.next().and(last);
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for advised in found {
                data.object(|o| write_summary(o, advised, &catalogue, now));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, &list, next));
    }))
}
