//! Where a bench ran, as far as the kernel tells: what is not known is said to be unknown.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::process::kibibytes;

/// The machine that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Main memory, in bytes; 0 where it is not known.
    pub memory_bytes: u64,
    /// The kernel's name and release.
    pub kernel: String,
    /// Type and device of the file system that the data was on.
    pub filesystem: String,
}

impl Machine {
    /// Reads what there is to know; `directory` is where the data is.
    pub(crate) fn read(directory: &Path) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        Self {
            processor: processor(&read("/proc/cpuinfo")),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: kibibytes(&read("/proc/meminfo"), "MemTotal:").unwrap_or_default(),
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            filesystem: filesystem(&read("/proc/self/mountinfo"), &directory)
                .unwrap_or_else(|| "unknown file system".to_owned()),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_bytes, kernel, filesystem } = self;
        write!(formatter, "{processor}, {cores} cores, {} GiB, {kernel}, {filesystem}", memory_bytes >> 30)
    }
}

fn processor(cpu_info: &str) -> String {
    let name = cpu_info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown processor", |(_, name)| name.trim()).to_owned()
}

/// Type and device of the innermost mount that holds `directory`; of two at one place the later hides the earlier.
fn filesystem(mount_info: &str, directory: &Path) -> Option<String> {
    let mounts = mount_info.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let place = before.split(' ').nth(4)?;
        let mut after = after.split(' ');
        let name = format!("{} on {}", after.next()?, after.next()?);
        directory.starts_with(place).then_some((place.len(), name))
    });
    mounts.max_by_key(|(length, _)| *length).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn innermost_and_latest_mount_is_named() {
        let mounts = "21 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
            30 21 0:25 / /tmp rw shared:5 - tmpfs tmpfs rw,size=1k\n\
            31 21 0:26 / /tmp rw shared:6 - xfs /dev/vdb rw\n\
            32 21 0:27 / /tmpfoo rw - btrfs /dev/vdc rw\n";
        for (directory, expected) in [
            ("/tmp/bench-1", Some("xfs on /dev/vdb")),
            ("/var/tmp", Some("ext4 on /dev/vda")),
            ("relative", None),
        ] {
            assert_eq!(filesystem(mounts, Path::new(directory)).as_deref(), expected, "{directory}");
        }
    }

    #[test]
    fn processor_without_a_name_is_said_to_be_unknown() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: A B  \n"), "A B");
        assert_eq!(processor(""), "unknown processor");
    }
}
