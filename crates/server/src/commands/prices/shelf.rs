//! Where the prices are: a server, or a data directory that nobody serves.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use chargly_engine::Environment;
use chargly_engine::ledger::{
    Catalogue, CatalogueChange, Currency, EventTypeRequest, Fact, Grid, KeyNo, Money, PriceRequest, Rounding,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::diff::{Change, Definition, Known, Terms, Version, What};
use crate::failure::Advice;
use crate::http_client::Client;

/// Items asked for at once.
const PAGE: &str = "1000";

/// Where the prices are.
pub(super) enum Shelf {
    Server(Client),
    Directory(Arc<Environment>),
}

impl Shelf {
    /// Every event type with its latest price.
    pub(super) async fn known(&self) -> Result<Vec<Known>> {
        match self {
            Self::Server(client) => of_server(client).await,
            Self::Directory(environment) => Ok(of_catalogue(&environment.catalogue())),
        }
    }

    /// Makes one change.
    pub(super) async fn apply(&self, change: &Change, note: &str) -> Result<()> {
        match self {
            Self::Server(client) => apply_to_server(client, change, note).await,
            Self::Directory(environment) => apply_to(environment, change, note).await,
        }
    }
}

/// What another published while this import was looked at.
fn superseded(event: &str) -> Advice {
    Advice::new(
        format!("publishing the price of {event}: another version was published in between"),
        "Look at both: run the import again, which shows what is there now.",
    )
}

/// Every event type of a catalogue.
pub(super) fn of_catalogue(catalogue: &Catalogue) -> Vec<Known> {
    let known = catalogue.event_types.iter().map(|known| Known {
        name: known.name.to_string(),
        definition: Definition {
            label: known.label.to_string(),
            description: known.description.to_string(),
            dimensions: known.dimensions.iter().map(ToString::to_string).collect(),
            caller_set_credits: known.caller_set_credits,
        },
        estimated_cost_nano: known.estimated_cost_nano,
        is_archived: known.archived,
        price: catalogue.latest_price(known.number).map(|price| {
            let terms = Terms { rule: price.rule.clone(), grid: price.grid, rounding: price.rounding };
            (Version::Number(price.number), terms)
        }),
    });
    known.collect()
}

async fn apply_to(environment: &Environment, change: &Change, note: &str) -> Result<()> {
    let Change { event, what, .. } = change;
    match what {
        What::Definition { after, estimated_cost_nano, .. } => {
            let Definition { label, description, dimensions, caller_set_credits } = after.clone();
            let request = EventTypeRequest {
                name: event.as_str().into(),
                label: label.into(),
                description: description.into(),
                caller_set_credits,
                dimensions: dimensions.into_iter().map(Into::into).collect(),
                archived: false,
                estimated_cost_nano: *estimated_cost_nano,
                first_price: None,
            };
            let defined = environment.define_event_type(KeyNo::SYSTEM, request).await;
            defined.with_context(|| format!("defining {event}"))?;
        }
        What::Price { after, replaces, .. } => {
            let catalogue = environment.catalogue();
            let event_type = catalogue.event_type(event).context("the event type is not defined")?.number;
            let Terms { rule, grid, rounding } = after.clone();
            let replaces = match replaces {
                Some(Version::Number(number)) => Some(*number),
                Some(Version::Id(_)) | None => None,
            };
            let note = note.into();
            let request = PriceRequest {
                event_type,
                rule,
                grid,
                rounding,
                effective_at: None,
                note,
                replaces,
                because: None,
            };
            let published = environment.publish_price(KeyNo::SYSTEM, request, None).await;
            let published = published.with_context(|| format!("publishing the price of {event}"))?;
            if let Fact::Catalogue(fact) = published.fact.as_ref()
                && let CatalogueChange::PriceRefused { .. } = fact.change
            {
                bail!(superseded(event));
            }
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct TypePage {
    data: Vec<TypeLine>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct TypeLine {
    name: String,
    label: String,
    description: String,
    dimensions: Vec<String>,
    caller_set_credits: bool,
    estimated_cost: Option<String>,
    archived: bool,
}

#[derive(Deserialize)]
struct PricePage<'a> {
    #[serde(borrow)]
    data: Vec<PriceLine<'a>>,
}

#[derive(Deserialize)]
struct PriceLine<'a> {
    id: String,
    /// As it came: its amounts must not pass through a double.
    #[serde(borrow)]
    rule: &'a RawValue,
    grid: String,
    rounding: String,
}

/// Every event type of a server's environment.
///
/// # Errors
/// If the server cannot be read, or answers what this version does not understand.
pub(super) async fn of_server(client: &Client) -> Result<Vec<Known>> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", PAGE)];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = client.call_with(Method::GET, &["v1", "event-types"], &query, None).await?;
        let page: TypePage =
            serde_json::from_value(answer.ok("listing event types")?).context("listing event types")?;
        for line in page.data {
            all.push(of_line(client, line).await?);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

async fn of_line(client: &Client, line: TypeLine) -> Result<Known> {
    let path = ["v1", "event-types", &line.name, "prices"];
    let answer = client.call_with(Method::GET, &path, &[("limit", "1")], None).await?;
    let raw = answer.raw.clone();
    let doing = || format!("reading the prices of {}", line.name);
    answer.ok(&doing())?;
    let page: PricePage<'_> = serde_json::from_slice(&raw).with_context(doing)?;
    let price = page.data.first().map(version).transpose().with_context(doing)?;
    let estimated_cost_nano = line.estimated_cost.map(|text| Money::parse(&text, Currency::USD)).transpose();
    Ok(Known {
        definition: Definition {
            label: line.label,
            description: line.description,
            dimensions: line.dimensions,
            caller_set_credits: line.caller_set_credits,
        },
        estimated_cost_nano: estimated_cost_nano
            .context("reading an estimated cost")?
            .map(|money| money.nano),
        is_archived: line.archived,
        price,
        name: line.name,
    })
}

fn version(line: &PriceLine<'_>) -> Result<(Version, Terms)> {
    let rule = chargly_http::read_rule(line.rule.get()).map_err(|told| anyhow!(told.join("; ")))?;
    let grids = [Grid::MicroCredit, Grid::Credit];
    let grid = grids.into_iter().find(|grid| chargly_http::grid_name(*grid) == line.grid);
    let roundings = [Rounding::HalfUp, Rounding::HalfEven, Rounding::Up, Rounding::Down];
    let rounding = roundings.into_iter().find(|way| chargly_http::rounding_name(*way) == line.rounding);
    let (grid, rounding) = grid.zip(rounding).context("the rounding is of a newer version")?;
    Ok((Version::Id(line.id.clone()), Terms { rule, grid, rounding }))
}

async fn apply_to_server(client: &Client, change: &Change, note: &str) -> Result<()> {
    let Change { event, what, .. } = change;
    match what {
        What::Definition { after, estimated_cost_nano, .. } => {
            let Definition { label, description, dimensions, caller_set_credits } = after;
            let estimated_cost = estimated_cost_nano.map(|nano| Money::amount_of(nano.into()));
            let body = json!({
                "label": label,
                "description": description,
                "dimensions": dimensions,
                "caller_set_credits": caller_set_credits,
                "estimated_cost": estimated_cost,
            });
            let path = ["v1", "event-types", event];
            let answer = client.call(Method::PUT, &path, Some(body.to_string())).await?;
            answer.ok(&format!("defining {event}"))?;
        }
        What::Price { after: Terms { rule, grid, rounding }, replaces, .. } => {
            let replaces = match replaces {
                Some(Version::Id(id)) => Value::from(id.as_str()),
                Some(Version::Number(_)) | None => Value::Null,
            };
            let body = format!(
                r#"{{"rule":{},"grid":"{}","rounding":"{}","note":{},"replaces":{replaces}}}"#,
                chargly_http::rule_json(rule),
                chargly_http::grid_name(*grid),
                chargly_http::rounding_name(*rounding),
                Value::from(note),
            );
            let path = ["v1", "event-types", event, "prices"];
            let answer = client.call(Method::POST, &path, Some(body)).await?;
            if answer.body["code"] == "version_superseded" {
                bail!(superseded(event));
            }
            answer.ok(&format!("publishing the price of {event}"))?;
        }
    }
    Ok(())
}
