//! Writes what is made of the descriptions: the committed document, and where a folder is named also the page, to be
//! looked at.
//!
//! `cargo run -p chargly-openapi --example reference [FOLDER]`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
    fs::create_dir_all(&root)?;
    fs::write(root.join("openapi.json"), chargly_openapi::document())?;
    if let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("index.html"), chargly_openapi::page::page("reference.css").into_string())?;
    }
    Ok(())
}
