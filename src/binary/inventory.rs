//! All binaries of one payload or wheel together: which libraries they bring along, and which tags all of them honour.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::bundled::{BundledLibraries, Reach};
use super::bystander::{Bystanders, Entry, shipped_as_data};
use super::error::BinaryError;
use super::facts::{Details, Facts, Kind};
use super::no_tag::{MAX_REASONS, WhyNoTag, reasons};
use super::objection::{Absence, Objection, Weight};
use super::tags::NextTag;
use super::{loading, promise, read, tags, wasm};
use crate::fs::FsError;
use crate::target::{PlatformTag, PlatformTagSet};

/// Every binary of one payload or wheel, with the path of each relative to its root. Collects from what was read of each
/// file that claims to be one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    binaries: Vec<(String, Facts)>,
    damaged: Vec<(String, BinaryError)>,
    /// Shared with what is asked of one binary alone.
    bundled: Arc<BundledLibraries>,
    /// How the archive holds each, where they come from a wheel that is judged as a whole: what nothing loads says nothing of
    /// its tags then.
    entries: HashMap<String, Entry>,
    /// Per binary the libraries that a distribution which that wheel requires may bring to it.
    brought: HashMap<String, HashSet<String>>,
    /// Whether that wheel is for any machine by its name, so that starters for Windows in it are data.
    is_for_any_by_name: bool,
    /// The modules of that wheel that are WebAssembly.
    wasm_modules: Vec<String>,
    /// Whether no Python code of that wheel loads a library before it imports a module.
    is_imported_alone: bool,
}

impl FromIterator<(String, Result<Facts, BinaryError>)> for Inventory {
    fn from_iter<I: IntoIterator<Item = (String, Result<Facts, BinaryError>)>>(members: I) -> Self {
        let mut inventory = Self::default();
        for (member, outcome) in members {
            match outcome {
                Ok(facts) => inventory.binaries.push((member, facts)),
                Err(error) => inventory.damaged.push((member, error)),
            }
        }
        let is_library = |facts: &Facts| facts.slices.iter().any(|slice| slice.kind == Kind::Library);
        let libraries = inventory.binaries.iter().filter(|(_, facts)| is_library(facts));
        let mut bundled = BundledLibraries::at(libraries.map(|(member, _)| member.as_str()));
        for slice in inventory.binaries.iter().flat_map(|(_, facts)| &facts.slices) {
            if let Details::Elf(details) = &slice.details {
                bundled.add_functions(&details.own_glibc_functions);
            }
        }
        bundled.add_missed(loading::missed(&inventory.binaries, &bundled));
        inventory.bundled = Arc::new(bundled);
        inventory
    }
}

impl Inventory {
    pub fn new(binaries: Vec<(String, Facts)>) -> Self {
        binaries.into_iter().map(|(member, facts)| (member, Ok(facts))).collect()
    }

    /// The same, of a wheel whose archive holds the files so.
    pub(crate) fn held_as(self, entries: HashMap<String, Entry>) -> Self {
        Self { entries, ..self }
    }

    /// The same, of a wheel whose Python code may load libraries before it imports modules, or not; asked is where a module
    /// misses one of the wheel's own.
    pub(crate) fn imported_by(self, may_load: impl FnOnce() -> bool) -> Self {
        Self { is_imported_alone: self.bundled.is_any_module_lost() && !may_load(), ..self }
    }

    /// The same, of a wheel whose name has these platform tags.
    pub(crate) fn tagged(self, tags: &[String]) -> Self {
        Self { is_for_any_by_name: tags.iter().any(|tag| tag == "any"), ..self }
    }

    /// The same, of a wheel to whose binaries the distributions that it requires may bring these libraries.
    pub(crate) fn beside(self, brought: HashMap<String, HashSet<String>>) -> Self {
        Self { brought, ..self }
    }

    /// The same, of a wheel that holds these modules of WebAssembly.
    pub(crate) fn with_wasm_modules(self, wasm_modules: Vec<String>) -> Self {
        Self { wasm_modules, ..self }
    }

    /// Whether there is nothing that only some machines run.
    pub(crate) fn is_pure(&self) -> bool {
        self.binaries.is_empty() && self.wasm_modules.is_empty()
    }

    /// How the archive holds a binary.
    pub(crate) fn entry(&self, member: &str) -> Option<Entry> {
        self.entries.get(member).copied()
    }

    /// The binaries among these files: the path of each from the root, and where it lies.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn of_files(files: impl IntoIterator<Item = (String, PathBuf)>) -> Result<Self, FsError> {
        let claimed = files.into_iter().filter_map(|(member, path)| match read::claimed(&path) {
            Ok(outcome) => outcome.map(|outcome| Ok((member, outcome))),
            Err(error) => Some(Err(FsError::read(&path)(error))),
        });
        claimed.collect()
    }

    /// In the order given.
    pub(crate) fn binaries(&self) -> &[(String, Facts)] {
        &self.binaries
    }

    /// What claims to be a binary and is none.
    pub(crate) fn damaged(&self) -> &[(String, BinaryError)] {
        &self.damaged
    }

    /// Whether one of the libraries has this name, in any case of letters.
    pub(crate) fn brings(&self, name: &str) -> bool {
        self.bundled.has_in_any_case(name)
    }

    pub(crate) fn get(&self, member: &str) -> Option<&Facts> {
        self.binaries.iter().find(|(known, _)| known == member).map(|(_, facts)| facts)
    }

    /// Every objection to `tag`, with the path of the binary that it is about.
    pub fn objections(&self, tag: &PlatformTag) -> Vec<(&str, Objection)> {
        let each = self.binaries.iter().flat_map(|(member, facts)| {
            let found = promise::objections(facts, tag, member, &self.bundled);
            found.into_iter().map(move |objection| (member.as_str(), objection))
        });
        // Beside code for the tag's machine a module of WebAssembly is there for another.
        let is_judged = *tag == PlatformTag::Any || self.binaries.is_empty() && !wasm::runs_on(tag);
        let modules = self.wasm_modules.iter().filter(|_| is_judged);
        each.chain(modules.map(|member| (member.as_str(), Objection::WebAssembly { found: None }))).collect()
    }

    /// Whether every binary keeps the promise of `tag`, but for what nothing loads there.
    pub fn honours(&self, tag: &PlatformTag) -> bool {
        self.broken_by(tag).is_none()
    }

    /// The objections to `tag` that count, and the binaries whose objections do not: nothing loads them there.
    fn judged(&self, tag: &PlatformTag) -> (Vec<(&str, Objection)>, BTreeSet<&str>) {
        let found = self.objections(tag);
        if self.entries.is_empty() || found.is_empty() {
            return (found, BTreeSet::new());
        }
        let bystanders = self.bystanders(None, found.iter().map(|(member, it)| (*member, it)));
        let excused = found.iter().filter(|(member, it)| bystanders.excuse(member, it));
        let excused: BTreeSet<&str> = excused.map(|(member, _)| *member).collect();
        let counts = found.into_iter().filter(|(member, _)| !excused.contains(member)).collect();
        (counts, excused)
    }

    /// Every objection to `tag` but those to what nothing loads there.
    pub(crate) fn counted(&self, tag: &PlatformTag) -> Vec<(&str, Objection)> {
        self.judged(tag).0
    }

    /// Those of the binaries that nothing loads on machines of certain tags, by all objections to these; `own` is the product's
    /// own program.
    pub(crate) fn bystanders<'a, 'o>(
        &'a self,
        own: Option<&'a str>,
        objections: impl IntoIterator<Item = (&'a str, &'o Objection)>,
    ) -> Bystanders<'a> {
        Bystanders::among(&self.binaries, &self.entries, own, objections)
    }

    /// Binaries that are data, whatever the tags.
    pub(crate) fn shipped_as_data(&self, own: Option<&str>) -> HashSet<&str> {
        shipped_as_data(&self.binaries, &self.entries, own)
    }

    /// The binaries that say nothing of one of these tags, because nothing loads them there.
    pub(crate) fn not_counted(&self, tags: &[PlatformTag]) -> BTreeSet<&str> {
        let tests = self.binaries.iter().map(|(member, _)| member.as_str());
        let tests = tests.filter(|member| self.entry(member).is_some_and(|entry| entry.is_test_data(member)));
        tags.iter().flat_map(|tag| self.judged(tag).1).chain(tests).collect()
    }

    /// The tags that all binaries honour together and that are chosen where nobody names any: of each family of tags the
    /// one with the lowest floor, of static Linux programs the one that today's systems and tools ask for.
    pub fn honest_tags(&self) -> Vec<PlatformTag> {
        match self.is_for_any() {
            true => vec![PlatformTag::Any],
            false => tags::honest_tags(self.leading_facts(), |tag| self.honours(tag)),
        }
    }

    /// The same with the lowest floor that is true, whoever asks for it: static Linux programs down to the first tag of
    /// their architecture.
    pub(crate) fn lowest_honest_tags(&self) -> Vec<PlatformTag> {
        match self.is_for_any() {
            true => vec![PlatformTag::Any],
            false => tags::lowest_honest_tags(self.leading_facts(), |tag| self.honours(tag)),
        }
    }

    /// The tag that more machines would take, and what rules it out; `None` where none is better.
    pub(crate) fn next_tag(&self) -> Option<NextTag> {
        if self.is_for_any() {
            return None;
        }
        tags::next_tag(self.leading_facts(), &|tag| self.promise_breakers(tag))
    }

    /// Whether all that a wheel holds is data that no machine loads, so that it may be installed anywhere. A starter is a
    /// program like any where the wheel itself is for Windows.
    fn is_for_any(&self) -> bool {
        if !self.wasm_modules.is_empty() {
            return false;
        }
        let is_held = !self.entries.is_empty() && !self.binaries.is_empty();
        let may_be = self.is_for_any_by_name || self.leading().next().is_none();
        is_held && may_be && self.honours(&PlatformTag::Any)
    }

    /// The binaries that may decide a tag.
    fn leading(&self) -> impl Iterator<Item = &(String, Facts)> + Clone {
        let is_test_data = |member: &str| self.entry(member).is_some_and(|entry| entry.is_test_data(member));
        self.binaries.iter().filter(move |(member, _)| !is_test_data(member))
    }

    /// What they are.
    fn leading_facts(&self) -> impl Iterator<Item = &Facts> + Clone {
        self.leading().map(|(_, facts)| facts)
    }

    /// Per family of tags, those that come into question.
    fn candidates(&self) -> Vec<Vec<PlatformTag>> {
        tags::candidates(self.leading_facts())
    }

    /// The objections that count and for which the tag is not honest.
    pub(crate) fn promise_breakers(&self, tag: &PlatformTag) -> Vec<(&str, Objection)> {
        self.counted(tag).into_iter().filter(|(member, objection)| self.breaks_promise(member, objection)).collect()
    }

    fn breaks_promise(&self, member: &str, objection: &Objection) -> bool {
        let Objection::NeededLibrary { library, reach, absence, .. } = objection else {
            return objection.breaks_promise();
        };
        let may_be_brought = || self.brought.get(member).is_some_and(|libraries| libraries.contains(library));
        let is_lost = match absence {
            Absence::Preloaded => self.is_imported_alone,
            _ => objection.breaks_promise(),
        };
        is_lost && !(*reach == Reach::Absent && may_be_brought())
    }

    /// One of the binaries alone, with the libraries beside it.
    pub(crate) fn alone(&self, member: &str) -> Self {
        let binaries = self.binaries.iter().filter(|(known, _)| known == member).cloned().collect();
        let (bundled, brought) = (Arc::clone(&self.bundled), self.brought.clone());
        Self { binaries, bundled, brought, is_imported_alone: self.is_imported_alone, ..Self::default() }
    }

    /// What rules out the tags that come next to the honest ones: of each family the one that more machines would take, or
    /// the nearest where none is honest, with the binary that breaks its promise and how.
    pub(crate) fn ruled_out(&self) -> Vec<(PlatformTag, &str, Objection)> {
        let found = tags::ruled_out(self.leading_facts(), &|tag| self.promise_breakers(tag));
        found.into_iter().map(|it| (it.tag, it.member, it.objection)).collect()
    }

    /// What decides that a tag is not honest.
    pub(crate) fn ruled_out_by(&self, tag: &PlatformTag) -> Option<(&str, Objection)> {
        tags::ruled_out_by(tag, self.leading_facts(), &|tag| self.promise_breakers(tag))
    }

    /// What no floor of a family helps against: the tags that promise most, and how binaries break them; for binaries that
    /// have no honest tag.
    fn hopeless(&self) -> Vec<(PlatformTag, &str, Objection)> {
        let highest = self.candidates().into_iter().filter_map(|family| family.into_iter().next_back());
        let broken = |tag: PlatformTag| self.broken_by(&tag).map(|(member, objection)| (tag, member, objection));
        highest.filter_map(broken).collect()
    }

    /// Why the binaries have no honest tag: that none is for their machine or system, or what rules out the tags that promise
    /// most.
    pub(crate) fn why_no_tag(&self) -> WhyNoTag {
        self.why_no_tag_or(|| reasons(self.hopeless().iter().map(|(tag, member, objection)| (tag, *member, objection))))
    }

    /// The same, with what rules out the tags that are nearest to others.
    pub(crate) fn why_no_tag_or(&self, nearest: impl FnOnce() -> String) -> WhyNoTag {
        self.without_tag().unwrap_or_else(|| WhyNoTag::RuledOut(nearest()))
    }

    /// The binaries for whose machine or system there is no tag that can be judged; none where every binary has one.
    pub(crate) fn without_tag(&self) -> Option<WhyNoTag> {
        if let (Some(module), []) = (self.wasm_modules.first(), &self.binaries[..]) {
            return Some(WhyNoTag::Unjudged(format!(
                "`{module}` is a WebAssembly module, and no tag of what runs it (`pyemscripten_*`, `pyodide_*`) can be judged here"
            )));
        }
        let told = self.leading().filter_map(|(member, facts)| {
            let wrong = |tag: &PlatformTag| {
                let found = promise::objections(facts, tag, member, &self.bundled);
                found.into_iter().find(|objection| objection.weight() == Weight::WrongMachine)
            };
            let families = tags::candidates(std::iter::once(facts));
            let wrong = families.iter().flatten().map(wrong).collect::<Option<Vec<_>>>()?;
            let system = wrong.into_iter().find_map(|objection| match objection {
                Objection::System { found, .. } => Some(found),
                _ => None,
            });
            let built_for = system.unwrap_or_else(|| facts.machines().to_string());
            Some(format!(
                "`{member}` ({}) is built for {built_for}, which no platform tag that can be judged here is for",
                facts.format
            ))
        });
        let told: Vec<_> = told.take(MAX_REASONS).collect();
        (!told.is_empty()).then(|| WhyNoTag::Homeless(told.join("; ")))
    }

    /// The first binary that breaks the promise of a tag, and how.
    pub(crate) fn broken_by(&self, tag: &PlatformTag) -> Option<(&str, Objection)> {
        self.promise_breakers(tag).into_iter().next()
    }

    /// The tags that a wheel of these binaries should carry, where nobody named any. A row is a target of the product: its
    /// own tag first, then what else its wheel may carry.
    ///
    /// The row for the binaries' machine decides: its tags where honest, else the honest tags nearest to them. Where no
    /// row or more than one is for that machine (a universal macOS binary), every honest tag is chosen. `None` where no
    /// tag is honest.
    pub(crate) fn choose_tags(&self, rows: &[Vec<PlatformTag>]) -> Option<PlatformTagSet> {
        let fits =
            |tag: &PlatformTag| self.counted(tag).iter().all(|(_, found)| found.weight() != Weight::WrongMachine);
        let mut matching = rows.iter().filter(|row| row.first().is_some_and(fits));
        let honest = self.honest_tags();
        let (Some(row), None) = (matching.next(), matching.next()) else { return PlatformTagSet::new(honest) };
        let kept = row.iter().filter(|tag| self.honours(tag)).cloned();
        // Without an honest tag of the row, what differs in its floor alone is nearer than another family.
        let near = honest.iter().filter(|tag| row.iter().any(|wanted| tags::same_family(wanted, tag))).cloned();
        PlatformTagSet::new(kept).or_else(|| PlatformTagSet::new(near)).or_else(|| PlatformTagSet::new(honest.clone()))
    }
}
