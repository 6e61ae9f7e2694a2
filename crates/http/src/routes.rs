//! The one table of routes: method, path, scope, operation. The router is built from it, and so are the tests that
//! ask every route without a key, with a wrong scope, and with another environment's ids.

use chargly_api::Problem;
use chargly_engine::ledger::Scope;
use futures_util::future::BoxFuture;

use crate::answer::{Answer, Errors};
use crate::call::Call;
use crate::project::Project;
use crate::public::PublicCall;
use crate::{buyer, cloud_events, compat, docs, health, pages, v1};

/// One route.
pub struct Route {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path, with `{…}` for what varies.
    pub path: &'static str,
    /// The scope that a key needs; `None` where no key is asked for.
    pub scope: Option<Scope>,
    /// What it is called in metrics and SDKs.
    pub operation: &'static str,
    /// How its errors are written.
    pub errors: Errors,
    pub(crate) run: Run,
}

impl Route {
    /// One for tests of what comes before a handler.
    #[cfg(test)]
    pub(crate) const fn public(
        method: &'static str,
        path: &'static str,
        run: fn(PublicCall) -> BoxFuture<'static, Result<Answer, Problem>>,
    ) -> Self {
        Self { method, path, scope: None, operation: "test", errors: Errors::Problem, run: Run::Public(run) }
    }

    /// Whether a request brings its own proof instead of a key: an unguessable link, a signed body. A route without a
    /// scope that is not public is for whoever asks.
    pub fn is_public(&self) -> bool {
        matches!(self.run, Run::Public(_))
    }
}

/// What a route runs.
pub(crate) enum Run {
    /// For whoever asks.
    Open(fn(&Project) -> Answer),
    /// For whoever brings a proof of another kind: an unguessable link, a signed body.
    Public(fn(PublicCall) -> BoxFuture<'static, Result<Answer, Problem>>),
    /// For whoever has a key with the route's scope.
    Keyed(fn(Call) -> BoxFuture<'static, Result<Answer, Problem>>),
}

macro_rules! routes {
    ($($method:literal $path:literal $access:ident $operation:literal $handler:path $(as $errors:ident)?;)*) => {
        &[$(Route {
            method: $method,
            path: $path,
            scope: routes!(@scope $access),
            operation: $operation,
            errors: routes!(@errors $($errors)?),
            run: routes!(@run $access $handler),
        }),*]
    };
    (@errors) => { Errors::Problem };
    (@errors $errors:ident) => { Errors::$errors };
    (@scope Open) => { None };
    (@scope Public) => { None };
    (@scope $scope:ident) => { Some(Scope::$scope) };
    (@run Open $handler:path) => { Run::Open($handler) };
    (@run Public $handler:path) => { Run::Public(|call| Box::pin($handler(call))) };
    (@run $scope:ident $handler:path) => { Run::Keyed(|call| Box::pin($handler(call))) };
}

/// Every route there is.
pub static ROUTES: &[Route] = routes! {
    "GET"    "/"                                      Open   "landing"            health::landing;
    "GET"    "/healthz"                               Open   "health"             health::healthz;
    "GET"    "/readyz"                                Open   "readiness"          health::readyz;
    "GET"    "/metrics"                               Open   "metrics"            health::metrics;
    "GET"    "/openapi.json"                          Open   "openapi"            docs::document;
    "GET"    "/docs"                                  Open   "docs"               docs::page;
    "GET"    "/assets/{file}"                         Public "get_asset"          pages::assets::handle;
    "GET"    "/v1/limits"                             Open   "list_limits"        v1::limits::handle;
    "POST"   "/v1/events"                             Meter  "meter_event"        v1::events::meter::handle;
    "GET"    "/v1/events"                             Read   "list_events"        v1::events::list::handle;
    "POST"   "/v1/events/batch"                       Meter  "meter_events"       v1::events::batch::handle;
    "POST"   "/api/v1/events"                         Meter  "receive_cloud_events" cloud_events::handle;
    "GET"    "/v1/events/{id}"                        Read   "get_event"          v1::events::get::handle;
    "GET"    "/v1/events/{id}/history"                Read   "get_event_history"  v1::events::history::handle;
    "POST"   "/v1/events/{id}/reverse"                Grant  "reverse_event"      v1::events::reverse::handle;
    "POST"   "/v1/events/{id}/collect"                Grant  "collect_event"      v1::events::collect::handle;
    "POST"   "/v1/events/{id}/cost"                   Meter  "set_event_cost"     v1::events::cost::handle;
    "POST"   "/v1/quote"                              Meter  "quote"              v1::quote::handle;
    "GET"    "/v1/stream"                             Read   "stream"             v1::stream::handle;
    "GET"    "/v1/usage"                              Read   "get_usage"          v1::usage::handle;
    "GET"    "/v1/revenue"                            Read   "get_revenue"        v1::revenue::handle;
    "GET"    "/v1/liability"                          Read   "get_liability"      v1::liability::handle;
    "GET"    "/v1/burn-down"                          Read   "get_burn_down"      v1::burn_down::handle;
    "GET"    "/v1/margin"                             Read   "get_margin"         v1::margin::handle;
    "GET"    "/v1/price-impact"                       Read   "get_price_impact"   v1::price_impact::handle;
    "GET"    "/v1/brief"                              Read   "get_brief"          v1::brief::handle;
    "GET"    "/v1/customers"                          Read   "list_customers"     v1::customers::list::handle;
    "GET"    "/v1/settings"                           Read   "get_settings"       v1::settings::get;
    "PUT"    "/v1/settings"                           Admin  "put_settings"       v1::settings::put;
    "DELETE" "/v1/customers/{customer}"               Admin  "erase_customer"     v1::customers::erase::handle;
    "GET"    "/v1/customers/{customer}/wallet"        Read   "get_wallet"         v1::customers::wallet::get::handle;
    "PUT"    "/v1/customers/{customer}/wallet/policy" Grant  "set_policy"         v1::customers::wallet::policy::handle;
    "POST"   "/v1/customers/{customer}/wallet/freeze" Grant  "freeze_wallet"      v1::customers::wallet::freeze::handle;
    "POST"   "/v1/customers/{customer}/wallet/thaw"   Grant  "thaw_wallet"        v1::customers::wallet::thaw::handle;
    "POST"   "/v1/customers/{customer}/wallet-links"  Meter  "create_wallet_link" v1::customers::wallet_links::handle;
    "GET"    "/v1/customers/{customer}/ledger"        Read   "list_ledger"        v1::customers::ledger::handle;
    "POST"   "/v1/customers/{customer}/collect"       Grant  "collect_customer"   v1::customers::collect::handle;
    "POST"   "/v1/customers/{customer}/grants"        Grant  "grant"              v1::customers::grants::handle;
    "POST"   "/v1/grants/{id}/void"                   Grant  "void_grant"         v1::grants::void::handle;
    "POST"   "/v1/holds"                              Meter  "place_hold"         v1::holds::place::handle;
    "GET"    "/v1/holds/{id}"                         Read   "get_hold"           v1::holds::get::handle;
    "POST"   "/v1/holds/{id}/capture"                 Meter  "capture_hold"       v1::holds::capture::handle;
    "POST"   "/v1/holds/{id}/increase"                Meter  "increase_hold"      v1::holds::increase::handle;
    "POST"   "/v1/holds/{id}/extend"                  Meter  "extend_hold"        v1::holds::extend::handle;
    "POST"   "/v1/holds/{id}/void"                    Meter  "void_hold"          v1::holds::void::handle;
    "GET"    "/v1/event-types"                        Read   "list_event_types"   v1::event_types::list::handle;
    "PUT"    "/v1/event-types/{name}"                 Prices "put_event_type"     v1::event_types::put::handle;
    "GET"    "/v1/event-types/{name}"                 Read   "get_event_type"     v1::event_types::get::handle;
    "POST"   "/v1/event-types/{name}/archive"         Prices "archive_event_type" v1::event_types::archive::handle;
    "POST"   "/v1/event-types/{name}/unarchive"       Prices "unarchive_event_type" v1::event_types::archive::undo;
    "POST"   "/v1/event-types/{name}/prices"          Prices "publish_price"      v1::event_types::prices::publish::handle;
    "GET"    "/v1/event-types/{name}/prices"          Read   "list_prices"        v1::event_types::prices::list::handle;
    "POST"   "/v1/price-simulations"                  Prices "simulate_prices"    v1::price_simulations::create::handle;
    "GET"    "/v1/price-simulations/{id}"             Read   "get_price_simulation" v1::price_simulations::get::handle;
    "DELETE" "/v1/price-simulations/{id}"             Prices "cancel_price_simulation" v1::price_simulations::cancel::handle;
    "GET"    "/v1/price-simulations/{id}/customers"   Read   "list_price_simulation_customers" v1::price_simulations::customers::handle;
    "GET"    "/v1/packs"                              Read   "list_credit_packs"  v1::packs::list::handle;
    "GET"    "/v1/packs/{code}"                       Read   "get_credit_pack"    v1::packs::get::handle;
    "PUT"    "/v1/packs/{code}"                       Prices "put_credit_pack"    v1::packs::put::handle;
    "POST"   "/v1/packs/{code}/retire"                Prices "retire_credit_pack" v1::packs::retire::handle;
    "POST"   "/v1/packs/{code}/restore"               Prices "restore_credit_pack" v1::packs::retire::undo;
    "POST"   "/v1/checkouts"                          Meter  "create_checkout"    v1::checkouts::create::handle;
    "GET"    "/v1/checkouts/{id}"                     Read   "get_checkout"       v1::checkouts::get::handle;
    "POST"   "/v1/checkouts/{id}/refresh"             Meter  "refresh_checkout"   v1::checkouts::get::refresh;
    "GET"    "/v1/orders"                             Read   "list_orders"        v1::orders::list::handle;
    "GET"    "/v1/orders/{id}"                        Read   "get_order"          v1::orders::get::handle;
    "POST"   "/v1/orders/{id}/refund"                 Grant  "refund_order"       v1::orders::refund::handle;
    "POST"   "/v1/orders/{id}/release"                Grant  "release_order"      v1::orders::release::handle;
    "GET"    "/v1/customers/{customer}/allowances"    Read   "list_allowances"    v1::customers::allowances::list::handle;
    "PUT"    "/v1/customers/{customer}/allowances/{code}" Grant "set_allowance"   v1::customers::allowances::put::handle;
    "DELETE" "/v1/customers/{customer}/allowances/{code}" Grant "end_allowance"   v1::customers::allowances::end::handle;
    "GET"    "/v1/payment-providers"                 Read   "list_payment_providers" v1::payment_providers::list::handle;
    "POST"   "/v1/payment-providers/{provider}/test" Grant  "test_payment_provider" v1::payment_providers::test::handle;
    "GET"    "/v1/payment-notices"                   Admin  "list_payment_notices" v1::payment_notices::list::handle;
    "POST"   "/v1/stripe/webhook"                    Public "stripe_webhook"     v1::stripe::webhook::handle;
    "GET"    "/checkout/{environment}/{token}"        Public "checkout_page"      buyer::checkout::handle;
    "GET"    "/sandbox/{environment}/{token}"         Public "sandbox_page"       buyer::sandbox::page;
    "POST"   "/sandbox/{environment}/{token}"         Public "press_in_sandbox"   buyer::sandbox::press;
    "POST"   "/v1/rate-cards"                         Prices "publish_rate_card"  v1::rate_cards::publish::handle;
    "GET"    "/v1/rate-cards"                         Read   "list_rate_cards"    v1::rate_cards::list::handle;
    "GET"    "/v1/rate-cards/models"                  Read   "list_rates"         v1::rate_cards::models::handle;
    "POST"   "/v1/rate-cards/import"                  Prices "import_rate_cards"  v1::rate_cards::import::handle;
    "POST"   "/v1/keys"                               Admin  "create_key"         v1::keys::create::handle;
    "GET"    "/v1/keys"                               Admin  "list_keys"          v1::keys::list::handle;
    "POST"   "/v1/keys/{id}/rotate"                   Admin  "rotate_key"         v1::keys::rotate::handle;
    "PUT"    "/v1/keys/{id}/budget"                   Admin  "put_key_budget"     v1::keys::budget::put;
    "DELETE" "/v1/keys/{id}/budget"                   Admin  "remove_key_budget"  v1::keys::budget::remove;
    "DELETE" "/v1/keys/{id}"                          Admin  "revoke_key"         v1::keys::revoke::handle;
    "GET"    "/v1/recommendations"                    Read   "list_pricing_recommendations" v1::recommendations::list::handle;
    "POST"   "/v1/recommendations/look"               Prices "look_for_pricing_recommendations" v1::recommendations::look::start;
    "GET"    "/v1/recommendations/look"               Read   "get_pricing_look"   v1::recommendations::look::get;
    "GET"    "/v1/recommendations/track-record"       Read   "get_pricing_track_record" v1::recommendations::track_record::handle;
    "GET"    "/v1/recommendations/{id}"               Read   "get_pricing_recommendation" v1::recommendations::get::handle;
    "GET"    "/v1/recommendations/{id}/explain"       Read   "explain_pricing_recommendation" v1::recommendations::explain::handle;
    "POST"   "/v1/recommendations/{id}/apply"         Prices "apply_pricing_recommendation" v1::recommendations::apply::handle;
    "POST"   "/v1/recommendations/{id}/reject"        Prices "reject_pricing_recommendation" v1::recommendations::reject::handle;
    "POST"   "/v1/recommendations/{id}/roll-back"     Prices "roll_back_pricing_recommendation" v1::recommendations::roll_back::handle;
    "POST"   "/v1/corrections/preview"                Prices "preview_correction" v1::corrections::preview::handle;
    "POST"   "/v1/corrections"                        Prices "open_correction"    v1::corrections::open::handle;
    "GET"    "/v1/corrections"                        Read   "list_corrections"   v1::corrections::list::handle;
    "GET"    "/v1/corrections/{id}"                   Read   "get_correction"     v1::corrections::get::handle;
    "GET"    "/v1/corrections/{id}/customers"         Read   "list_corrected_customers" v1::corrections::customers::handle;
    "POST"   "/v1/corrections/{id}/undo"              Prices "undo_correction"    v1::corrections::undo::handle;
    "POST"   "/v1/webhook-endpoints"                  Admin  "create_webhook_endpoint" v1::webhook_endpoints::create::handle;
    "GET"    "/v1/webhook-endpoints"                  Read   "list_webhook_endpoints" v1::webhook_endpoints::list::handle;
    "GET"    "/v1/webhook-endpoints/{id}"             Read   "get_webhook_endpoint" v1::webhook_endpoints::get::handle;
    "PUT"    "/v1/webhook-endpoints/{id}"             Admin  "put_webhook_endpoint" v1::webhook_endpoints::update::handle;
    "DELETE" "/v1/webhook-endpoints/{id}"             Admin  "delete_webhook_endpoint" v1::webhook_endpoints::delete::handle;
    "POST"   "/v1/webhook-endpoints/{id}/enable"      Admin  "enable_webhook_endpoint" v1::webhook_endpoints::enable::handle;
    "POST"   "/v1/webhook-endpoints/{id}/disable"     Admin  "disable_webhook_endpoint" v1::webhook_endpoints::disable::handle;
    "POST"   "/v1/webhook-endpoints/{id}/rotate"      Admin  "rotate_webhook_secret" v1::webhook_endpoints::rotate::handle;
    "POST"   "/v1/webhook-endpoints/{id}/ping"        Admin  "ping_webhook_endpoint" v1::webhook_endpoints::ping::handle;
    "GET"    "/v1/webhook-endpoints/{id}/deliveries"  Read   "list_webhook_deliveries" v1::webhook_endpoints::deliveries::handle;
    "POST"   "/v1/webhook-endpoints/{id}/resend"      Admin  "resend_webhook_message" v1::webhook_endpoints::resend::handle;
    "GET"    "/api/wallet/balance/{customer}"         Read   "compat_get_wallet"  compat::wallet::balance::handle as Client;
    "POST"   "/api/wallet/consume"                    Meter  "compat_meter_event" compat::wallet::consume::handle as Client;
    "POST"   "/api/usage/log"                         Meter  "compat_log_usage"   compat::usage::log::handle as Client;
    "POST"   "/api/billing/checkout"                  Meter  "compat_create_checkout" compat::billing::checkout::handle as Client;
    "GET"    "/api/credit-packs"                      Read   "compat_list_credit_packs" compat::credit_packs::handle as Client;
    "GET"    "/api/pricing/rules/{name}"              Read   "compat_get_pricing_rule" compat::pricing::rules::handle as Client;
    "GET"    "/api/pricing/recommendations"           Read   "compat_list_pricing_recommendations" compat::pricing::recommendations::list::handle as Client;
    "GET"    "/api/pricing/recommendations/{id}"      Read   "compat_get_pricing_recommendation" compat::pricing::recommendations::get::handle as Client;
    "GET"    "/api/pricing/recommendations/{id}/explain" Read "compat_explain_pricing_recommendation" compat::pricing::recommendations::explain::handle as Client;
    "POST"   "/api/pricing/recommendations/{id}/apply" Prices "compat_apply_pricing_recommendation" compat::pricing::recommendations::apply::handle as Client;
    "POST"   "/api/pricing/recommendations/{id}/reject" Prices "compat_reject_pricing_recommendation" compat::pricing::recommendations::reject::handle as Client;
    "GET"    "/v1/audit"                              Admin  "list_audit"         v1::audit::handle;
};
