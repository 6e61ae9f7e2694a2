//! How everything looks: amounts in words, tables, panels, and what stands around each page.

mod amount;
mod assets;
pub(crate) mod csv;
mod parts;
pub(crate) mod say;
mod sheet;
mod shell;
mod table;

pub(crate) use amount::{Amount, UNIT};
pub(crate) use assets::{
    Asset, COPY, FIRST, IMPORT_LIST, LIVE, PRICE_SLIDER, TRY_SCRIPT, WAITING, WALLET_SCRIPT, find_asset,
};
pub(crate) use parts::{Level, Tile, empty, fact, note, tag};
pub(crate) use say::{COST_MISSING, Currency, NONE, Unit};
pub(crate) use sheet::{Figure, Sheet};
pub(crate) use shell::{Around, around, wordmark};
pub(crate) use table::{Cell, Column, Table, show_all};
