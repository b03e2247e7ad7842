//! relkit playing the runtime: enough of `codex app-server` for a demonstration without the real thing. Threads, text
//! turns through the configured model provider, their notifications in the real order, the end at EOF.
//!
//! A copy of relkit's executable plays it when it lies in a package directory whose manifest says so; see
//! `write_package`. No shell command is ever offered to the model, and nothing is written.

mod model;
mod server;

use std::io::{self, Write as _};
use std::path::Path;

use crate::fs::{self, FsError, Mode};
use crate::payload::{DESCRIPTOR, Package};
use crate::target::TargetTriple;
use crate::version::PublicVersion;
use server::Server;

/// The `variant` of a manifest that asks relkit to play the runtime.
const VARIANT: &str = "relkit-stand-in";

/// Fills `directory` with a package directory whose executable is a copy of this one, playing `executable` in `version`.
pub(crate) fn write_package(
    directory: &Path,
    executable: &str,
    version: &PublicVersion,
    target: &TargetTriple,
) -> Result<(), FsError> {
    let own = std::env::current_exe().map_err(FsError::read(Path::new("relkit's own executable")))?;
    let entrypoint = format!("bin/{}", target.executable_name(executable));
    fs::copy(&own, &directory.join(&entrypoint), Mode::Executable)?;
    let package = Package {
        version: Some(version.semver()),
        target: Some(target.to_string()),
        variant: Some(VARIANT.into()),
        entrypoint: Some(entrypoint),
        ..Package::default()
    };
    fs::write_whole(&directory.join(DESCRIPTOR), package.to_json().as_bytes())
}

/// The part that this process plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    name: String,
    version: String,
}

impl StandIn {
    /// The part that the place of this executable asks for; `None` for relkit itself.
    pub fn detect() -> Option<Self> {
        Self::at(&std::env::current_exe().ok()?)
    }

    fn at(executable: &Path) -> Option<Self> {
        let directory = executable.parent()?.parent()?;
        let package = Package::texts(&std::fs::read(directory.join(DESCRIPTOR)).ok()?);
        let entrypoint = directory.join(package.entrypoint?);
        if package.variant.as_deref() != Some(VARIANT) || entrypoint.file_name() != executable.file_name() {
            return None;
        }
        let name = executable.file_stem()?.to_str()?.to_owned();
        Some(Self { name, version: package.version? })
    }

    /// Plays the part with this process's arguments (without its name) and standard streams; returns the exit code.
    pub fn play(&self, arguments: impl IntoIterator<Item = String>) -> u8 {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let mut stdout = io::stdout();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["--version"] => {
                u8::from(writeln!(stdout, "{}-cli {}", self.name, self.version).and_then(|()| stdout.flush()).is_err())
            }
            // Settings stand before the command or after it.
            all if all.contains(&"app-server") => match configuration(all) {
                Ok(configuration) => {
                    Server::new(self.version.clone(), &configuration, stdout).serve(io::stdin().lock());
                    0
                }
                Err(why) => {
                    let _ = writeln!(io::stderr(), "Error: {why}");
                    1
                }
            },
            _ => {
                let usage = format!("usage: {} --version | app-server [-c KEY=VALUE]...", self.name);
                let _ = writeln!(io::stderr(), "{usage}");
                2
            }
        }
    }
}

/// What the `-c` arguments set, as one table.
fn configuration(arguments: &[&str]) -> Result<toml::Table, String> {
    let mut configuration = toml::Table::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let setting = match *argument {
            "-c" | "--config" => arguments.next().ok_or_else(|| format!("`{argument}` lacks its value"))?,
            other if other.starts_with("--config=") => &other["--config=".len()..],
            // Features, listeners and the like change nothing here.
            _ => continue,
        };
        let (key, value) = setting.split_once('=').ok_or_else(|| format!("`{setting}` is not KEY=VALUE"))?;
        let table = format!("{key}={value}").parse::<toml::Table>();
        // A value that is not TOML is taken as a text.
        let table = table.or_else(|_| format!("{key}={value:?}").parse::<toml::Table>());
        merge(&mut configuration, table.map_err(|error| format!("`{setting}`: {}", error.message()))?);
    }
    Ok(configuration)
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(settings: &[&str]) -> Server<io::Sink> {
        let arguments: Vec<_> = settings.iter().flat_map(|setting| ["-c", setting]).collect();
        Server::new("0.1.0".into(), &configuration(&arguments).unwrap(), io::sink())
    }

    #[test]
    fn reads_its_settings_in_both_spellings() {
        let inline = server(&["model_provider=\"m\"", "model_providers.m={name=\"m\",base_url=\"http://a\"}"]);
        let dotted =
            server(&["model_provider=m", "model_providers.m.base_url=http://a", "model_providers.m.name=\"m\""]);
        assert_eq!(inline.base_url.as_deref(), Some("http://a"));
        assert_eq!(dotted.base_url.as_deref(), Some("http://a"));
        assert!(configuration(&["-c", "novalue"]).is_err());
        assert!(configuration(&["-c"]).is_err());
    }

    #[test]
    fn plays_only_where_the_manifest_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let version = "0.2.0-alpha.1".parse().unwrap();
        let target = "x86_64-unknown-linux-musl".parse().unwrap();
        let executable = directory.path().join("bin/codex");
        assert_eq!(StandIn::at(&executable), None);
        write_package(directory.path(), "codex", &version, &target).unwrap();
        let expected = StandIn { name: "codex".into(), version: "0.2.0-alpha.1".into() };
        assert_eq!(StandIn::at(&executable), Some(expected));
        assert_eq!(StandIn::at(&directory.path().join("bin/relkit")), None);
    }
}
