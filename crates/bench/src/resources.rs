//! What a server took beside time: memory, and bytes on disk for each event.
#![expect(clippy::float_arithmetic, reason = "bytes an event are measured, not owed")]

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::disk::{self, Sizes};
use crate::figures::count;
use crate::process::{Memory, Process};
use crate::report::{Measure, Report, readable};
use crate::served::Served;

/// How long background work (checkpoints, sealing) may go on before the disk is measured.
const SETTLE: Duration = Duration::from_secs(2);

/// Kinds of files that grew by less than this many bytes an event are left out.
const WORTH_A_ROW_BYTES: f64 = 0.05;

/// Readings of a server's process and directory.
pub(crate) struct Resources {
    pub(crate) memory: Memory,
    /// Bytes sent to storage since the process started; nothing where the kernel does not tell.
    written: Option<u64>,
    sizes: Sizes,
}

impl Resources {
    pub(crate) fn read(process: Process, data_dir: &Path) -> Result<Self> {
        Ok(Self {
            memory: process.memory()?,
            written: process.bytes_written(),
            sizes: disk::sizes(data_dir)?,
        })
    }
}

/// Reports the memory as it is now.
pub(crate) fn report_memory(on: &Served, case: &str, report: &mut Report) -> Result<()> {
    let Memory { resident, peak } = on.watched.memory()?;
    report.add(case, Measure::Mebibytes, vec![mebibytes(resident)]);
    report.add(case, Measure::PeakMebibytes, vec![mebibytes(peak)]);
    Ok(())
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    count(bytes) / f64::from(1 << 20)
}

/// Reports the disk by what it grew since the wallets were funded, after letting it settle. The server must not have
/// been started again since, or what was written before would be missing.
pub(crate) async fn report_disk(on: &Served, case: &str, report: &mut Report) -> Result<()> {
    if on.accepted == 0 {
        return Ok(());
    }
    tokio::time::sleep(SETTLE).await;
    let (before, after) = (&on.funded, Resources::read(on.watched, on.site.data_dir())?);
    let case = format!("{case}, growth over {} events", readable(on.accepted));
    let per_event = |from: u64, to: u64| (count(to) - count(from)) / count(on.accepted);
    for (kind, bytes) in &after.sizes {
        let growth = per_event(before.sizes.get(kind).copied().unwrap_or_default(), *bytes);
        if growth.abs() >= WORTH_A_ROW_BYTES {
            report.add(&case, Measure::BytesPerEvent(kind.clone()), vec![growth]);
        }
    }
    let growth = per_event(before.sizes.values().sum(), after.sizes.values().sum());
    report.add(&case, Measure::BytesPerEvent("all files".to_owned()), vec![growth]);
    let written = before.written.zip(after.written).map(|(from, to)| per_event(from, to));
    report.add(&case, Measure::BytesWrittenPerEvent, written.into_iter().collect());
    Ok(())
}
