//! What the server took beside time: memory, and bytes on disk for each event.
#![expect(clippy::float_arithmetic, reason = "bytes an event are measured, not owed")]

use std::time::Duration;

use anyhow::Result;

use super::Session;
use super::loads::count;
use crate::disk::{self, Sizes};
use crate::plan::BenchPlan;
use crate::process::{Memory, Process};
use crate::report::{Measure, readable};

/// How long background work (checkpoints, sealing) may go on before the disk is measured.
const SETTLE: Duration = Duration::from_secs(2);

/// Kinds of files that grew by less than this many bytes an event are left out.
const WORTH_A_ROW_BYTES: f64 = 0.05;

/// Readings of the server's process and directory, as far as the plan names them.
pub(super) struct Resources {
    memory: Option<Memory>,
    written: Option<u64>,
    sizes: Option<Sizes>,
}

impl Resources {
    pub(super) fn read(plan: &BenchPlan) -> Result<Self> {
        let process = plan.server_pid.map(|pid| Process { pid });
        Ok(Self {
            memory: process.map(Process::memory).transpose()?,
            written: process.and_then(Process::bytes_written),
            sizes: plan.data_dir.as_deref().map(disk::sizes).transpose()?,
        })
    }
}

impl Session<'_> {
    /// Reports the memory as it is, and the disk by what it grew since `before`.
    pub(super) async fn report_resources(&mut self, before: &Resources) -> Result<()> {
        let memory_after = Resources::read(self.plan)?.memory;
        let memory = [
            ("resident after set-up", before.memory.map(|memory| memory.resident)),
            ("resident after all cases", memory_after.map(|memory| memory.resident)),
            ("most ever resident", memory_after.map(|memory| memory.peak)),
        ];
        for (case, bytes) in memory {
            let mebibytes = bytes.map(|bytes| count(bytes) / f64::from(1 << 20));
            self.report.add(&format!("memory, {case}"), Measure::Mebibytes, mebibytes.into_iter().collect());
        }
        if self.accepted == 0 {
            return Ok(());
        }
        if self.plan.data_dir.is_some() {
            self.say("letting the disk settle");
            tokio::time::sleep(SETTLE).await;
        }
        self.report_disk(before, &Resources::read(self.plan)?);
        Ok(())
    }

    fn report_disk(&mut self, before: &Resources, after: &Resources) {
        let case = format!("disk, growth over {} events", readable(self.accepted));
        let per_event = |from: u64, to: u64| (count(to) - count(from)) / count(self.accepted);
        let mut rows = Vec::new();
        if let (Some(from), Some(to)) = (&before.sizes, &after.sizes) {
            for (kind, bytes) in to {
                let growth = per_event(from.get(kind).copied().unwrap_or_default(), *bytes);
                if growth.abs() >= WORTH_A_ROW_BYTES {
                    rows.push((Measure::BytesPerEvent(kind.clone()), growth));
                }
            }
            let growth = per_event(from.values().sum(), to.values().sum());
            rows.push((Measure::BytesPerEvent("all files".to_owned()), growth));
        }
        if let (Some(from), Some(to)) = (before.written, after.written) {
            rows.push((Measure::BytesWrittenPerEvent, per_event(from, to)));
        }
        for (measure, value) in rows {
            self.report.add(&case, measure, vec![value]);
        }
    }
}
