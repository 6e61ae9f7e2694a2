//! What the kernel says about the watched server and the time, and the signal that ends a process. Linux only: elsewhere the figures that
//! need `/proc` are refused by name.
#![expect(clippy::disallowed_methods, reason = "a bench exists to read the clock")]

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Length of one tick of `/proc/<pid>/stat`: the kernel's user-visible unit, 100 a second on every architecture
/// that Linux and we are built for.
const TICK: Duration = Duration::from_millis(10);

pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The server that is measured, which is another process on this machine.
#[derive(Clone, Copy)]
pub(crate) struct Process {
    pub(crate) pid: u32,
}

/// Bytes of main memory that a process holds.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// The most that was ever resident.
    pub(crate) peak: u64,
}

impl Process {
    /// Time on any core since it started, to 10 ms.
    pub(crate) fn cpu(self) -> Result<Duration> {
        let stat = self.read("stat")?;
        cpu_ticks(&stat)
            .and_then(|ticks| u32::try_from(ticks).ok())
            .map(|ticks| TICK * ticks)
            .with_context(|| format!("/proc/{}/stat has no times", self.pid))
    }

    pub(crate) fn memory(self) -> Result<Memory> {
        let status = self.read("status")?;
        let field = |name| {
            kibibytes(&status, name).with_context(|| format!("/proc/{}/status has no field {name}", self.pid))
        };
        Ok(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }

    /// Bytes that it caused to be written to storage; nothing where the kernel does not tell.
    pub(crate) fn bytes_written(self) -> Option<u64> {
        let io = self.read("io").ok()?;
        let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:"))?;
        line.trim().parse().ok()
    }

    fn read(self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.pid);
        fs::read_to_string(&path).with_context(|| format!("reading {path}"))
    }
}

/// Asks a process to end in order, as Ctrl-C would: PostgreSQL then ends its sessions instead of waiting for them.
///
/// # Errors
/// If there is no such process, or it is not ours to ask.
pub fn ask_to_stop(pid: u32) -> Result<()> {
    let known = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let known = known.with_context(|| format!("{pid} is no process"))?;
    rustix::process::kill_process(known, rustix::process::Signal::INT)
        .with_context(|| format!("asking process {pid} to stop"))
}

/// User and system ticks: fields 14 and 15, counted after the name, which may itself hold spaces and brackets.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Bytes of a field that is given in kB, which the kernel means as 1,024 bytes.
pub(crate) fn kibibytes(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_a_name_with_brackets() {
        let stat = "1234 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 1 1 20 0 5";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("1234 (name"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tchargly\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n";
        assert_eq!(kibibytes(status, "VmRSS:"), Some(1024 * 1024));
        assert_eq!(kibibytes(status, "VmHWM:"), Some(2048 * 1024));
        assert_eq!(kibibytes(status, "VmSwap:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn own_process_has_memory_and_times() {
        let own = Process { pid: std::process::id() };
        let memory = own.memory().expect("memory");
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        own.cpu().expect("times");
    }
}
