//! `/v1/settings`: what figures and advice depend on.

use chargly_api::{Problem, Value};
use chargly_engine::ledger::{Currency, Money, Settings, parse_decimal};
use chargly_engine::views::Zone;

use crate::answer::Answer;
use crate::call::Call;
use crate::facts::write_settings;

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
        Some(Settings {
            time_zone: time_zone.unwrap_or(default.time_zone),
            target_margin_bp: target_margin.unwrap_or(default.target_margin_bp),
            credit_value_nano: credit_value,
        })
    })
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
