//! What is to be started: a program, its arguments, its environment and its working directory. Nothing runs here.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::platform;

/// The environment variable that marks a child and what it starts.
pub(super) const MARK: &str = "RELKIT_PROCESS";

/// A program to start. Its environment holds only what is named here (and, on Windows, what the system needs).
#[derive(Debug, Clone)]
pub struct Invocation {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: Option<PathBuf>,
}

impl Invocation {
    /// A program without arguments, with an empty environment, in this process's working directory. A path is taken as it
    /// is, relative to that directory; a bare name is looked for on this process's own search path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), environment: BTreeMap::new(), directory: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Passes a variable of this process's own environment on, where it is set.
    #[must_use]
    pub fn inherit(self, name: &str) -> Self {
        match std::env::var_os(name) {
            Some(value) => self.variable(name, value),
            None => self,
        }
    }

    /// Sets the working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The command that starts it, all three streams piped, with `mark` in its environment.
    pub(super) fn command(&self, mark: &str) -> io::Result<Command> {
        let mut environment = platform::base_environment();
        environment.extend(self.environment.clone());
        environment.insert(MARK.into(), mark.into());
        let program = self.absolute_program()?;
        let mut command = Command::new(&program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        platform::prepare(&mut command, &program, &self.arguments, &environment)?;
        Ok(command)
    }

    /// The child may start in another directory, with another search path.
    fn absolute_program(&self) -> io::Result<PathBuf> {
        if self.program.components().count() > 1 {
            return std::path::absolute(&self.program);
        }
        let found = find_program(self.program.as_os_str()).ok_or(io::ErrorKind::NotFound)?;
        std::path::absolute(found)
    }
}

/// Finds a program as a shell would: a path with a separator as it is, else in the directories of `PATH`.
#[must_use]
pub fn find_program(name: &OsStr) -> Option<PathBuf> {
    let names = platform::executable_names(name);
    if Path::new(name).components().count() > 1 {
        return names.into_iter().map(PathBuf::from).find(|path| path.is_file());
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
        .find(|path| path.is_file())
}
