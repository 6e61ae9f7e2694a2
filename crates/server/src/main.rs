//! The binary `chargly`: configuration, wiring, commands.
//!
//! One command per file in [`commands`]; what they share is beside them: the data directory, the first start, the
//! settings file, and how results, progress and failures are shown. Results go to standard output, everything else
//! to standard error.
//!
//! Not owned here: the rules, the journal, HTTP. A command opens an environment, asks it, and shows the answer.

mod cli;
mod commands;
mod data_dir;
mod door;
mod exact;
mod example;
mod failure;
mod first_start;
mod http_client;
mod listener;
mod logging;
mod master_key;
mod output;
mod patience;
mod payments;
mod place;
mod playground;
mod progress;
mod sample;
mod scan;
mod settings;
mod webhooks;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = match cli::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(stop) => return stop.show(),
    };
    match commands::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::show(&error),
    }
}
