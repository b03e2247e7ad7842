//! What one payload tells: its programs, its target and honest tags, and what there is to say of its files.

use std::collections::BTreeSet;
use std::path::Path;

use super::described::Described;
use super::error::ScaffoldError;
use super::kind::{self, AccompanyingFile};
use super::names;
use super::question::{self, Interview, Runnable, interview};
use crate::binary::{Facts, Inventory, Libc, Magic};
use crate::check::{BinaryFault, binary_faults};
use crate::console::text::named;
use crate::console::{Console, Progress};
use crate::fs::Scratch;
use crate::member_path::{MemberPath, file_name, parent};
use crate::payload::{PayloadError, Surveyed, packed, survey};
use crate::product::Command;
use crate::target::{PlatformTag, TargetTriple};

/// How many programs of one payload are named where they are for several platforms.
const MAX_TOLD: usize = 6;

/// One payload: its target, and what of it would be shipped.
#[derive(Debug)]
pub(super) struct SurveyedPayload {
    pub triple: TargetTriple,
    pub platform_tag: PlatformTag,
    pub also: Vec<PlatformTag>,
    /// The file name of the payload.
    pub file_name: String,
    pub is_directory: bool,
}

/// A payload that was read.
pub(super) struct Seen<'a> {
    pub(super) path: &'a Path,
    pub(super) file_name: String,
    pub(super) files: Vec<Surveyed>,
    /// Links to nothing.
    dangling: Vec<MemberPath>,
    /// The programs among them, by their place in the list.
    programs: Vec<usize>,
    pub(super) inventory: Inventory,
    pub(super) described: Described,
    _scratch: Scratch,
}

impl<'a> Seen<'a> {
    pub(super) fn read(path: &'a Path, wanted: Option<&str>, progress: &Progress) -> Result<Self, ScaffoldError> {
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let scratch = Scratch::create(names::SCRATCH)?;
        let called = names::program(&file_name);
        let (files, dangling) = survey(path, wanted.unwrap_or(&called), scratch.path(), progress)?;
        let natives = files.iter().filter(|file| file.magic.format().is_some());
        let inventory = Inventory::of_files(natives.map(|file| (file.path.to_string(), file.source.clone())))?;
        let is_program =
            |file: &Surveyed| !file.is_library && inventory.get(&file.path).is_some_and(|facts| facts.is_executable());
        let programs: Vec<_> = (0..files.len()).filter(|index| is_program(&files[*index])).collect();
        if programs.is_empty() {
            let path = path.to_owned();
            if let Some(names) = packed(files.iter().map(|file| (&file.path, file.magic))) {
                return Err(PayloadError::Packed { path, names }.into());
            }
            return Err(ScaffoldError::NoProgram { payload: path });
        }
        let described = Described::of(path, &file_name, &files);
        Ok(Self { path, file_name, files, dangling, programs, inventory, described, _scratch: scratch })
    }

    /// The programs that users start: those in `bin/`, else at the top, else all.
    pub(super) fn front(&self) -> Vec<&Surveyed> {
        let programs: Vec<_> = self.programs.iter().map(|index| &self.files[*index]).collect();
        for wanted in ["bin", ""] {
            let there: Vec<_> = programs.iter().copied().filter(|file| parent(&file.path) == wanted).collect();
            if !there.is_empty() {
                return there;
            }
        }
        let nested: Vec<_> = programs.iter().copied().filter(|file| parent(&file.path).ends_with("/bin")).collect();
        if nested.is_empty() { programs } else { nested }
    }

    /// What there is to say of its links: a wheel holds none.
    pub(super) fn link_notes(&self, executables: &[String]) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.dangling.is_empty() {
            let names = named(self.dangling.iter().map(|path| &**path));
            notes.push(format!("`{}` has links to nothing, which are left out: {names}", self.file_name));
        }
        // By their own names: a payload may lack one of them.
        let real = |name: &str| self.called(name).and_then(|file| file.source.canonicalize().ok());
        for (index, name) in executables.iter().enumerate() {
            let is_same = |other: &&String| real(name).is_some_and(|own| real(other) == Some(own));
            if let Some(other) = executables[..index].iter().find(is_same) {
                notes.push(format!(
                    "`{name}` is `{other}` under another name, and a second copy of it in each wheel: if the program does \
                     not care under which name it is started, write it into `aliases` and not into `executables`"
                ));
            }
        }
        let unnamed = self.programs.iter().map(|index| &self.files[*index]).filter(|file| file.is_link);
        for file in unnamed.filter(|file| !executables.iter().any(|name| name == stem(file))) {
            if let Some(program) = self.linked_to(file, executables) {
                notes.push(format!(
                    "`{}` is `{program}` under another name: if users start it, write `{}` into `aliases`",
                    file.path,
                    stem(file)
                ));
            }
        }
        notes
    }

    /// The executable that a link stands for.
    fn linked_to<'b>(&self, file: &Surveyed, executables: &'b [String]) -> Option<&'b String> {
        let is_it = |name: &&String| self.called(name).is_some_and(|program| program.source == file.source);
        file.is_link.then(|| executables.iter().find(is_it)).flatten()
    }

    /// What lies in the `bin/` of the payload or of its program to be started and is none of the executables, as scripts are,
    /// and whether it is in the package.
    pub(super) fn no_commands(&self, executables: &[String], command: Command) -> Vec<(&str, bool)> {
        let directory = self.directory(executables);
        let is_kept = |path: &str| command != Command::Scripts && is_below(root(directory), path);
        // `sass` that starts `src/dart`: a script above a program that no user looks for where it lies.
        let starts_it = |file: &Surveyed| {
            let above = parent(&file.path);
            let is_above = directory != above && is_below(above, directory) && file_name(directory) != "bin";
            is_above && file.magic == Magic::Script && !file_name(&file.path).contains('.')
        };
        let is_no_command = |file: &&Surveyed| {
            let in_bin = ["bin", directory].contains(&parent(&file.path)) && file_name(parent(&file.path)) == "bin";
            let of_users = in_bin || starts_it(file);
            let is_there = of_users && (file.runs || file.magic.format().is_some());
            let is_known = self.is_executable(file, executables) || self.linked_to(file, executables).is_some();
            is_there && !file.is_script && !file.is_library && !is_known
        };
        self.files.iter().filter(is_no_command).map(|file| (&*file.path, is_kept(&file.path))).collect()
    }

    /// Where the program lies.
    fn directory(&self, executables: &[String]) -> &str {
        let first = executables.first().and_then(|name| self.program(name));
        first.map_or("", |file| parent(&file.path))
    }

    /// The file of an executable by its name.
    fn called(&self, name: &str) -> Option<&Surveyed> {
        self.front().into_iter().find(|file| stem(file) == name)
    }

    /// The file of an executable by its name, or the only program.
    pub(super) fn program(&self, name: &str) -> Option<&Surveyed> {
        self.called(name).or(match self.front()[..] {
            [only] => Some(only),
            _ => None,
        })
    }

    /// Asks these programs what they are, one after the other until one says its version: that one by its place, else the
    /// first; none where the first is not there.
    pub(super) fn interview<'b>(
        &self,
        names: impl Iterator<Item = &'b String>,
        console: &Console,
    ) -> Result<Option<(usize, Interview)>, ScaffoldError> {
        let mut first = None;
        for (at, name) in names.enumerate() {
            let Some(file) = self.program(name) else { continue };
            let seconds = question::TIME.as_secs();
            console.status("Asking", format_args!("`{name}` for its version: it is run here, for {seconds} s at most"));
            let told = interview(&Runnable::of(&self.files, file)?.path)?;
            let answers_well = told.question.as_ref().is_some_and(|question| question.exit == 0);
            // Another is not asked for as long again.
            let is_over = answers_well || told.hanging.is_some();
            match at {
                0 => first = Some((0, told)),
                _ if answers_well => return Ok(Some((at, told))),
                _ => {}
            }
            if is_over {
                break;
            }
        }
        Ok(first)
    }

    fn is_executable(&self, file: &Surveyed, executables: &[String]) -> bool {
        let named = executables.iter().filter_map(|name| self.program(name));
        named.into_iter().any(|program| program.path == file.path)
    }

    /// Whether the payload has files that are neither for people nor for the shell, where a launcher would find them.
    pub(super) fn needs_files(&self, executables: &[String]) -> bool {
        let root = root(self.directory(executables));
        let is_needed = |file: &&Surveyed| {
            !self.is_executable(file, executables)
                && self.linked_to(file, executables).is_none()
                && is_below(root, &file.path)
                && !file.is_script
                && !self.described.is_of_manager(&file.path)
                && kind::of(&file.path, executables) == AccompanyingFile::Other
        };
        self.files.iter().any(|file| is_needed(&file))
    }

    /// The binaries that a wheel holds.
    fn shipped<'b>(&'b self, executables: &'b [String], command: Command) -> impl Iterator<Item = &'b (String, Facts)> {
        let is_shipped = move |path: &str| {
            command != Command::Scripts
                || self.files.iter().any(|file| *file.path == *path && self.is_executable(file, executables))
        };
        self.inventory.binaries().iter().filter(move |(path, _)| is_shipped(path))
    }

    /// What no table makes good: `release` fails at it.
    pub(super) fn faults(&self, executables: &[String], command: Command) -> Vec<String> {
        let of_one = |(path, facts): &(String, Facts)| {
            let told = binary_faults(facts).into_iter().map(|BinaryFault { rule, message }| {
                let (name, fix) = (rule.name, rule.documentation.fix);
                let place = match self.path.is_dir() || self.files.len() > 1 {
                    true => format!("`{path}` of `{}`", self.file_name),
                    false => format!("`{}`", self.file_name),
                };
                format!("a release fails at {place}: {message} ({name}). {fix}, or accept it in [[tool.relkit.accept]]")
            });
            told.collect::<Vec<_>>()
        };
        self.shipped(executables, command).flat_map(of_one).collect()
    }

    /// Programs for several platforms, each with what it is for; none where all are for one.
    fn for_several_platforms(&self, programs: &[&Surveyed]) -> Option<String> {
        let platform = |file: &Surveyed| {
            let facts = self.inventory.get(&file.path)?;
            let machines: BTreeSet<_> = facts.slices.iter().map(|slice| slice.machine.to_string()).collect();
            Some(format!("{}, {}", facts.format, machines.into_iter().collect::<Vec<_>>().join(" and ")))
        };
        let programs: Vec<_> = programs.iter().filter_map(|file| Some((&file.path, platform(file)?))).collect();
        let platforms: BTreeSet<_> = programs.iter().map(|(_, platform)| platform).collect();
        let told = programs.iter().take(MAX_TOLD).map(|(path, platform)| format!("`{path}` ({platform})"));
        let rest = programs.len().saturating_sub(MAX_TOLD);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        (platforms.len() > 1).then(|| told.collect::<Vec<_>>().join(", ") + &more)
    }

    pub(super) fn row(&self, executables: &[String], command: Command) -> Result<SurveyedPayload, ScaffoldError> {
        let front = self.front();
        let first = executables.first().map_or("", String::as_str);
        let namesakes: Vec<_> = front.iter().copied().filter(|file| stem(file) == first).collect();
        let several = |programs| ScaffoldError::SeveralPlatforms { payload: self.path.to_owned(), programs };
        // Nobody could tell which of them is meant.
        if let Some(programs) = self.for_several_platforms(&namesakes) {
            return Err(several(programs));
        }
        let inventory = Inventory::new(self.shipped(executables, command).cloned().collect());
        let honest: Vec<_> = inventory
            .honest_tags()
            .into_iter()
            .filter(|tag| !matches!(tag, PlatformTag::ManylinuxLegacy { .. }))
            .collect();
        let program = executables.first().and_then(|name| self.program(name));
        let facts = program.and_then(|file| self.inventory.get(&file.path));
        let libc = facts.and_then(|facts| facts.slices.first()).and_then(|slice| slice.libc);
        let named = names::triple(&self.file_name).filter(|triple| honest.iter().any(|tag| triple.matches(tag)));
        let no_tag = || {
            if let Some(programs) = self.for_several_platforms(&front) {
                return several(programs);
            }
            ScaffoldError::NoHonestTag { payload: self.path.to_owned(), why: inventory.why_no_tag() }
        };
        let musl = libc != Some(Libc::Glibc);
        let preferred = honest.iter().find(|tag| tag.is_musllinux() == musl).or(honest.first()).ok_or_else(no_tag)?;
        let triple = match named {
            Some(triple) => triple,
            None => TargetTriple::of_tag(preferred).ok_or_else(no_tag)?,
        };
        let own = honest.iter().find(|tag| tag.is_musllinux() == triple.is_musl()).unwrap_or(preferred).clone();
        // The tag of a universal build stands for those of its slices, which may be other targets'.
        let whole = own.architectures().len() > 1;
        let also = honest.into_iter().filter(|tag| *tag != own && triple.matches(tag) && !whole).collect();
        let is_directory = self.path.is_dir();
        Ok(SurveyedPayload { triple, platform_tag: own, also, file_name: self.file_name.clone(), is_directory })
    }
}

/// What a launcher's package holds, by where the program lies: what holds its `bin/`, or the program itself.
fn root(directory: &str) -> &str {
    match directory {
        "bin" => "",
        other => other.strip_suffix("/bin").unwrap_or(other),
    }
}

fn is_below(root: &str, path: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

/// The file name of a program without what Windows adds.
pub(super) fn stem(file: &Surveyed) -> &str {
    let name = file_name(&file.path);
    name.strip_suffix(".exe").unwrap_or(name)
}
