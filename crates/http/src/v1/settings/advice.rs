//! `advice` of the settings: what advice is to reach, and what it may not do.

use chargly_api::{Fields, ObjectWriter, Problems, Value};
use chargly_engine::ledger::{AdviceSettings, BLACKOUTS_MAX, Blackout, Objective, parse_decimal};

use super::share;
use crate::facts;
use crate::read;

/// Decimal places of an elasticity.
const ELASTICITY_PLACES: u32 = 3;

/// Reads the object; what is left out has its default.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> AdviceSettings {
    let default = AdviceSettings::default();
    let Some(mut advice) = fields.object("advice", problems) else { return default };
    let is_weekly = advice.optional("weekly", problems, Value::boolean);
    let objective = advice.optional("objective", problems, |value| {
        value.one_of(&Objective::ALL.map(|objective| (objective.as_str(), objective)))
    });
    let floor_bp = advice.optional("margin_floor", problems, share);
    let dead_band_bp = advice.optional("dead_band", problems, share);
    let step_bp = advice.optional("step_limit", problems, step);
    let live_changes_max = advice.optional("live_changes", problems, |value| whole(value, 100));
    let notice_days = advice.optional("notice_days", problems, |value| whole(value, 365));
    let (mut centre, mut scale) = (None, None);
    if let Some(mut elasticity) = advice.object("elasticity", problems) {
        centre = elasticity.optional("centre", problems, milli);
        scale = elasticity.optional("scale", problems, milli);
        elasticity.finish(problems);
    }
    let blackouts = advice.optional("blackouts", problems, blackouts);
    advice.finish(problems);
    AdviceSettings {
        is_weekly: is_weekly.unwrap_or(default.is_weekly),
        objective: objective.unwrap_or(default.objective),
        floor_bp: floor_bp.unwrap_or(default.floor_bp),
        dead_band_bp: dead_band_bp.unwrap_or(default.dead_band_bp),
        step_bp: step_bp.unwrap_or(default.step_bp),
        live_changes_max: live_changes_max.unwrap_or(default.live_changes_max),
        notice_days: notice_days.unwrap_or(default.notice_days),
        elasticity_milli: centre.unwrap_or(default.elasticity_milli),
        elasticity_scale_milli: scale.unwrap_or(default.elasticity_scale_milli),
        blackouts: blackouts.unwrap_or_default(),
    }
}

/// Writes the object.
pub(crate) fn write(o: &mut ObjectWriter<'_>, advice: &AdviceSettings) {
    o.boolean("weekly", advice.is_weekly).text("objective", advice.objective.as_str());
    for (name, basis_points) in [
        ("margin_floor", advice.floor_bp),
        ("dead_band", advice.dead_band_bp),
        ("step_limit", advice.step_bp),
    ] {
        o.shown(name, facts::share(basis_points.into()));
    }
    o.number("live_changes", advice.live_changes_max).number("notice_days", advice.notice_days);
    o.object("elasticity", |o| {
        // Thousandths, as basis points are ten thousandths.
        o.shown("centre", facts::share(i64::from(advice.elasticity_milli) * 10));
        o.shown("scale", facts::share(i64::from(advice.elasticity_scale_milli) * 10));
    });
    o.array("blackouts", |list| {
        for blackout in &advice.blackouts {
            list.object(|o| {
                o.instant("from", blackout.from.0).instant("to", blackout.to.0);
            });
        }
    });
}

fn whole(value: Value<'_>, most: i64) -> Result<u32, String> {
    u32::try_from(value.integer(0, most)?).map_err(|error| error.to_string())
}

/// A share up to the whole.
fn step(value: Value<'_>) -> Result<u32, String> {
    let basis_points = decimal(value, 4)?;
    let within = u32::try_from(basis_points).ok().filter(|share| (1..=10_000).contains(share));
    within.ok_or_else(|| "must be greater than 0 and at most 1".to_owned())
}

fn milli(value: Value<'_>) -> Result<i32, String> {
    i32::try_from(decimal(value, ELASTICITY_PLACES)?).map_err(|_| "is far out of its range".to_owned())
}

/// A decimal string or a number, in units of its last place.
fn decimal(value: Value<'_>, places: u32) -> Result<i64, String> {
    let text =
        value.text().map_or_else(|_| value.number().map(str::to_owned), |text| Ok(text.into_owned()))?;
    parse_decimal(&text, places).map_err(|error| error.to_string())
}

fn blackouts(value: Value<'_>) -> Result<Vec<Blackout>, String> {
    let mut found = Vec::new();
    for item in value.array(BLACKOUTS_MAX)? {
        let mut problems = Problems::default();
        let Some(mut fields) = Fields::read(item.raw(), "", &mut problems) else {
            return Err("must be objects with from and to".to_owned());
        };
        let from = fields.required("from", &mut problems, read::instant);
        let to = fields.required("to", &mut problems, read::instant);
        fields.finish(&mut problems);
        if let Some(told) = problems.into_list().into_iter().next() {
            return Err(format!("has one whose {} {}", told.field, told.problem));
        }
        if let (Some(from), Some(to)) = (from, to) {
            if to <= from {
                return Err("must end later than they begin".to_owned());
            }
            found.push(Blackout { from, to });
        }
    }
    found.sort_unstable();
    Ok(found)
}
