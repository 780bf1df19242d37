//! A throw-away Postgres cluster on a port of its own, for nobody but the tests.
//!
//! Shared by source with the tests of `callcore-server` that stop a Postgres in the middle of calls,
//! so it uses the standard library alone.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Below the ports that outgoing connections get: while the cluster is stopped, one of those could
/// otherwise take its port.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Several servers with several pools each, and the tests of the stores beside them. Durable,
/// because that is what is tested; no socket in the file system, where two clusters could clash.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 1000
fsync = on
synchronous_commit = on
";

/// Stops and deletes the cluster once its standard input is closed, which the system does even for
/// a process that was killed. It has to outlive Ctrl-C for that.
const KEEPER: &str = "trap '' INT TERM HUP
read -r _
\"$1\" stop --silent --mode=immediate --pgdata=\"$2\"
rm -rf \"$3\"";

/// Tells clusters of one process apart.
static MADE: AtomicU32 = AtomicU32::new(0);

/// A cluster, running or not. It is deleted when it is dropped, or when this process ends however.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    owner: Option<Owner>,
    keeper: Option<Child>,
}

/// The account that the cluster runs under where this process is root: Postgres refuses root.
#[derive(Clone, Copy, Debug)]
struct Owner {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Makes a cluster with the programs of this folder and does not start it yet. Whoever can
    /// connect to 127.0.0.1 on this machine is its superuser, so nothing of value belongs in it.
    pub(crate) fn create(programs: &Path) -> io::Result<Self> {
        let owner = Owner::choose()?;
        let folder = make_folder(owner)?;
        let port = free_port()?;
        let programs = programs.to_owned();
        let mut cluster = Self { programs, folder, port, owner, keeper: None };
        let mut keeper = cluster.command("sh");
        keeper.args(["-c", KEEPER, "keeper"]);
        keeper.args([cluster.programs.join("pg_ctl"), cluster.data(), cluster.folder.clone()]);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        cluster.keeper = Some(keeper.spawn()?);
        let mut initdb = cluster.program("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        // Skips waiting for the disk while the files are made, and at no other time.
        initdb.arg("--no-sync").arg("--pgdata").arg(cluster.data());
        checked("initdb", &initdb.output()?)?;
        let settings = cluster.data().join("postgresql.conf");
        let mut settings = OpenOptions::new().append(true).open(settings)?;
        writeln!(settings, "{SETTINGS}port = {port}")?;
        Ok(cluster)
    }

    /// Starts it and waits until it takes connections.
    pub(crate) fn start(&self) -> io::Result<()> {
        let mut start = self.program("pg_ctl");
        start.args(["start", "--wait", "--timeout=60", "--silent", "--log"]).arg(self.log());
        let started = start.arg("--pgdata").arg(self.data()).output()?;
        checked("pg_ctl start", &started).map_err(|error| {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            io::Error::other(format!("{error}; its log says:\n{log}"))
        })
    }

    /// Stops it as a crash does: connections break, and the next start recovers from the log.
    pub(crate) fn stop(&self) -> io::Result<()> {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(self.data());
        checked("pg_ctl stop", &stop.output()?)
    }

    /// Where the superuser connects to one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = self.command(self.programs.join(name));
        command.stdin(Stdio::null());
        command
    }

    /// A command that runs as the owner, in a folder that the owner may enter.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        // What the caller's shell says about another Postgres.
        for (name, _) in env::vars_os().filter(|(name, _)| is_for_postgres(name)) {
            command.env_remove(name);
        }
        if let Some(owner) = self.owner {
            owner.runs(&mut command);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // One that is not running is as good as one that is stopped.
            let _ = self.stop();
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

impl Owner {
    /// None where this process may run Postgres itself.
    fn choose() -> io::Result<Option<Self>> {
        if id(&["-u"])? != 0 {
            return Ok(None);
        }
        let named = |name: &str| Some((id(&["-u", name]).ok()?, id(&["-g", name]).ok()?));
        let found = named("postgres").or_else(|| named("nobody"));
        let (user, group) =
            found.ok_or_else(|| io::Error::other("there is no user `postgres` or `nobody`"))?;
        Ok(Some(Self { user, group }))
    }

    #[cfg(unix)]
    fn runs(self, command: &mut Command) {
        std::os::unix::process::CommandExt::gid(command, self.group);
        // The standard library drops root's other groups with this.
        std::os::unix::process::CommandExt::uid(command, self.user);
    }

    #[cfg(not(unix))]
    fn runs(self, _: &mut Command) {}

    #[cfg(unix)]
    fn takes(self, folder: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(folder, Some(self.user), Some(self.group))
    }

    #[cfg(not(unix))]
    fn takes(self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// A new folder that the owner can reach: root's own temporary folder may be closed to others.
fn make_folder(owner: Option<Owner>) -> io::Result<PathBuf> {
    let nth = MADE.fetch_add(1, Ordering::Relaxed);
    let name = format!("callcore-postgres-{}-{nth}-{}", std::process::id(), nanoseconds());
    let places = [env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    for place in &places {
        let folder = place.join(&name);
        if fs::create_dir(&folder).is_err() {
            continue;
        }
        let Some(owner) = owner else { return Ok(folder) };
        owner.takes(&folder)?;
        let mut reach = Command::new("test");
        owner.runs(reach.current_dir("/").arg("-w").arg(&folder));
        if reach.status().is_ok_and(|status| status.success()) {
            return Ok(folder);
        }
        fs::remove_dir(&folder)?;
    }
    Err(io::Error::other(format!("no folder of {places:?} can be used for a cluster")))
}

fn free_port() -> io::Result<u16> {
    let count = u32::from(PORTS.end - PORTS.start);
    // Clusters that are made side by side begin in different places.
    let begin = (nanoseconds() / 1_000 + MADE.fetch_add(1, Ordering::Relaxed) * 997) % count;
    let begin = PORTS.start + u16::try_from(begin).unwrap_or_default();
    let mut ports = (begin..PORTS.end).chain(PORTS.start..begin);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or_else(|| io::Error::other(format!("no port of {PORTS:?} is free")))
}

fn nanoseconds() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos())
}

fn id(arguments: &[&str]) -> io::Result<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| io::Error::other(format!("`id` answers {text:?}")))
}

fn is_for_postgres(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("PG"))
}

fn checked(what: &str, output: &Output) -> io::Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{what} failed ({}): {}", output.status, said.trim())))
}
