//! From what the engine and the ledger say to what a caller reads.

use chargly_api::{ErrorCode, Problem, nearest, object, time};
use chargly_engine::ledger::{
    Allotted, Catalogue, CatalogueChange, Fact, Millis, Position, Refusal, Rejection, WalletEvent,
};
use chargly_engine::payments::{PaymentError, ProviderError};
use chargly_engine::views::ViewError;
use chargly_engine::{CallError, Failure};

use crate::view::{money_or_null, price_id};

/// What a call that did not bind its key is answered.
pub(crate) fn problem_of(error: CallError, catalogue: &Catalogue, event: Option<&str>) -> Problem {
    match error {
        CallError::Rejected(rejection) => rejection_problem(rejection, event, ""),
        CallError::RejectedInBatch { index, rejection } => {
            rejection_problem(rejection, event, &format!("events[{index}]."))
        }
        CallError::UnknownEventType { name } => unknown_event_type(&name, catalogue),
        CallError::Conflict { field, first, now } => {
            let detail = format!("The idempotency key was used before, with another {field}.");
            Problem::new(ErrorCode::IdempotencyConflict, detail)
                .text("field", field)
                .text("first", &first)
                .text("now", &now)
        }
        CallError::Gone => {
            Problem::new(ErrorCode::Gone, "What this idempotency key was used for has been erased.")
                .text("kind", "idempotency_key")
        }
        CallError::PreviewOutdated => {
            let detail = "What this preview would come to has changed since; nothing was done.";
            Problem::new(ErrorCode::PreviewOutdated, detail)
        }
        CallError::NotFound { kind } => Problem::not_found(kind),
        CallError::Failed(failure) => failure_problem(failure),
        CallError::FiguresBehind { .. } => {
            Problem::new(ErrorCode::Unavailable, "The figures do not reflect that position yet.")
                .retry_after(1)
        }
        CallError::Figures(error) => figures_problem(&error),
        CallError::Read(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a fact could not be read");
            Problem::new(ErrorCode::Internal, "The journal could not be read.")
        }
    }
}

/// What a call about a payment that did not bind its key is answered.
pub(crate) fn payment_problem(error: PaymentError, catalogue: &Catalogue) -> Problem {
    match error {
        PaymentError::Call(error) => problem_of(error, catalogue, None),
        PaymentError::Provider(ProviderError::Refused { code, message }) => {
            let detail = "The payment provider refused what it was asked.";
            Problem::new(ErrorCode::PaymentProviderRefused, detail)
                .text("provider_code", &code)
                .text("provider_message", &message)
        }
        PaymentError::Provider(error) => {
            tracing::warn!(%error, "a payment provider did not answer as it should");
            let detail = "The payment provider did not answer as it should; nothing is lost.";
            Problem::new(ErrorCode::PaymentProviderUnavailable, detail).retry_after(5)
        }
        PaymentError::Kept(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what is kept of payments cannot be used"
            );
            Problem::new(ErrorCode::Unavailable, "What is kept of payments cannot be used at the moment.")
                .retry_after(5)
        }
        PaymentError::NotSetUp => {
            let detail = "No payment provider is set up in this environment.";
            Problem::new(ErrorCode::PaymentsNotSetUp, detail)
        }
        PaymentError::Paused => {
            let detail =
                "Payments are paused since a backup was restored: `chargly resume-effects` lets them go on.";
            Problem::new(ErrorCode::Unavailable, detail).retry_after(60)
        }
        PaymentError::ForeignRedirect { field, origin } => {
            let problem =
                format!("leads to {origin}, which is not among the redirect_origins of the settings");
            Problem::invalid(field, problem)
        }
    }
}

fn figures_problem(error: &ViewError) -> Problem {
    match error {
        ViewError::TooManyRows { limit } => {
            let problem = format!(
                "makes more than {limit} rows: ask for a shorter range, a longer interval, fewer groups or one \
                 customer"
            );
            Problem::invalid("group_by", problem)
        }
        ViewError::NotAnswerable { why } => {
            let problem = format!(
                "together with the filters and the interval asks for {why}, of which no figures are kept: ask for one \
                 of them at a time, or count the events themselves (chargly export)"
            );
            Problem::invalid("group_by", problem)
        }
        error => {
            tracing::error!(error = error as &dyn std::error::Error, "the figures could not be read");
            Problem::new(ErrorCode::Unavailable, "The figures cannot be read at the moment.").retry_after(1)
        }
    }
}

/// No event type of this name; perhaps the caller meant another.
pub(crate) fn unknown_event_type(name: &str, catalogue: &Catalogue) -> Problem {
    let known = catalogue.event_types.iter().filter(|known| !known.archived).map(|known| known.name.as_str());
    let detail = format!("There is no event type {name:?} in this environment.");
    let problem = Problem::new(ErrorCode::UnknownEventType, detail).text("event", name);
    match nearest(name, known) {
        Some(near) => problem.text("did_you_mean", near),
        None => problem.json("did_you_mean", b"null".to_vec()),
    }
}

/// The verdict against a call, where its fact is one.
pub(crate) fn refusal_of(fact: &Fact) -> Option<&Refusal> {
    match fact {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Refused { refusal, .. } => Some(refusal),
            _ => None,
        },
        Fact::Catalogue(fact) => match &fact.change {
            CatalogueChange::PriceRefused { refusal, .. } => Some(refusal),
            _ => None,
        },
        Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } | Fact::BatchAccepted { .. } => None,
    }
}

/// A verdict, with the facts that a program needs to act.
pub(crate) fn refusal_problem(refusal: &Refusal, customer: Option<&str>, catalogue: &Catalogue) -> Problem {
    let code = refusal_code(refusal);
    let problem = Problem::new(code, sentence(&refusal.to_string()));
    let with_customer = |problem: Problem| match customer {
        Some(customer) => problem.text("customer", customer),
        None => problem,
    };
    match refusal {
        Refusal::InsufficientCredits { required, available } => with_customer(
            problem
                .number("required", required)
                .number("available", available)
                .number("shortfall", *required - *available),
        )
        .text("retry_with", "new_key"),
        Refusal::WalletFrozen { .. } => with_customer(problem),
        Refusal::HoldNotOpen { state } => problem.text("state", state.as_str()),
        Refusal::CaptureExceedsHold { held, requested } => {
            problem.number("held", held).number("requested", requested)
        }
        Refusal::AlreadyReversed { requested, left, reversed } => {
            problem.number("requested", requested).number("left", left).number("reversed", reversed)
        }
        Refusal::GrantNotOpen => problem,
        Refusal::GrantHeld { held } => problem.number("held", held),
        Refusal::TooManyHolds { limit } | Refusal::TooManyGrants { limit } => {
            with_customer(problem.number("limit", limit))
        }
        Refusal::BalanceTooLarge { limit } => with_customer(problem.number("limit", limit)),
        Refusal::TooManyOrders { limit } | Refusal::TooManyAllowances { limit } => {
            with_customer(problem.number("limit", limit))
        }
        Refusal::OrderNotPaid { status } => problem.text("order_status", status.as_str()),
        Refusal::RefundExceedsUnused { requested, unused } => {
            problem.number("requested", requested).number("unused", unused)
        }
        Refusal::RefundGoesOn { credits } => problem.number("credits", credits),
        Refusal::NothingToRefund => problem,
        Refusal::BudgetExceeded { budget, limit, spent, required, renews_at } => {
            let left = Allotted { limit: *limit, spent: *spent }.left();
            with_customer(
                until_renewed(problem, *renews_at)
                    .text("budget", budget.as_str())
                    .number("limit", limit)
                    .number("spent", spent)
                    .number("left", left)
                    .number("required", required),
            )
            .text("retry_with", "new_key")
        }
        Refusal::TooManyCustomers { limit, renews_at } => {
            with_customer(until_renewed(problem, *renews_at).number("limit", limit))
                .text("retry_with", "new_key")
        }
        Refusal::VersionSuperseded { latest } => match latest.and_then(|latest| catalogue.price(latest)) {
            Some(latest) => problem.text("latest", &price_id(latest).to_string()),
            None => problem.json("latest", b"null".to_vec()),
        },
    }
}

/// A verdict that a new day lifts, said so that whoever reads only the detail knows what to do.
fn until_renewed(mut problem: Problem, renews_at: Millis) -> Problem {
    let at = time::show(renews_at.0);
    problem.detail = format!(
        "{} Nothing was charged. Stop, and try again after {at} with a new idempotency key, or ask whoever gave you this \
         key for a larger budget; more credits in the wallet do not help.",
        problem.detail
    );
    problem.text("renews_at", &at)
}

/// A verdict with what the customer could buy, where that would help: the pack that covers what is missing, as packs were
/// for sale before the verdict, so that an answer given again names the same one.
pub(crate) fn with_checkout_hint(
    problem: Problem,
    refusal: &Refusal,
    catalogue: &Catalogue,
    before: Position,
) -> Problem {
    let Refusal::InsufficientCredits { required, available } = refusal else { return problem };
    let Some(pack) = catalogue.pack_covering(*required - *available, before) else { return problem };
    let terms = &pack.terms;
    let hint = object(|o| {
        o.object("smallest_covering_pack", |o| {
            o.text("code", &terms.code).text("name", &terms.name).number("credits", terms.credits_in_all());
            money_or_null(o, "price", Some(terms.price));
        });
    });
    problem.json("checkout_hint", hint)
}

/// The wire's code of a verdict.
pub(crate) fn refusal_code(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::WalletFrozen { .. } => ErrorCode::WalletFrozen,
        Refusal::InsufficientCredits { .. } => ErrorCode::InsufficientCredits,
        Refusal::HoldNotOpen { .. } => ErrorCode::HoldNotOpen,
        Refusal::CaptureExceedsHold { .. } => ErrorCode::CaptureExceedsHold,
        Refusal::AlreadyReversed { .. } => ErrorCode::AlreadyReversed,
        Refusal::GrantNotOpen => ErrorCode::GrantNotOpen,
        Refusal::GrantHeld { .. } => ErrorCode::GrantHeld,
        Refusal::TooManyHolds { .. } => ErrorCode::TooManyHolds,
        Refusal::TooManyGrants { .. } => ErrorCode::TooManyGrants,
        Refusal::BalanceTooLarge { .. } => ErrorCode::BalanceTooLarge,
        Refusal::VersionSuperseded { .. } => ErrorCode::VersionSuperseded,
        Refusal::TooManyOrders { .. } => ErrorCode::TooManyOrders,
        Refusal::TooManyAllowances { .. } => ErrorCode::TooManyAllowances,
        Refusal::OrderNotPaid { .. } => ErrorCode::OrderNotPaid,
        Refusal::RefundExceedsUnused { .. } => ErrorCode::RefundExceedsUnused,
        Refusal::RefundGoesOn { .. } => ErrorCode::RefundGoesOn,
        Refusal::NothingToRefund => ErrorCode::NothingToRefund,
        Refusal::BudgetExceeded { .. } => ErrorCode::BudgetExceeded,
        Refusal::TooManyCustomers { .. } => ErrorCode::TooManyCustomers,
    }
}

/// What a call that was rejected is answered; `path` is where its fields stand in the request.
pub(crate) fn rejection_problem(rejection: Rejection, event: Option<&str>, path: &str) -> Problem {
    let about = |code, detail: &str| match event {
        Some(event) => Problem::new(code, detail).text("event", event),
        None => Problem::new(code, detail),
    };
    match rejection {
        Rejection::EventTypeArchived => about(ErrorCode::EventTypeArchived, "The event type is archived."),
        Rejection::UnknownEventType => about(ErrorCode::UnknownEventType, "There is no such event type."),
        Rejection::NoActivePrice => about(ErrorCode::NoActivePrice, "The event type has no price in force."),
        Rejection::CostRequired => about(
            ErrorCode::CostRequired,
            "The price of this event type is made of the provider's cost, and the event came without one.",
        ),
        Rejection::Invalid { field, problem } => Problem::invalid(&format!("{path}{field}"), problem),
        Rejection::NotFound { kind } => Problem::not_found(kind),
        Rejection::Unchanged => {
            Problem::new(ErrorCode::Unchanged, "It stands there already; nothing was done.")
        }
        Rejection::RecommendationNotOpen { status } => {
            Problem::new(ErrorCode::RecommendationNotOpen, sentence(&rejection.to_string()))
                .text("recommendation_status", status.as_str())
        }
        Rejection::RecommendationNotApplicable => {
            Problem::new(ErrorCode::RecommendationNotApplicable, sentence(&rejection.to_string()))
        }
        Rejection::CorrectionRunning => {
            let detail = "Another correction is going on; it may change the same events.";
            Problem::new(ErrorCode::CorrectionRunning, detail).retry_after(1)
        }
        Rejection::CustomerErased => {
            Problem::new(ErrorCode::Gone, "The customer was erased.").text("kind", "customer")
        }
    }
}

fn failure_problem(failure: Failure) -> Problem {
    let detail = sentence(&failure.to_string());
    match failure {
        Failure::Overloaded => Problem::new(ErrorCode::Overloaded, detail).retry_after(1),
        Failure::StorageFull => Problem::new(ErrorCode::StorageFull, detail),
        Failure::NotRecorded | Failure::Stopped | Failure::IndexDamaged => {
            Problem::new(ErrorCode::Unavailable, detail).retry_after(1)
        }
        Failure::TooLarge => Problem::new(ErrorCode::TooLarge, detail),
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chargly_engine::ledger::{BudgetOf, Credits, HoldEnd, Position};

    #[test]
    fn every_verdict_has_the_code_of_its_name_and_binds() {
        let (a, b) = (Credits::from_micro(2), Credits::from_micro(1));
        for refusal in [
            Refusal::WalletFrozen { frozen_by: Position(1) },
            Refusal::InsufficientCredits { required: a, available: b },
            Refusal::HoldNotOpen { state: HoldEnd::Voided },
            Refusal::CaptureExceedsHold { held: b, requested: a },
            Refusal::AlreadyReversed { requested: a, left: b, reversed: b },
            Refusal::GrantNotOpen,
            Refusal::GrantHeld { held: a },
            Refusal::TooManyHolds { limit: 1 },
            Refusal::TooManyGrants { limit: 1 },
            Refusal::BalanceTooLarge { limit: a },
            Refusal::VersionSuperseded { latest: None },
            Refusal::TooManyOrders { limit: 1 },
            Refusal::TooManyAllowances { limit: 1 },
            Refusal::OrderNotPaid { status: chargly_engine::ledger::OrderStatus::Created },
            Refusal::RefundExceedsUnused { requested: a, unused: b },
            Refusal::RefundGoesOn { credits: a },
            Refusal::NothingToRefund,
            Refusal::BudgetExceeded {
                budget: BudgetOf::Customer,
                limit: b,
                spent: b,
                required: a,
                renews_at: Millis(0),
            },
            Refusal::TooManyCustomers { limit: 1, renews_at: Millis(0) },
        ] {
            let code = refusal_problem(&refusal, Some("a"), &Catalogue::default()).code;
            assert_eq!(code.as_str(), refusal.code());
            assert!(code.is_binding(), "{code:?}");
        }
    }
}
