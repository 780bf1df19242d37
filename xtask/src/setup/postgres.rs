//! A private Postgres for the tests: found or installed, started on a free port, deleted at the end.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::{apt, cluster::Cluster};
use crate::{command, failure::Failure};

const PACKAGE: &str = "postgresql";
/// The oldest version that callcore supports.
const OLDEST: u32 = 15;
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];

/// Where packages put versions side by side; `*` is a version.
const USUAL_PLACES: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// The URL of the superuser.
const URL: &str = "CALLCORE_TEST_POSTGRES";
/// The folder of the programs, for tests that have to stop a cluster and so need one of their own.
const BIN: &str = "CALLCORE_TEST_POSTGRES_BIN";

/// A cluster that runs as long as this value lives.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    cluster: Cluster,
}

impl Postgres {
    /// Finds Postgres, or installs Debian's package, and starts a cluster. That package also makes a
    /// cluster for the whole system on port 5432, which is left alone.
    pub(crate) fn start() -> Result<Self, Failure> {
        let programs = find().or_else(|| apt::install(PACKAGE).then(find)?).ok_or_else(missing)?;
        println!("    using {}", programs.display());
        let cluster = Cluster::create(&programs).map_err(Failure::io("cannot make a cluster"))?;
        cluster.start().map_err(Failure::io("cannot start the cluster"))?;
        Ok(Self { programs, cluster })
    }

    /// Where the superuser connects.
    pub(crate) fn url(&self) -> String {
        self.cluster.url("postgres")
    }

    /// Tells a command where the cluster is.
    pub(crate) fn lend<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(URL, self.url()).env(BIN, &self.programs)
    }
}

fn find() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os("PATH")
        .iter()
        .flat_map(env::split_paths)
        .filter_map(|folder| installation(&folder))
        .collect();
    let bindir = command::output_of(Command::new("pg_config").arg("--bindir"));
    folders.extend(bindir.map(|bindir| PathBuf::from(bindir.trim())));
    folders.extend(USUAL_PLACES.iter().flat_map(|pattern| versions(pattern)));
    folders.into_iter().find(|folder| is_usable(folder))
}

/// The folder with all programs, where a folder of the `PATH` only has links to some of them.
fn installation(folder: &Path) -> Option<PathBuf> {
    let program = fs::canonicalize(folder.join("postgres")).ok()?;
    program.parent().map(Path::to_owned)
}

/// The folders that a pattern stands for, the newest version first.
fn versions(pattern: &str) -> Vec<PathBuf> {
    let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let numbered = names.filter_map(|name| Some((name.strip_prefix(prefix)?.parse().ok()?, name)));
    let mut found: Vec<(u32, String)> = numbered.collect();
    found.sort_by_key(|(version, _)| Reverse(*version));
    found.into_iter().map(|(_, name)| PathBuf::from(format!("{parent}/{name}{after}"))).collect()
}

fn is_usable(folder: &Path) -> bool {
    let version = command::output_of(Command::new(folder.join("postgres")).arg("--version"));
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
        && version.and_then(|text| major(&text)).is_some_and(|major| major >= OLDEST)
}

/// The version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, and in `17beta1`.
fn major(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    let end = version.find(|character: char| !character.is_ascii_digit());
    version[..end.unwrap_or(version.len())].parse().ok()
}

fn missing() -> Failure {
    Failure::Missing {
        what: format!("Postgres {OLDEST} or newer, with its server programs"),
        remedy: format!(
            "On Debian or Ubuntu run `apt-get install {PACKAGE}`, with Homebrew `brew install \
             postgresql@17`; elsewhere see https://www.postgresql.org/download/. It need not run."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_postgres_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta2\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 17"), Some(17));
        assert_eq!(major("no such thing"), None);
    }

    #[test]
    fn the_newest_version_comes_first() {
        let name = format!("callcore-xtask-{}", std::process::id());
        let parent = env::temp_dir().join(name);
        for version in ["pg-9", "pg-16", "pg-15", "pg-old", "16"] {
            fs::create_dir_all(parent.join(version)).expect("a folder for temporary files");
        }
        let pattern = format!("{}/pg-*/bin", parent.display());
        let expected = ["pg-16/bin", "pg-15/bin", "pg-9/bin"].map(|folder| parent.join(folder));
        assert_eq!(versions(&pattern), expected);
        fs::remove_dir_all(&parent).expect("it is ours");
        assert_eq!(versions(&pattern), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_folder_without_the_programs_is_not_usable() {
        assert!(!is_usable(Path::new(env!("CARGO_MANIFEST_DIR"))));
        let message = missing().to_string();
        assert!(message.contains("apt-get install postgresql"), "{message}");
    }
}
