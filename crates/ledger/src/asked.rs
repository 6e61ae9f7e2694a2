//! What a fact was asked to be, field by field: so that a retry with the same key is told apart from another request.

use crate::fact::Asked;
use crate::{
    Action, AllowanceRequest, AnnotateRequest, Because, CaptureRequest, Catalogue, CatalogueChange, Credits,
    EventTypeNo, Facets, Fact, GrantRequest, HoldRequest, IfInsufficient, MeterRequest, Millis, Money,
    PriceRequest, Quantity, RejectAdviceRequest, Usage, WalletEvent, WalletFact,
};

/// Where two requests under one key differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field, by its name on the wire.
    pub field: &'static str,
    /// What it was at first.
    pub first: String,
    /// What it is now.
    pub now: String,
}

/// The fields of a request as a person would read them, in a fixed order.
pub type Fields = Vec<(&'static str, String)>;

impl Fact {
    /// The operation and fields this fact was asked with; `None` for what nobody asked for under a key.
    pub fn asked_fields(&self, catalogue: &Catalogue) -> Option<(&'static str, Fields)> {
        match self {
            Self::Wallet(WalletFact { event: WalletEvent::EventAnnotated { request, .. }, .. }) => {
                Some(request.asked_fields(catalogue))
            }
            Self::Wallet(fact) => {
                let facets = facets_of(&fact.event);
                asked_of(&fact.event).map(|asked| (asked.operation(), asked.fields(catalogue, facets)))
            }
            Self::Catalogue(fact) => match &fact.change {
                CatalogueChange::PricePublished { request, .. }
                | CatalogueChange::PriceRefused { request, .. } => Some(request.asked_fields(catalogue)),
                CatalogueChange::CorrectionOpened { request } => Some(request.asked_fields()),
                CatalogueChange::RecommendationRejected { request } => Some(request.asked_fields()),
                _ => None,
            },
            Self::BatchAccepted { events, .. } => Some(("meter_batch", batch_fields(*events))),
            Self::EnvironmentCreated { .. } | Self::EpochStarted { .. } => None,
        }
    }
}

impl PriceRequest {
    /// The operation and fields of this request.
    pub fn asked_fields(&self, catalogue: &Catalogue) -> (&'static str, Fields) {
        let replaces = self.replaces.map_or_else(|| NOT_SENT.to_owned(), |price| price.0.to_string());
        let fields = vec![
            ("event", name(catalogue, self.event_type)),
            ("rule", format!("{:?}", self.rule.as_asked())),
            ("grid", format!("{:?}", self.grid)),
            ("rounding", format!("{:?}", self.rounding)),
            ("effective_at", instant(self.effective_at)),
            ("note", self.note.to_string()),
            ("replaces", replaces),
        ];
        match self.because {
            None => ("publish_price", fields),
            // What is published is the recommendation's: only what the caller says is compared.
            Some(because) => because.asked_fields(instant(self.effective_at), &self.note),
        }
    }
}

impl Because {
    fn asked_fields(self, effective_at: String, note: &str) -> (&'static str, Fields) {
        let (operation, id, notice_days) = match self {
            Self::Approves { id, notice_days } => ("apply_recommendation", id, notice_days),
            Self::RollsBack { id } => ("roll_back_recommendation", id, None),
        };
        let fields = vec![
            ("id", id.position.to_string()),
            ("notice_days", notice_days.map_or_else(|| NOT_SENT.to_owned(), |days| days.to_string())),
            ("effective_at", effective_at),
            ("reason", note.to_owned()),
        ];
        (operation, fields)
    }
}

impl AnnotateRequest {
    /// The operation and fields of this request. Which event was found is nothing that the caller asks for.
    pub fn asked_fields(&self, catalogue: &Catalogue) -> (&'static str, Fields) {
        let event = name(catalogue, self.event_type);
        ("annotate_event", vec![("event", event), ("credits", shown(self.credits))])
    }
}

impl RejectAdviceRequest {
    /// The operation and fields of this request.
    pub fn asked_fields(&self) -> (&'static str, Fields) {
        let id = self.recommendation.position.to_string();
        ("reject_recommendation", vec![("id", id), ("reason", self.reason.to_string())])
    }
}

impl Action {
    /// The request in this action, where it is one that a key can bind.
    pub fn asked(&self) -> Option<Asked> {
        Some(match self {
            Self::Meter { request, .. } | Self::RecordUse { request, .. } => Asked::Meter(*request),
            Self::PlaceHold { request, .. } => Asked::PlaceHold(*request),
            Self::IncreaseHold(request) => Asked::IncreaseHold(*request),
            Self::ExtendHold(request) => Asked::ExtendHold(*request),
            Self::CaptureHold { request, .. } => Asked::CaptureHold(*request),
            Self::VoidHold(request) => Asked::VoidHold(*request),
            Self::Grant { request, .. } => Asked::Grant(request.clone()),
            Self::VoidGrant { request, .. } => Asked::VoidGrant(*request),
            Self::Reverse { request, .. } => Asked::Reverse(*request),
            Self::Recharge { request, .. } => Asked::Recharge(*request),
            Self::Collect { request, .. } => Asked::Collect(*request),
            Self::SetCost { request, facets, .. } => {
                Asked::SetCost(*request, facets.as_ref().and_then(|f| f.usage.clone()))
            }
            Self::PlaceOrder { request, .. } => Asked::PlaceOrder(request.clone()),
            Self::RefundOrder(request) => Asked::RefundOrder(*request),
            Self::SetAllowance { request, .. } => Asked::SetAllowance(request.clone()),
            Self::Annotate { .. }
            | Self::PublishRateCard(_)
            | Self::PublishPack(_)
            | Self::OpenCheckout(_)
            | Self::SettleOrder(_)
            | Self::EndAllowance { .. }
            | Self::ChangeSettings(_)
            | Self::OpenCorrection(_)
            | Self::SetPolicy { .. }
            | Self::Freeze { .. }
            | Self::Thaw { .. }
            | Self::Change(_)
            | Self::DefineEventType(_)
            | Self::DefineNewEventType(_)
            | Self::EraseCustomer { .. }
            | Self::Recommend(_)
            | Self::RejectRecommendation(_)
            | Self::GradeRecommendation { .. }
            | Self::NoteLook(_)
            | Self::PublishPrice(_) => return None,
        })
    }

    /// The operation and fields of this action, where it is one that a key can bind.
    pub fn asked_fields(&self, catalogue: &Catalogue) -> Option<(&'static str, Fields)> {
        match self {
            Self::PublishPrice(request) => Some(request.asked_fields(catalogue)),
            Self::OpenCorrection(request) => Some(request.asked_fields()),
            Self::RejectRecommendation(request) => Some(request.asked_fields()),
            Self::Annotate { request, .. } => Some(request.asked_fields(catalogue)),
            action => {
                let facets = match action {
                    Self::Meter { facets, .. } | Self::CaptureHold { facets, .. } => facets.as_deref(),
                    _ => None,
                };
                action.asked().map(|asked| (asked.operation(), asked.fields(catalogue, facets)))
            }
        }
    }
}

/// The first field in which two requests of one operation differ.
pub fn difference(first: &(&'static str, Fields), now: &(&'static str, Fields)) -> Option<Difference> {
    if first.0 != now.0 {
        return Some(Difference { field: "operation", first: first.0.to_owned(), now: now.0.to_owned() });
    }
    first.1.iter().zip(&now.1).find(|(a, b)| a.1 != b.1).map(|(a, b)| Difference {
        field: a.0,
        first: a.1.clone(),
        now: b.1.clone(),
    })
}

fn facets_of(event: &WalletEvent) -> Option<&Facets> {
    match event {
        WalletEvent::Metered { facets, .. }
        | WalletEvent::HoldCaptured { facets, .. }
        | WalletEvent::Refused { facets, .. } => facets.as_deref(),
        _ => None,
    }
}

fn asked_of(event: &WalletEvent) -> Option<Asked> {
    Some(match event {
        WalletEvent::Metered { request, .. } => Asked::Meter(*request),
        WalletEvent::HoldPlaced { request, .. } => Asked::PlaceHold(*request),
        WalletEvent::HoldIncreased { request, .. } => Asked::IncreaseHold(*request),
        WalletEvent::HoldExtended { request, .. } => Asked::ExtendHold(*request),
        WalletEvent::HoldCaptured { request, .. } => Asked::CaptureHold(*request),
        WalletEvent::HoldVoided { request, .. } => Asked::VoidHold(*request),
        WalletEvent::Granted { request, .. } => Asked::Grant(request.clone()),
        WalletEvent::GrantVoided { request, .. } => Asked::VoidGrant(*request),
        WalletEvent::Reversed { request, .. } => Asked::Reverse(*request),
        WalletEvent::Recharged { request, .. } => Asked::Recharge(*request),
        WalletEvent::Collected { request, .. } => Asked::Collect(*request),
        WalletEvent::CostSet { request, usage, .. } => Asked::SetCost(*request, usage.clone()),
        WalletEvent::Refused { asked, .. } => asked.clone(),
        WalletEvent::OrderPlaced { request, .. } => Asked::PlaceOrder(request.as_ref().clone()),
        WalletEvent::RefundStarted { request, .. } => Asked::RefundOrder(*request),
        WalletEvent::AllowanceSet { request } => Asked::SetAllowance(request.clone()),
        WalletEvent::Opened { .. }
        | WalletEvent::EventAnnotated { .. }
        | WalletEvent::CheckoutOpened { .. }
        | WalletEvent::OrderSettled { .. }
        | WalletEvent::AllowanceEnded { .. }
        | WalletEvent::AllowanceRenewed { .. }
        | WalletEvent::LotActivated { .. }
        | WalletEvent::LotExpired { .. }
        | WalletEvent::HoldExpired { .. }
        | WalletEvent::PolicySet { .. }
        | WalletEvent::Frozen
        | WalletEvent::Thawed
        | WalletEvent::CustomerErased => return None,
    })
}

impl Asked {
    /// The operation's name.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Meter(_) => "meter_event",
            Self::PlaceHold(_) => "place_hold",
            Self::IncreaseHold(_) => "increase_hold",
            Self::ExtendHold(_) => "extend_hold",
            Self::CaptureHold(_) => "capture_hold",
            Self::VoidHold(_) => "void_hold",
            Self::Grant(_) => "grant",
            Self::VoidGrant(_) => "void_grant",
            Self::Reverse(_) => "reverse_event",
            Self::Recharge(_) => "recharge_event",
            Self::Collect(_) => "collect_event",
            Self::SetCost(..) => "set_cost",
            Self::PlaceOrder(_) => "create_checkout",
            Self::RefundOrder(_) => "refund_order",
            Self::SetAllowance(_) => "set_allowance",
            Self::Batch(..) => "meter_batch",
        }
    }

    /// Its fields as a person would read them.
    fn fields(&self, catalogue: &Catalogue, facets: Option<&Facets>) -> Fields {
        let usage = facets.and_then(|f| f.usage.as_ref());
        match self {
            Self::Meter(r) => meter_fields(catalogue, r, usage),
            Self::PlaceHold(r) => hold_fields(catalogue, r),
            Self::IncreaseHold(r) => vec![
                ("hold", r.hold.position.to_string()),
                ("quantity", shown(r.quantity)),
                ("credits", shown(r.credits)),
            ],
            Self::ExtendHold(r) => {
                vec![("hold", r.hold.position.to_string()), ("expires_in_s", r.expires_in_s.to_string())]
            }
            Self::CaptureHold(r) => capture_fields(r, usage),
            Self::VoidHold(r) => vec![("hold", r.hold.position.to_string())],
            Self::Grant(r) => grant_fields(catalogue, r),
            Self::VoidGrant(r) => vec![("grant", r.grant.position.to_string())],
            Self::Reverse(r) => vec![("event", r.event.to_string()), ("credits", shown(r.credits))],
            Self::SetCost(r, usage) => {
                vec![("event", r.event.to_string()), ("cost", cost(r.cost, usage.as_ref()))]
            }
            Self::Collect(r) => vec![("event", r.event.to_string()), ("credits", shown(r.credits))],
            Self::Recharge(r) => vec![("event", r.event.to_string()), ("credits", r.credits.to_string())],
            Self::PlaceOrder(r) => {
                let code = catalogue.pack(r.pack).map(|pack| pack.terms.code.to_string());
                // Who takes the money is nothing that the caller asks for.
                vec![("pack", code.unwrap_or_default())]
            }
            Self::RefundOrder(r) => {
                vec![("order", r.order.position.to_string()), ("credits", shown(r.credits))]
            }
            Self::SetAllowance(r) => allowance_fields(catalogue, r),
            Self::Batch(events, _) => batch_fields(*events),
        }
    }
}

fn batch_fields(events: u32) -> Fields {
    vec![("events", format!("{events} events"))]
}

fn meter_fields(catalogue: &Catalogue, r: &MeterRequest, usage: Option<&Usage>) -> Fields {
    // Who cannot be refused often makes an event anew to send it again, and puts the time in anew. It only moves
    // reports, which keep the first.
    let occurred_at = match r.if_insufficient {
        IfInsufficient::Uncharged => NOT_COMPARED.to_owned(),
        IfInsufficient::Refuse | IfInsufficient::Record => instant(r.occurred_at),
    };
    vec![
        ("event", name(catalogue, r.event_type)),
        ("quantity", r.quantity.to_string()),
        ("credits", shown(r.credits)),
        ("cost", cost(r.cost, usage)),
        // First, since it decides whether the time is compared.
        ("if_insufficient", if_insufficient(r.if_insufficient)),
        ("occurred_at", occurred_at),
    ]
}

fn hold_fields(catalogue: &Catalogue, r: &HoldRequest) -> Fields {
    vec![
        ("event", name(catalogue, r.event_type)),
        ("quantity", shown(r.quantity)),
        ("credits", shown(r.credits)),
        ("expires_in_s", r.expires_in_s.map_or_else(|| NOT_SENT.to_owned(), |s| s.to_string())),
    ]
}

fn capture_fields(r: &CaptureRequest, usage: Option<&Usage>) -> Fields {
    vec![
        ("hold", r.hold.position.to_string()),
        ("quantity", shown(r.quantity)),
        ("credits", shown(r.credits)),
        ("cost", cost(r.cost, usage)),
        ("if_insufficient", if_insufficient(r.if_insufficient)),
        ("final", r.is_final.to_string()),
    ]
}

fn grant_fields(catalogue: &Catalogue, r: &GrantRequest) -> Fields {
    let scope: Vec<String> = r.scope.iter().map(|t| name(catalogue, *t)).collect();
    vec![
        ("credits", r.credits.to_string()),
        ("kind", r.kind.as_str().to_owned()),
        ("price", money(r.price)),
        ("priority", r.priority.to_string()),
        ("effective_at", instant(r.effective_at)),
        ("expires_at", instant(r.expires_at)),
        ("scope", scope.join(", ")),
    ]
}

fn allowance_fields(catalogue: &Catalogue, r: &AllowanceRequest) -> Fields {
    let scope: Vec<String> = r.scope.iter().map(|t| name(catalogue, *t)).collect();
    vec![
        ("code", r.code.to_string()),
        ("credits", r.credits.to_string()),
        ("period", r.period.as_str().to_owned()),
        ("starts_at", instant(r.starts_at)),
        ("rollover.min", r.rollover_min.to_string()),
        ("rollover.max", r.rollover_max.to_string()),
        ("priority", r.priority.to_string()),
        ("scope", scope.join(", ")),
    ]
}

const NOT_SENT: &str = "not sent";
const NOT_COMPARED: &str = "not compared";

fn name(catalogue: &Catalogue, number: EventTypeNo) -> String {
    catalogue.event_type_no(number).map_or_else(|| number.0.to_string(), |t| t.name.to_string())
}

trait Shown {
    fn show(&self) -> String;
}

impl Shown for Credits {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Shown for Quantity {
    fn show(&self) -> String {
        self.to_string()
    }
}

fn shown<T: Shown>(value: Option<T>) -> String {
    value.map_or_else(|| NOT_SENT.to_owned(), |v| v.show())
}

fn cost(reported: Option<Money>, usage: Option<&Usage>) -> String {
    match usage {
        Some(usage) => {
            let quantities = usage.quantities.iter().map(|(unit, n)| format!(" {} {n}", unit.as_str()));
            let batch = if usage.is_batch { " batch" } else { "" };
            format!("{}/{}{}{batch}", usage.provider, usage.model, quantities.collect::<String>())
        }
        None => money(reported),
    }
}

fn money(value: Option<Money>) -> String {
    value.map_or_else(|| NOT_SENT.to_owned(), |m| format!("{} {}", m.amount(), m.currency.as_str()))
}

fn instant(value: Option<Millis>) -> String {
    value.map_or_else(|| NOT_SENT.to_owned(), |at| format!("{} ms", at.0))
}

fn if_insufficient(value: IfInsufficient) -> String {
    match value {
        IfInsufficient::Refuse => "refuse".to_owned(),
        IfInsufficient::Record => "record".to_owned(),
        IfInsufficient::Uncharged => "leave uncharged".to_owned(),
    }
}
