//! The wheel's own way to its program: the entry point that an installer writes a command for, started by a Python of this
//! machine. It must pass everything on, so it answers the question for the version as the program does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use relkit_client::process::{Ending, Invocation, find_program};

use super::capture;
use super::fault::{Fault, Subject};
use super::home::MAX_OUTPUT;
use super::steps::Done;
use super::trial::Trial;
use super::unpack::EntryPoint;
use super::version::{question, shown};

/// How long a Python may take to say which it is.
const MAX_PROBE: Duration = Duration::from_secs(10);

impl Trial<'_> {
    pub(super) fn entry_point(&self, point: &EntryPoint, program_said: &[u8]) -> Result<Done, Fault> {
        if self.options.runner.is_some() {
            return Ok(Done::skipped("what an entry point starts is not started by the runner"));
        }
        if point.needs_others {
            return Ok(Done::skipped("the wheel requires other distributions, which are not here"));
        }
        let Some(python) = self.python(point) else {
            return Ok(Done::skipped(format!("no Python {} is on PATH", point.requires_python)));
        };
        let name = format!("{} (entry point)", point.name);
        let subject = Subject { path: &python, name: &name, runner: None };
        let smoke = &self.project().smoke;
        let doing = question(smoke);
        // What an installer writes into a script.
        let script = format!(
            "import sys, {module}; sys.argv[0] = {name}; sys.exit({module}.{object}())",
            module = point.module,
            object = point.object,
            name = serde_json::Value::from(point.name.as_str())
        );
        let finished = self
            .started_by(&python)
            .argument("-c")
            .argument(script)
            .arguments(&smoke.version.arguments)
            .run(self.step_time(), MAX_OUTPUT)
            .map_err(|error| subject.process_fault(&error, &doing))?;
        if finished.ending != Ending::Code(smoke.version.exit) {
            return Err(subject.early_end(finished.ending, &doing, "", finished.stderr_tail));
        }
        let (said, expected) = (capture::text(&finished.stdout), capture::text(program_said));
        if said != expected {
            let (name, said, expected) = (&point.name, shown(&said), shown(&expected));
            let sentence = format!(
                "the entry point `{name}` answers {doing} with `{said}`, and the program itself with `{expected}`"
            );
            return Err(Fault::with_tail(sentence, finished.stderr_tail));
        }
        Ok(Done::passed(format!("`{}` starts the program", point.name)))
    }

    /// The first Python on PATH that starts in the home: what is there may also be the Microsoft Store's stub, or need what the
    /// home does not have.
    fn python(&self, point: &EntryPoint) -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        let named = |name: &'static str| std::env::split_paths(&path).map(move |directory| directory.join(name));
        let found = named("python3").chain(named("python")).filter_map(|path| find_program(path.as_os_str()));
        found.filter_map(|path| std::path::absolute(path).ok()).find(|python| {
            let script = "import sys; print('%d.%d.%d' % sys.version_info[:3])";
            let time = self.step_time().min(MAX_PROBE);
            let finished = self.started_by(python).argument("-c").argument(script).run(time, MAX_OUTPUT);
            finished.is_ok_and(|finished| {
                let version = String::from_utf8_lossy(&finished.stdout).trim().parse();
                finished.ending.is_success() && version.is_ok_and(|version| point.requires_python.contains(&version))
            })
        })
    }

    /// A Python that sees the wheel and nothing else that is installed for a user.
    fn started_by(&self, python: &Path) -> Invocation {
        let invocation = self.home.invocation(python, None);
        invocation
            .variable("PYTHONPATH", self.home.site())
            .variable("PYTHONDONTWRITEBYTECODE", "1")
            .variable("PYTHONNOUSERSITE", "1")
            .variable("PYTHONUTF8", "1")
            // As in many containers; else a line of the launcher's own may be lost when the program takes its place.
            .variable("PYTHONUNBUFFERED", "1")
    }
}
