//! `/v1/settings`: what figures and advice depend on.

pub(crate) mod advice;

use chargly_api::{Fields, Problem, Problems, Value};
use chargly_engine::ledger::{
    CheckoutSettings, Currency, Money, PACK_VALID_DAYS_MAX, REDIRECT_ORIGINS_MAX, Settings, Shortfall,
    WelcomeGrant, parse_decimal,
};
use chargly_engine::views::Zone;
use compact_str::CompactString;
use url::Url;

use crate::answer::Answer;
use crate::call::Call;
use crate::facts::write_settings;
use crate::read;

/// Decimal places of a share: basis points.
const SHARE_PLACES: u32 = 4;

/// `GET /v1/settings`
pub(crate) async fn get(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    shown(&call)
}

/// `PUT /v1/settings`: what is left out goes back to its default.
pub(crate) async fn put(call: Call) -> Result<Answer, Problem> {
    let settings = from_request(&call)?;
    let changed = call.env.change_settings(call.actor(), settings, None).await;
    let outcome = changed.map_err(|error| call.problem(error))?;
    Ok(call.written(&outcome, shown(&call)?))
}

fn shown(call: &Call) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| write_settings(o, &catalogue.settings, &catalogue)))
}

fn from_request(call: &Call) -> Result<Settings, Problem> {
    let currency = call.env.catalogue().currency;
    call.read(|fields, problems| {
        let default = Settings::default();
        let time_zone = fields.optional("time_zone", problems, |value| {
            let name = value.text()?;
            let known =
                Zone::named(&name).ok_or("must be the IANA name of a time zone, such as Europe/Berlin")?;
            Ok(known.name().into())
        });
        let target_margin = fields.optional("target_margin", problems, share);
        let credit_value = fields.optional("credit_value", problems, |value| credit_value(value, currency));
        let welcome = welcome(fields, problems);
        let refund_shortfall = fields.optional("refund_shortfall", problems, shortfall);
        let dispute_shortfall = fields.optional("dispute_shortfall", problems, shortfall);
        let checkout = checkout(fields, problems);
        let redirect_origins = fields.optional("redirect_origins", problems, redirect_origins);
        Some(Settings {
            time_zone: time_zone.unwrap_or(default.time_zone),
            target_margin_bp: target_margin.unwrap_or(default.target_margin_bp),
            credit_value_nano: credit_value,
            welcome,
            refund_shortfall: refund_shortfall.unwrap_or(default.refund_shortfall),
            dispute_shortfall: dispute_shortfall.unwrap_or(default.dispute_shortfall),
            checkout,
            redirect_origins: redirect_origins.unwrap_or_default(),
            advice: advice::read(fields, problems),
            compat_creates_event_types: fields
                .optional("compat_creates_event_types", problems, Value::boolean)
                .unwrap_or(default.compat_creates_event_types),
        })
    })
}

fn welcome(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<WelcomeGrant> {
    let mut grant = fields.object("welcome_grant", problems)?;
    let credits = grant.required("credits", problems, read::some_credits);
    let valid_days = grant.optional("valid_days", problems, valid_days);
    grant.finish(problems);
    Some(WelcomeGrant { credits: credits?, valid_days })
}

fn checkout(fields: &mut Fields<'_>, problems: &mut Problems) -> CheckoutSettings {
    let Some(mut checkout) = fields.object("checkout", problems) else { return CheckoutSettings::default() };
    let mut flag = |name| checkout.optional(name, problems, Value::boolean).unwrap_or(false);
    let settings = CheckoutSettings {
        automatic_tax: flag("automatic_tax"),
        invoices: flag("invoices"),
        promotion_codes: flag("promotion_codes"),
    };
    checkout.finish(problems);
    settings
}

fn shortfall(value: Value<'_>) -> Result<Shortfall, String> {
    let known = [Shortfall::Debt, Shortfall::DebtAndFreeze, Shortfall::Uncollectable];
    value.one_of(&known.map(|shortfall| (shortfall.as_str(), shortfall)))
}

/// How many days credits are good for.
pub(crate) fn valid_days(value: Value<'_>) -> Result<u32, String> {
    let days = value.integer(1, PACK_VALID_DAYS_MAX.into())?;
    u32::try_from(days).map_err(|error| error.to_string())
}

/// Origins in their one spelling, so that an address can be compared by its own.
fn redirect_origins(value: Value<'_>) -> Result<Vec<CompactString>, String> {
    let mut origins = Vec::new();
    for origin in value.array(REDIRECT_ORIGINS_MAX)? {
        let text = origin.text()?;
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let spelled = url.map(|url| url.origin().ascii_serialization());
        let spelled = spelled.filter(|spelled| *spelled == text.trim_end_matches('/').to_ascii_lowercase());
        origins.push(spelled.map(CompactString::from).ok_or_else(|| {
            format!("names {text:?}, which is no origin: a scheme, a host and perhaps a port, like https://app.example.com")
        })?);
    }
    origins.sort_unstable();
    origins.dedup();
    Ok(origins)
}

/// A share below 1, as a decimal string or a number.
fn share(value: Value<'_>) -> Result<u32, String> {
    let text =
        value.text().map_or_else(|_| value.number().map(str::to_owned), |text| Ok(text.into_owned()))?;
    let basis_points = parse_decimal(&text, SHARE_PLACES).map_err(|error| error.to_string())?;
    let share = u32::try_from(basis_points).map_err(|_| "must not be negative".to_owned())?;
    if share >= 10_000 { Err("must be below 1: a margin is a part of revenue".to_owned()) } else { Ok(share) }
}

fn credit_value(value: Value<'_>, currency: Currency) -> Result<i64, String> {
    let text =
        value.text().map_err(|problem| format!("{problem}: money is a decimal string, like \"0.004\""))?;
    let nano = Money::parse(&text, currency).map_err(|error| error.to_string())?.nano;
    if nano == 0 { Err("must be greater than zero".to_owned()) } else { Ok(nano) }
}
