//! `chargly rate-cards`: what providers charge, in a data directory that nobody serves, or through a server.

mod import;
mod words;

use anyhow::{Context as _, Result};
use chargly_engine::ledger::{Catalogue, DatedRates, Millis, RateCard};
use chargly_engine::{Clock as _, SystemClock};
use chargly_ratecards::rates_json;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::data_dir::{DataDir, environments_named, time_text};
use crate::failure::Advice;
use crate::place::Place;
use crate::{output, scan};

/// Flags of `chargly rate-cards`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RateCardsArgs {
    #[command(subcommand)]
    what: What,
}

/// What to do with rate cards.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Publish what a public list of model prices has new or changed
    Import(Box<import::ImportArgs>),
    /// List the cards, newest first
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show the rates in force for a model
    Show {
        /// The provider and the model, as the card names them
        #[arg(value_name = "PROVIDER/MODEL", value_parser = parse_name)]
        model: (String, String),
        #[command(flatten)]
        place: Place,
    },
}

/// Does it, and prints what came of it.
///
/// # Errors
/// If there is no such file or model, or the data directory or the server cannot be used.
pub(crate) fn run(args: &RateCardsArgs) -> Result<()> {
    match &args.what {
        What::Import(args) => import::run(args),
        What::List { place } => {
            let cards = cards(place)?;
            print(place, &json!({"data": cards}), || cards.iter().map(words::card).collect())
        }
        What::Show { model: (provider, model), place } => {
            let found = rates(place, provider, model)?;
            let found = found.with_context(|| {
                Advice::new(
                    format!("no rate card in force has {provider}/{model}"),
                    "`chargly rate-cards import` brings the rates of a list; names are written as the card has them.",
                )
            })?;
            print(place, &found, || words::model(&found))
        }
    }
}

fn print(place: &Place, json: &Value, words: impl FnOnce() -> String) -> Result<()> {
    if place.json { output::print_json(json) } else { output::print(&words()) }
}

fn cards(place: &Place) -> Result<Vec<Value>> {
    if let Some(client) = place.client()? {
        let listing = client.list(&["v1", "rate-cards"], &[], "listing rate cards");
        return super::runtime()?.block_on(listing);
    }
    let catalogue = catalogue_of(place)?;
    Ok(catalogue.rates.cards().iter().rev().map(|card| card_json(card, &catalogue)).collect())
}

fn rates(place: &Place, provider: &str, model: &str) -> Result<Option<Value>> {
    if let Some(client) = place.client()? {
        let query =
            [("provider", provider), ("model", model)].map(|(name, value)| (name.into(), value.into()));
        let finding = client.list(&["v1", "rate-cards", "models"], &query, "reading rates");
        return Ok(super::runtime()?.block_on(finding)?.pop());
    }
    let catalogue = catalogue_of(place)?;
    let dated = catalogue.rates.entry(provider, model, now(), None);
    Ok(dated.map(|dated| model_json(provider, model, dated)))
}

/// The catalogue of a data directory, which somebody else may be using.
fn catalogue_of(place: &Place) -> Result<Catalogue> {
    let data = DataDir::at(&place.data);
    data.project()?;
    let name = environments_named(Some(&place.env))?[0];
    scan::catalogue(&data.environment(name), &mut |_, _| {})
}

fn now() -> Millis {
    Millis(SystemClock::start().wall_ms())
}

/// As the server shows it.
fn card_json(card: &RateCard, catalogue: &Catalogue) -> Value {
    let author = catalogue.key(card.author).map(super::keys::key_id);
    json!({
        "card": card.number.0,
        "source": card.source.as_str(),
        "note": card.note.as_str(),
        "models": card.entries,
        "effective_at": time_text(card.effective_at.0),
        "author": author,
        "published_at": time_text(card.published_at.0),
    })
}

/// As the server shows it.
fn model_json(provider: &str, model: &str, dated: &DatedRates) -> Value {
    json!({
        "provider": provider,
        "model": model,
        "card": dated.card.0,
        "effective_at": time_text(dated.effective_at.0),
        "rates": rates_json(&dated.rates),
    })
}

fn parse_name(text: &str) -> Result<(String, String), String> {
    let (provider, model) = text.split_once('/').ok_or("must be PROVIDER/MODEL, like openai/gpt-4o")?;
    Ok((provider.to_owned(), model.to_owned()))
}
