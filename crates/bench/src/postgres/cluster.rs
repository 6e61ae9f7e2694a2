//! Finding, making, starting and ending a PostgreSQL server.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio_postgres::{Client, Config, NoTls};

use crate::process::{ask_to_stop, now};

/// Where Debian and its kin keep the programs, by version.
const DEBIAN_DIRECTORY: &str = "/usr/lib/postgresql";
/// The program that makes a cluster.
const INIT: &str = "initdb";
/// The server.
const SERVER: &str = "postgres";

/// Users that PostgreSQL may run as where we are root, which it refuses; the first that exists.
const USERS: [&str; 2] = ["postgres", "nobody"];
/// The superuser of the cluster, whatever the system calls the user it runs as.
const SUPERUSER: &str = "bench";

/// How the server differs from what its makers ship. A commit is flushed before it is answered, as ours is; caches and
/// the log have room, as anybody who cares for speed would give them.
const SETTINGS: [&str; 6] = [
    "fsync=on",
    "synchronous_commit=on",
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    // Nobody but us: the directory of its socket is closed to others.
    "listen_addresses=",
    "logging_collector=off",
];

/// Longest wait for it to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is asked whether it has.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// An installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    directory: PathBuf,
}

impl Program {
    /// Looks on `PATH` first, then where Debian puts it, newest version first.
    pub(crate) fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self::find_in(std::env::split_paths(&path).collect(), Path::new(DEBIAN_DIRECTORY))
    }

    fn find_in(mut directories: Vec<PathBuf>, versions: &Path) -> Option<Self> {
        let mut debian: Vec<(u32, PathBuf)> = fs::read_dir(versions)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
            .collect();
        debian.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        directories.extend(debian.into_iter().map(|(_, directory)| directory));
        let has_both = |directory: &PathBuf| [INIT, SERVER].iter().all(|name| directory.join(name).is_file());
        directories.into_iter().find(has_both).map(|directory| Self { directory })
    }

    fn command(&self, name: &str, cluster: &Path, user: Option<(u32, u32)>) -> Command {
        let mut command = Command::new(self.directory.join(name));
        command.current_dir(cluster).env_clear().env("LC_ALL", "C").stdin(Stdio::null());
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
        command
    }
}

/// A running PostgreSQL server with an empty database.
pub(crate) struct Cluster {
    server: Child,
    /// Dropped, and so removed, when the server has ended.
    directory: Directory,
}

impl Cluster {
    /// Makes one in `parent`, and waits until it takes connections.
    pub(crate) async fn start(program: &Program, parent: &Path) -> Result<Self> {
        let directory = Directory::make(parent)?;
        let at = &directory.0;
        let user = another_user(at)?;
        if let Some((user, group)) = user {
            chown(at, Some(user), Some(group)).context("giving PostgreSQL its directory")?;
        }
        fs::set_permissions(at, Permissions::from_mode(0o700)).context("closing its directory")?;
        init(program, at, user)?;
        let log = File::create(at.join("log")).context("making PostgreSQL's log")?;
        let mut command = program.command(SERVER, at, user);
        command.arg("-D").arg(at.join("data"));
        let socket = format!("unix_socket_directories={}", at.display());
        for setting in SETTINGS.into_iter().chain([socket.as_str()]) {
            command.args(["-c", setting]);
        }
        let server = command.stdout(Stdio::null()).stderr(log).spawn().context("starting PostgreSQL")?;
        let mut cluster = Self { server, directory };
        cluster.wait_until_ready().await?;
        Ok(cluster)
    }

    /// One more connection.
    pub(crate) async fn connect(&self) -> Result<Client> {
        let mut config = Config::new();
        config.host_path(&self.directory.0).user(SUPERUSER).dbname("postgres");
        let (client, connection) = config.connect(NoTls).await.context("connecting to PostgreSQL")?;
        // It ends with its client; a failure is told to whoever asks next.
        tokio::spawn(connection);
        Ok(client)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let began_at = now();
        loop {
            let Err(error) = self.connect().await else { return Ok(()) };
            if self.server.try_wait().context("looking after PostgreSQL")?.is_some() {
                bail!("PostgreSQL did not start: {}", self.log());
            }
            if now() - began_at > PATIENCE {
                return Err(error.context(format!("PostgreSQL did not start: {}", self.log())));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.0.join("log")).unwrap_or_default()
    }

    /// Asks it to stop and waits; whether it did.
    fn stops_in_order(&mut self) -> bool {
        let began_at = now();
        if ask_to_stop(self.server.id()).is_err() {
            return false;
        }
        while now() - began_at < PATIENCE {
            match self.server.try_wait() {
                Ok(Some(_)) => return true,
                Ok(None) => std::thread::sleep(ASK_EVERY),
                Err(_) => return false,
            }
        }
        false
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.stops_in_order() {
            // Its children notice that it is gone, and end.
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }
}

/// What the server keeps, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn make(parent: &Path) -> Result<Self> {
        let path = parent.join(format!("chargly-bench-postgres-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left of it lies among the temporary files, and its name says whose it is.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes the cluster. Whoever may open the directory may connect.
fn init(program: &Program, directory: &Path, user: Option<(u32, u32)>) -> Result<()> {
    let mut command = program.command(INIT, directory, user);
    command.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--username", SUPERUSER, "-D"]);
    let output = command.arg(directory.join("data")).output().context("starting initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// User and group to run as where we are root; whose we are is seen by a directory that we made.
fn another_user(made_by_us: &Path) -> Result<Option<(u32, u32)>> {
    if fs::metadata(made_by_us).context("looking at its directory")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("reading the users of this machine")?;
    let found = USERS.iter().find_map(|name| ids_of(&users, name));
    found
        .map(Some)
        .with_context(|| format!("PostgreSQL refuses root, and there is no user {}", USERS.join(" or ")))
}

fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next()? == name;
        let (user, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        is_it.then_some((user, group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(directory: &Path, programs: &[&str]) {
        fs::create_dir_all(directory).expect("a directory");
        for program in programs {
            fs::write(directory.join(program), "").expect("a file");
        }
    }

    #[test]
    fn path_comes_first_then_the_newest_version_that_has_both_programs() {
        let root = tempfile::tempdir().expect("a directory");
        let (on_path, versions) = (root.path().join("on-path"), root.path().join("versions"));
        install(&versions.join("9/bin"), &[INIT, SERVER]);
        install(&versions.join("15/bin"), &[INIT, SERVER]);
        install(&versions.join("17/bin"), &[SERVER]);
        let find = || Program::find_in(vec![on_path.clone()], &versions).map(|program| program.directory);
        assert_eq!(find(), Some(versions.join("15/bin")));
        install(&on_path, &[INIT, SERVER]);
        assert_eq!(find(), Some(on_path.clone()));
        assert_eq!(Program::find_in(Vec::new(), &root.path().join("nowhere")), None);
    }

    #[test]
    fn user_is_found_by_the_whole_name() {
        let users = "postgres2:x:1:2:::\npostgres:x:101:104:PostgreSQL:/var:/bin/sh\n";
        assert_eq!(ids_of(users, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(users, "post"), None);
    }
}
