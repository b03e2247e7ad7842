//! Where in a stage the files of a payload lie, and what its `pyproject.toml` says of them.

use crate::fs::Mode;
use crate::member_path::MemberPath;
use crate::payload::{Payload, PayloadFile, WheelDirectory};
use crate::product::{Command, RuntimeProject};

/// The directories of a stage that hold what goes beside the import package.
pub(super) const SCRIPTS: &str = "scripts/";
pub(super) const DATA: &str = "data/";
pub(super) const SBOMS: &str = "sboms/";

/// What the `pyproject.toml` of a stage says of the payload's files.
#[derive(Debug, Default)]
pub(super) struct Shipped {
    /// Of the import package, what is to be run.
    pub(crate) run: Vec<String>,
    /// The programs that are scripts of the wheel.
    pub(crate) scripts: Vec<String>,
    /// The files below the root of the environment.
    pub(crate) data: Vec<String>,
    pub(crate) licences: Vec<String>,
    pub(crate) sboms: Vec<String>,
    /// The names of the entry points that start the program.
    pub(crate) commands: Vec<String>,
}

impl Shipped {
    pub(super) fn of(payload: &Payload, project: &RuntimeProject) -> Self {
        let of = |place: WheelDirectory| {
            let files = payload.files.iter().filter(move |file| file.place == place);
            files.map(|file| file.path.to_string()).collect::<Vec<_>>()
        };
        let run =
            payload.files.iter().filter(|file| file.place == WheelDirectory::Package && file.mode == Mode::Executable);
        let executables = payload.executables().map(|executable| executable.name.clone());
        let launched: Vec<_> = executables.filter(|_| project.command == Command::Launcher).collect();
        Self {
            run: run.map(|file| file.path.to_string()).collect(),
            scripts: of(WheelDirectory::Scripts),
            data: of(WheelDirectory::Data),
            licences: of(WheelDirectory::Licences),
            sboms: of(WheelDirectory::Sboms),
            commands: launched.into_iter().chain(project.aliases.clone()).collect(),
        }
    }
}

/// The directory of a stage that a place of the wheel is made from; `package` is that of the import package.
pub(super) fn directory(package: &str, place: WheelDirectory) -> &str {
    match place {
        WheelDirectory::Package => package,
        WheelDirectory::Scripts => SCRIPTS,
        WheelDirectory::Data => DATA,
        WheelDirectory::Licences => "",
        WheelDirectory::Sboms => SBOMS,
    }
}

/// The path of a file of the payload in the stage.
pub(super) fn staged(package: &str, file: &PayloadFile) -> String {
    format!("{}{}", directory(package, file.place), file.path)
}

/// What a file of the payload is called to people: its path in the import package, or else in the stage.
pub(super) fn named(place: WheelDirectory, path: &MemberPath) -> String {
    format!("{}{path}", directory("", place))
}
