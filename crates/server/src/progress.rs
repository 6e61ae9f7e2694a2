//! Progress of long work: a bar on a terminal, nothing in a pipe. Always on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar is drawn again while nothing is reported.
const TICK: Duration = Duration::from_millis(200);

/// A bar that counts bytes up to `total`.
pub(crate) fn bytes(what: &str, total: u64) -> ProgressBar {
    bar(what, total, "{msg} [{bar:32}] {bytes}/{total_bytes} {eta}")
}

/// A bar that counts things up to `total`.
pub(crate) fn count(what: &str, total: u64) -> ProgressBar {
    bar(what, total, "{msg} [{bar:32}] {human_pos}/{human_len} {per_sec} {eta}")
}

fn bar(what: &str, total: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total).with_style(style.progress_chars("=> "));
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(TICK);
    bar
}
