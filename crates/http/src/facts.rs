//! Facts as the audit log and the stream show them: what happened, to whom, by whom.

use chargly_api::{Id, IdKind, ObjectWriter};
use chargly_engine::StoredFact;
use chargly_engine::ledger::{
    Because, Budget, Catalogue, CatalogueChange, Credits, Fact, KeyNo, Money, Origin, PriceNo, Settings,
    Settlement, WalletEvent, WalletFact,
};

use crate::errors::refusal_code;
use crate::v1::events::view::write_event;
use crate::view;

/// Writes a fact: its kind, id and time, who did it, and what it was.
pub(crate) fn write_fact(
    o: &mut ObjectWriter<'_>,
    stored: &StoredFact,
    customer: &str,
    catalogue: &Catalogue,
) {
    o.text("type", kind(&stored.fact));
    if is_charge(&stored.fact)
        && let Fact::Wallet(fact) = &stored.fact
    {
        write_event(o, (stored.id, stored.at), fact, customer, catalogue);
        return;
    }
    o.shown("id", id_of(stored));
    view::instant(o, "at", stored.at);
    if let Some(origin) = origin(&stored.fact) {
        write_actor(o, origin.actor, catalogue);
    }
    match &stored.fact {
        Fact::Wallet(fact) => write_wallet_fact(o, fact, customer, catalogue),
        Fact::Catalogue(fact) => write_change(o, &fact.change, catalogue),
        Fact::EnvironmentCreated { name, .. } => {
            o.text("environment", name);
        }
        Fact::EpochStarted { epoch, software } => {
            o.number("epoch", epoch).text("software", software);
        }
        Fact::BatchAccepted { events, .. } => {
            o.text("customer", customer).number("events", events);
        }
    }
    if let Some(reason) = stored.payload.known().reason {
        o.text("reason", &reason);
    }
}

/// What a fact is called: its variant in snake_case.
pub(crate) fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Metered { .. } => "metered",
            WalletEvent::Opened { .. } => "opened",
            WalletEvent::OrderPlaced { .. } => "order_placed",
            WalletEvent::CheckoutOpened { .. } => "checkout_opened",
            WalletEvent::OrderSettled { .. } => "order_settled",
            WalletEvent::RefundStarted { .. } => "refund_started",
            WalletEvent::AllowanceSet { .. } => "allowance_set",
            WalletEvent::AllowanceEnded { .. } => "allowance_ended",
            WalletEvent::AllowanceRenewed { .. } => "allowance_renewed",
            WalletEvent::Granted { .. } => "granted",
            WalletEvent::GrantVoided { .. } => "grant_voided",
            WalletEvent::LotActivated { .. } => "lot_activated",
            WalletEvent::LotExpired { .. } => "lot_expired",
            WalletEvent::HoldPlaced { .. } => "hold_placed",
            WalletEvent::HoldIncreased { .. } => "hold_increased",
            WalletEvent::HoldExtended { .. } => "hold_extended",
            WalletEvent::HoldCaptured { .. } => "hold_captured",
            WalletEvent::HoldVoided { .. } => "hold_voided",
            WalletEvent::HoldExpired { .. } => "hold_expired",
            WalletEvent::Reversed { .. } => "reversed",
            WalletEvent::Recharged { .. } => "recharged",
            WalletEvent::Collected { .. } => "collected",
            WalletEvent::CostSet { .. } => "cost_set",
            WalletEvent::EventAnnotated { .. } => "event_annotated",
            WalletEvent::PolicySet { .. } => "policy_set",
            WalletEvent::Frozen => "frozen",
            WalletEvent::Thawed => "thawed",
            WalletEvent::CustomerErased => "customer_erased",
            WalletEvent::Refused { .. } => "refused",
        },
        Fact::Catalogue(fact) => match &fact.change {
            CatalogueChange::EventTypeDefined { .. } => "event_type_defined",
            CatalogueChange::PricePublished { .. } => "price_published",
            CatalogueChange::PriceRefused { .. } => "price_refused",
            CatalogueChange::KeyCreated { .. } => "key_created",
            CatalogueChange::KeyRevoked { .. } => "key_revoked",
            CatalogueChange::KeyBudgetSet { .. } => "key_budget_set",
            CatalogueChange::SettingsChanged { .. } => "settings_changed",
            CatalogueChange::RateCardPublished { .. } => "rate_card_published",
            CatalogueChange::PackPublished { .. } => "pack_published",
            CatalogueChange::CorrectionOpened { .. } => "correction_opened",
            CatalogueChange::CorrectionClosed { .. } => "correction_closed",
            CatalogueChange::RecommendationMade { .. } => "recommendation_made",
            CatalogueChange::RecommendationRejected { .. } => "recommendation_rejected",
            CatalogueChange::RecommendationGraded { .. } => "recommendation_graded",
            CatalogueChange::AdviceLooked { .. } => "advice_looked",
        },
        Fact::EnvironmentCreated { .. } => "environment_created",
        Fact::EpochStarted { .. } => "epoch_started",
        Fact::BatchAccepted { .. } => "batch_accepted",
    }
}

fn is_charge(fact: &Fact) -> bool {
    matches!(kind(fact), "metered" | "hold_captured")
}

/// The id by which the thing that the fact made is known elsewhere; a line's id for all else.
fn id_of(stored: &StoredFact) -> Id {
    let kind = match kind(&stored.fact) {
        "opened" => IdKind::Wallet,
        "granted" => IdKind::Grant,
        "hold_placed" => IdKind::Hold,
        "price_published" => IdKind::Price,
        "key_created" => IdKind::Key,
        "correction_opened" => IdKind::Correction,
        "order_placed" => IdKind::Order,
        "refund_started" => IdKind::Refund,
        "pack_published" => IdKind::Pack,
        _ => return view::line_id(stored.id, 0),
    };
    view::id(kind, stored.id)
}

fn origin(fact: &Fact) -> Option<Origin> {
    match fact {
        Fact::Wallet(fact) => Some(fact.header.origin),
        Fact::Catalogue(fact) => Some(fact.origin),
        Fact::BatchAccepted { origin, .. } => Some(*origin),
        Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } => None,
    }
}

/// The key that asked, or null for the system itself: by time, at first start, from the command line.
fn write_actor(o: &mut ObjectWriter<'_>, actor: KeyNo, catalogue: &Catalogue) {
    match catalogue.key(actor) {
        Some(key) => o.object("actor", |o| {
            o.shown("id", view::id(IdKind::Key, key.id)).text("label", &key.label);
        }),
        None => o.null("actor"),
    };
}

fn write_wallet_fact(o: &mut ObjectWriter<'_>, fact: &WalletFact, customer: &str, catalogue: &Catalogue) {
    o.text("customer", customer);
    match &fact.event {
        WalletEvent::Granted { request, settlements, .. } => {
            o.number("credits", request.credits).text("kind", request.kind.as_str());
            view::money_or_null(o, "price", request.price);
            o.number("debt_settled", settled(settlements));
        }
        WalletEvent::GrantVoided { request, credits, .. } => {
            o.shown("grant_id", view::id(IdKind::Grant, request.grant)).number("credits", credits);
        }
        WalletEvent::LotActivated { due, credits, settlements, .. } => {
            o.number("credits", credits).number("debt_settled", settled(settlements));
            view::instant(o, "due_at", *due);
        }
        WalletEvent::LotExpired { due, broken } => {
            o.number("credits", broken.credits);
            view::instant(o, "due_at", *due);
        }
        WalletEvent::HoldPlaced { request, credits, expires_at, .. } => {
            o.text("event", view::event_name(catalogue, request.event_type)).number("credits", credits);
            view::instant(o, "expires_at", *expires_at);
        }
        WalletEvent::HoldIncreased { request, credits, .. } => {
            o.shown("hold_id", view::id(IdKind::Hold, request.hold)).number("credits", credits);
        }
        WalletEvent::HoldExtended { request, expires_at } => {
            o.shown("hold_id", view::id(IdKind::Hold, request.hold));
            view::instant(o, "expires_at", *expires_at);
        }
        WalletEvent::HoldVoided { request, .. } => {
            o.shown("hold_id", view::id(IdKind::Hold, request.hold));
        }
        WalletEvent::HoldExpired { due, .. } => view::instant(o, "due_at", *due),
        WalletEvent::Reversed { credits, .. } => {
            o.number("credits", credits);
        }
        WalletEvent::Recharged { charge, .. } | WalletEvent::Collected { charge, .. } => {
            o.number("credits", charge.credits);
        }
        WalletEvent::CostSet { cost, .. } => {
            o.shown_or_null("cost", cost.map(|cost| Money::amount_of(cost.nano.into())));
        }
        WalletEvent::EventAnnotated { event, .. } => {
            o.shown("event_id", view::id(IdKind::Event, *event));
        }
        WalletEvent::PolicySet { policy } => view::policy(o, *policy),
        WalletEvent::Refused { asked, refusal, .. } => {
            o.text("operation", asked.operation()).text("code", refusal_code(refusal).as_str());
        }
        WalletEvent::Opened { welcome } => {
            if let Some(welcome) = welcome {
                o.number("credits", welcome.credits);
            }
        }
        WalletEvent::OrderPlaced { request, terms } => {
            if let Some(pack) = catalogue.pack(request.pack) {
                o.text("pack", &pack.terms.code).number("pack_version", pack.version);
            }
            o.number("credits", terms.credits).text("provider", &request.provider);
            view::money_or_null(o, "price", Some(terms.price));
        }
        WalletEvent::CheckoutOpened { request } => {
            o.shown("order", view::id(IdKind::Order, request.order));
        }
        WalletEvent::OrderSettled { request, status, held_because, fulfilment, reclaim } => {
            o.shown("order", view::id(IdKind::Order, request.order)).text("status", status.as_str());
            if let Some(why) = held_because {
                o.text("held_because", why.as_str());
            }
            if let Some(fulfilment) = fulfilment {
                o.number("credits", fulfilment.credits);
                o.number("debt_settled", settled(&fulfilment.settlements));
            }
            if let Some(reclaim) = reclaim {
                o.number("credits_taken_back", reclaim.taken - reclaim.restored);
                o.number("credits_owed", reclaim.owed - reclaim.forgiven);
                o.number("credits_set_aside", reclaim.sums.reserved);
            }
        }
        WalletEvent::RefundStarted { request, credits, amount } => {
            o.shown("order", view::id(IdKind::Order, request.order)).number("credits", credits);
            view::money_or_null(o, "amount", Some(*amount));
        }
        WalletEvent::AllowanceSet { request } => {
            o.text("allowance", &request.code).number("credits", request.credits);
            o.text("period", request.period.as_str());
        }
        WalletEvent::AllowanceEnded { .. } => {}
        WalletEvent::AllowanceRenewed { renewal } => {
            o.number("credits", renewal.credits);
            let lapsed: Credits = renewal.lapsed.iter().map(|draw| draw.credits).sum();
            o.number("credits_lapsed", lapsed);
        }
        WalletEvent::Frozen | WalletEvent::Thawed | WalletEvent::CustomerErased => {}
        // Written as events, by the caller.
        WalletEvent::Metered { .. } | WalletEvent::HoldCaptured { .. } => {}
    }
    view::balance(o, &fact.header.after);
}

fn settled(settlements: &[Settlement]) -> Credits {
    settlements.iter().map(|settlement| settlement.credits).sum()
}

fn write_change(o: &mut ObjectWriter<'_>, change: &CatalogueChange, catalogue: &Catalogue) {
    match change {
        CatalogueChange::EventTypeDefined { name, label, archived, .. } => {
            o.text("event", name).text("label", label).boolean("archived", *archived);
        }
        CatalogueChange::PricePublished { request, price, version, .. } => {
            o.text("event", view::event_name(catalogue, request.event_type)).number("version", version);
            view::price_version(o, Some::<PriceNo>(*price), catalogue);
            o.text("note", &request.note);
            let (applies, rolls_back) = match request.because {
                Some(Because::Approves { id, .. }) => (Some(id), None),
                Some(Because::RollsBack { id }) => (None, Some(id)),
                None => (None, None),
            };
            for (name, id) in [("applies", applies), ("rolls_back", rolls_back)] {
                if let Some(id) = id {
                    o.shown(name, view::id(IdKind::Recommendation, id));
                }
            }
        }
        CatalogueChange::PriceRefused { request, refusal } => {
            o.text("event", view::event_name(catalogue, request.event_type));
            o.text("code", refusal_code(refusal).as_str());
        }
        CatalogueChange::KeyCreated { label, hint, replaces, scopes, limits, .. } => {
            o.text("label", label).text("hint", hint);
            o.array("scopes", |list| {
                for scope in scopes.iter() {
                    list.text(scope.as_str());
                }
            });
            let replaced = replaces.and_then(|key| catalogue.key(key));
            o.shown_or_null("replaces", replaced.map(|key| view::id(IdKind::Key, key.id)));
            let limits = limits.as_deref().copied().unwrap_or_default();
            o.boolean("may_set_credits", limits.may_set_credits);
            write_budget(o, limits.budget);
        }
        CatalogueChange::KeyBudgetSet { key, budget } => {
            let key = catalogue.key(*key);
            o.shown_or_null("key_id", key.map(|key| view::id(IdKind::Key, key.id)));
            o.text_or_null("label", key.map(|key| key.label.as_str()));
            write_budget(o, *budget);
        }
        CatalogueChange::KeyRevoked { key, .. } => {
            let key = catalogue.key(*key);
            o.shown_or_null("key_id", key.map(|key| view::id(IdKind::Key, key.id)));
            o.text_or_null("label", key.map(|key| key.label.as_str()));
        }
        CatalogueChange::SettingsChanged { settings } => write_settings(o, settings, catalogue),
        CatalogueChange::RateCardPublished { request, card, .. } => {
            o.number("card", card.0).text("source", &request.source).text("note", &request.note);
            o.number("models", request.entries.len());
        }
        CatalogueChange::PackPublished { request, version, .. } => {
            o.text("pack", &request.code).number("version", version).text("name", &request.name);
            o.number("credits", request.credits).number("bonus_credits", request.bonus);
            view::money_or_null(o, "price", Some(request.price));
            o.boolean("active", request.is_active);
        }
        CatalogueChange::CorrectionOpened { request } => {
            o.text("note", &request.note).number("events_previewed", request.events);
        }
        CatalogueChange::RecommendationMade { recommendation } => {
            o.text("kind", recommendation.kind.as_str());
            o.text("event", view::event_name(catalogue, recommendation.event_type));
            o.text("confidence", recommendation.sureness().as_str());
        }
        CatalogueChange::RecommendationRejected { request } => {
            o.shown("recommendation_id", view::id(IdKind::Recommendation, request.recommendation));
            o.text("reason", &request.reason);
        }
        CatalogueChange::RecommendationGraded { recommendation, outcome } => {
            let known = catalogue.recommendation(*recommendation);
            let id = known.map(|known| view::id(IdKind::Recommendation, known.id));
            o.shown_or_null("recommendation_id", id);
            o.text("verdict", outcome.verdict.as_str());
        }
        CatalogueChange::AdviceLooked { look } => {
            o.number("recommendations", look.made).number("seed", look.seed);
        }
        CatalogueChange::CorrectionClosed { correction, sums } => {
            let correction = catalogue.correction(*correction);
            let id = correction.map(|correction| view::id(IdKind::Correction, correction.id));
            o.shown_or_null("correction_id", id);
            o.number("events", sums.events).number("left_alone", sums.left_alone);
            // As money, which has three places more.
            o.number("returned", Money::amount_of(sums.returned_micro * 1_000));
            o.number("charged", Money::amount_of(sums.charged_micro * 1_000));
        }
    }
}

fn write_budget(o: &mut ObjectWriter<'_>, budget: Option<Budget>) {
    let Some(Budget { per_day, per_customer_per_day }) = budget else {
        o.null("budget");
        return;
    };
    o.object("budget", |o| {
        view::credits_or_null(o, "credits_per_day", per_day);
        view::credits_or_null(o, "credits_per_customer_per_day", per_customer_per_day);
    });
}

/// Writes the settings, as `/v1/settings` has them.
pub(crate) fn write_settings(o: &mut ObjectWriter<'_>, settings: &Settings, catalogue: &Catalogue) {
    o.text("currency", catalogue.currency.as_str()).text("time_zone", &settings.time_zone);
    o.shown("target_margin", share(settings.target_margin_bp.into()));
    o.shown_or_null("credit_value", settings.credit_value_nano.map(|nano| Money::amount_of(nano.into())));
    match settings.welcome {
        Some(welcome) => {
            o.object("welcome_grant", |o| {
                o.number("credits", welcome.credits);
                match welcome.valid_days {
                    Some(days) => o.number("valid_days", days),
                    None => o.null("valid_days"),
                };
            });
        }
        None => {
            o.null("welcome_grant");
        }
    }
    o.text("refund_shortfall", settings.refund_shortfall.as_str());
    o.text("dispute_shortfall", settings.dispute_shortfall.as_str());
    o.object("checkout", |o| {
        let checkout = settings.checkout;
        o.boolean("automatic_tax", checkout.automatic_tax).boolean("invoices", checkout.invoices);
        o.boolean("promotion_codes", checkout.promotion_codes);
    });
    o.array("redirect_origins", |list| {
        for origin in &settings.redirect_origins {
            list.text(origin);
        }
    });
    o.object("advice", |o| crate::v1::settings::advice::write(o, &settings.advice));
    o.boolean("compat_creates_event_types", settings.compat_creates_event_types);
}

/// Basis points as a decimal share: 6,000 is `0.6`.
pub(crate) fn share(basis_points: i64) -> String {
    // Four places, as money has nine.
    Money::amount_of(i128::from(basis_points) * 100_000)
}
