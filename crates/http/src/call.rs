//! A request that passed the door: its environment, its key, and what it sends.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use chargly_api::limits::MIN_POSITION_WAIT_SECONDS_MAX;
use chargly_api::{ErrorCode, Fields, Id, IdKind, ObjectWriter, Problem, Problems, Value, body_text, text};
use chargly_engine::ledger::{ApiKey, Credits, EntryId, Fact, KeyNo, Position, Scope, WalletFact, WalletNo};
use chargly_engine::{CallError, Environment, Failure, Outcome};
use chargly_webhooks::Webhooks;
use compact_str::CompactString;

use crate::answer::{Answer, Errors};
use crate::errors::{problem_of, refusal_of, refusal_problem, with_checkout_hint};
use crate::project::Project;
use crate::query::{Page, Query};
use crate::read;
use crate::serve::{check_credits_chosen, check_scope};

/// A request that passed the door.
pub(crate) struct Call {
    pub(crate) project: Arc<Project>,
    pub(crate) env: Arc<Environment>,
    /// The webhooks of the environment, where some are running.
    pub(crate) webhooks: Option<Arc<Webhooks>>,
    pub(crate) key: ApiKey,
    /// How errors are written.
    pub(crate) errors: Errors,
    /// The path, which says in errors what was asked for.
    pub(crate) instance: String,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) query: Query,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) last_event_id: Option<String>,
    /// What kinds of answers are understood.
    pub(crate) accept: String,
    /// What was asked to be waited for; it is committed.
    pub(crate) min_position: Option<Position>,
    pub(crate) content_type: String,
    /// All headers, for what is sent in them.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// Whose call it is.
    pub(crate) fn actor(&self) -> KeyNo {
        self.key.number
    }

    /// A part of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The id in the path. One of another kind, or of no form at all, names nothing here.
    pub(crate) fn id(&self, kind: IdKind) -> Result<EntryId, Problem> {
        entry_id(self.param("id"), kind).ok_or_else(|| Problem::not_found(kind.noun()))
    }

    /// The customer in the path.
    pub(crate) fn customer(&self) -> Result<CompactString, Problem> {
        let customer = self.param("customer");
        text::check_customer(customer).map_err(|problem| Problem::invalid("customer", problem))?;
        Ok(customer.into())
    }

    /// The body as text, of a kind that is read here. curl's default kind is forgiven: nothing here is a form.
    pub(crate) fn text(&self) -> Result<&str, Problem> {
        const KINDS: [&str; 4] =
            ["application/json", "application/x-ndjson", "application/x-www-form-urlencoded", ""];
        let kind = self.content_type.split(';').next().unwrap_or_default().trim();
        let is_json = KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known));
        if !is_json && !kind.to_ascii_lowercase().ends_with("+json") {
            let detail = "Send JSON, with `Content-Type: application/json`.";
            return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail));
        }
        body_text(&self.body).map_err(|error| Problem::invalid("body", error.to_string()))
    }

    /// Refuses query parameters where there are none to give.
    pub(crate) fn finish_query(&mut self) -> Result<(), Problem> {
        self.query.finish_unused()
    }

    /// Which page is asked for, of a list that takes no other parameters.
    pub(crate) fn page(&mut self) -> Result<Page, Problem> {
        let mut query = std::mem::take(&mut self.query);
        let mut problems = Problems::default();
        let page = Page::read(&mut query, &mut problems);
        query.finish(&mut problems);
        problems.finish(Some(page))
    }

    /// Reads the body as one object. An empty body is an empty object.
    pub(crate) fn read<'a, T>(
        &'a self,
        read: impl FnOnce(&mut Fields<'a>, &mut Problems) -> Option<T>,
    ) -> Result<T, Problem> {
        let body = self.text()?;
        let body = if body.is_empty() { "{}" } else { body };
        let mut problems = Problems::default();
        let mut found = None;
        if let Some(mut fields) = Fields::read(body, "", &mut problems) {
            found = read(&mut fields, &mut problems);
            fields.finish(&mut problems);
        }
        problems.finish(found)
    }

    /// The idempotency key, from the body or the header.
    pub(crate) fn key_of(&self, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<CompactString> {
        let in_body = fields.optional("idempotency_key", problems, read::idempotency_key);
        let Some(in_header) = &self.idempotency_key else { return in_body };
        if let Err(problem) = text::check_idempotency_key(in_header) {
            problems.add("Idempotency-Key", problem);
        }
        if in_body.as_deref().is_some_and(|in_body| in_body != in_header) {
            problems.add("idempotency_key", "differs from the header Idempotency-Key".to_owned());
        }
        Some(in_header.as_str().into())
    }

    /// Refuses a key without the scope.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        check_scope(&self.key, scope)
    }

    /// Refuses a key that may not choose credits, where the call does.
    pub(crate) fn may_choose(&self, credits: Option<Credits>) -> Result<(), Problem> {
        check_credits_chosen(&self.key, credits)
    }

    /// A call's error as a problem.
    pub(crate) fn problem(&self, error: CallError) -> Problem {
        problem_of(error, &self.env.catalogue(), None)
    }

    /// The answer to a write about a wallet: its view, or the verdict against it. Both are rendered from the fact.
    pub(crate) fn answer(
        &self,
        outcome: &Outcome,
        customer: &str,
        view: impl FnOnce(&mut ObjectWriter<'_>, &WalletFact),
    ) -> Answer {
        let answer = match (refusal_of(&outcome.fact), outcome.fact.as_ref()) {
            (Some(refusal), _) => {
                let catalogue = self.env.catalogue();
                let problem = refusal_problem(refusal, Some(customer), &catalogue);
                let problem = with_checkout_hint(problem, refusal, &catalogue, outcome.id.position);
                self.refuse(&problem)
            }
            (None, Fact::Wallet(fact)) => Answer::object(|o| view(o, fact)),
            (None, _) => Answer::object(|_| {}),
        };
        self.written(outcome, answer)
    }

    /// A problem that is an answer: a verdict, which carries what every answer to a write does.
    pub(crate) fn refuse(&self, problem: &Problem) -> Answer {
        Answer::refusal(self.errors, problem, &self.instance)
    }

    /// With what every answer to a write carries.
    pub(crate) fn written(&self, outcome: &Outcome, answer: Answer) -> Answer {
        let epoch = self.env.tail().committed().epoch;
        answer.at(epoch, outcome.id.position.0).replayed(outcome.is_replay)
    }

    /// The customer of a wallet; empty once erased.
    pub(crate) async fn customer_of(&self, wallet: WalletNo) -> Result<CompactString, Problem> {
        let customers = self.env.customers_of(&[wallet]).await.map_err(|error| self.problem(error))?;
        Ok(customers.into_iter().next().unwrap_or_default())
    }

    /// The customer of the wallet that a fact is about.
    pub(crate) async fn customer_of_fact(&self, fact: &Fact) -> Result<CompactString, Problem> {
        match fact {
            Fact::Wallet(fact) => self.customer_of(fact.header.wallet).await,
            _ => Ok(CompactString::default()),
        }
    }
}

/// Reads an id as the ledger knows it.
pub(crate) fn entry_id(text: &str, kind: IdKind) -> Option<EntryId> {
    Id::parse(text, kind).map(|id| EntryId { position: Position(id.position), tag: id.tag })
}

/// Reads `<epoch>.<position>`, as `Chargly-Position` has it.
pub(crate) fn check_position(text: &str) -> Result<(u32, u64), String> {
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty();
    text.split_once('.')
        .filter(|(epoch, position)| number(epoch) && number(position))
        .and_then(|(epoch, position)| Some((epoch.parse().ok()?, position.parse().ok()?)))
        .ok_or_else(|| "must be a position as Chargly-Position has it, like 3.1042".to_owned())
}

/// Waits until a position is committed.
pub(crate) async fn wait_for(env: &Arc<Environment>, epoch: u32, position: u64) -> Result<(), Problem> {
    if env.tail().committed().epoch != epoch {
        check_epoch(env, epoch, position, "min_position").await?;
    }
    let mut follow = env.tail().follow();
    let reached = follow.wait_for(|committed| committed.next.0 > position);
    let limit = Duration::from_secs(MIN_POSITION_WAIT_SECONDS_MAX as u64);
    match tokio::time::timeout(limit, reached).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => {
            let detail = format!("Position {epoch}.{position} is not reached yet.");
            Err(Problem::new(ErrorCode::Unavailable, detail).retry_after(1))
        }
    }
}

/// Refuses a position of a future that was lost: it was handed out before a restore, and means nothing any more.
pub(crate) async fn check_epoch(
    env: &Arc<Environment>,
    epoch: u32,
    position: u64,
    what: &str,
) -> Result<(), Problem> {
    let lost = || {
        let detail =
            format!("The {what} is of a time that was lost when a backup was restored; start again.");
        Problem::new(ErrorCode::Gone, detail).text("kind", what)
    };
    let committed = env.tail().committed();
    if epoch == committed.epoch {
        return if position <= committed.next.0 { Ok(()) } else { Err(lost()) };
    }
    if epoch > committed.epoch {
        return Err(lost());
    }
    let reading = Arc::clone(env);
    let read = move || reading.facts().with_reader(|reader| reader.epochs()).map_err(CallError::from);
    let stopped = Err(CallError::Failed(Failure::Stopped));
    let epochs = tokio::task::spawn_blocking(read).await.unwrap_or(stopped);
    let epochs = epochs.map_err(|error| problem_of(error, &env.catalogue(), None))?;
    let end = epochs.iter().find(|start| start.epoch > epoch).map(|start| start.first.0);
    if end.is_some_and(|end| position <= end) { Ok(()) } else { Err(lost()) }
}

/// Reads a field that holds an id of some kind.
pub(crate) fn id_field(value: Value<'_>, kind: IdKind) -> Result<EntryId, String> {
    entry_id(&value.text()?, kind).ok_or_else(|| format!("must be an id that begins with {}", kind.prefix()))
}
