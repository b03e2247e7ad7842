//! The house holds: no import runs up a floor, no two rooms import each other, inside a room files do not circle, what
//! asks for the system or writes to the streams stands where docs/architecture.md says, and threads are asked for.
//! The floors are those of docs/architecture.md; what stands behind `#[cfg(test)]` may look anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// From the ground up.
const FLOORS: [&[&str]; 10] = [
    &[
        "digest",
        "target",
        "version",
        "member_path",
        "scheme",
        "serde_text",
        "toml_text",
        "threads",
        "memory",
        "error",
        "fs",
        "console",
    ],
    &["binary", "zip", "wheel", "product"],
    &["payload", "typegen"],
    &["stage", "build", "check", "smoke"],
    &["gate", "http"],
    &["publish", "fetch", "report", "scaffold"],
    &["release"],
    &["cli", "commands"],
    &["lib"],
    &["main"],
];

/// A module by its path from the crate's root: `["check", "rules", "binary"]`.
type Module = Vec<String>;

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("`{room}` has no floor"))
}

/// Every module of the crate with its text, tests and comments left out.
fn modules(source: &Path) -> BTreeMap<Module, String> {
    let mut modules = BTreeMap::new();
    let mut directories = vec![source.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(source).unwrap().with_extension("");
                let mut module: Module = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                if module.last().is_some_and(|last| last == "mod") {
                    module.pop();
                }
                if !module.iter().any(|part| part == "tests") {
                    modules.insert(module, code(&fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    modules
}

fn code(text: &str) -> String {
    // Tests in a file of their own are named among the other modules, those in the same file at its end.
    let text = text.replace("#[cfg(test)]\nmod tests;\n", "");
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..tests].lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules that one module's code names by `crate::` or `super::`.
fn imports(module: &Module, text: &str, known: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    for (start, head) in text.match_indices("crate::").chain(text.match_indices("super::")) {
        let before = text[..start].chars().next_back();
        // `super::super::` is read from its beginning, `relkit_crate::` is a name of its own, and `pub(in crate::…)` says
        // who may see an item, not what it sees.
        let is_part = before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':');
        if is_part || text[..start].ends_with("pub(in ") {
            continue;
        }
        let mut base = if head == "crate::" { Vec::new() } else { module[..module.len() - 1].to_vec() };
        let mut rest = &text[start + head.len()..];
        while let Some(further) = rest.strip_prefix("super::") {
            base.pop();
            rest = further;
        }
        for path in paths(rest) {
            let mut target = base.clone();
            target.extend(path);
            while !target.is_empty() && !known.contains_key(&target) {
                target.pop();
            }
            if !target.is_empty() && target != *module {
                found.insert(target);
            }
        }
    }
    found
}

/// The paths at the start of `text`: one, or as many as its braces hold.
fn paths(text: &str) -> Vec<Module> {
    let Some(inside) = text.strip_prefix('{') else {
        let end = text.find(|end: char| !(end.is_alphanumeric() || end == '_')).unwrap_or(text.len());
        let head = text[..end].to_owned();
        let Some(rest) = text[end..].strip_prefix("::") else { return vec![vec![head]] };
        return paths(rest).into_iter().map(|path| [vec![head.clone()], path].concat()).collect();
    };
    let (mut depth, mut begin, mut all) = (0_usize, 0, Vec::new());
    for (at, character) in inside.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                all.extend(paths(inside[begin..at].trim()));
                begin = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    all
}

/// A circle in a graph, as the nodes along it.
fn circle<N: Ord + Clone>(graph: &BTreeMap<N, BTreeSet<N>>) -> Option<Vec<N>> {
    fn visit<N: Ord + Clone>(
        node: &N,
        graph: &BTreeMap<N, BTreeSet<N>>,
        way: &mut Vec<N>,
        done: &mut BTreeSet<N>,
    ) -> bool {
        if let Some(at) = way.iter().position(|earlier| earlier == node) {
            way.drain(..at);
            way.push(node.clone());
            return true;
        }
        if !done.contains(node) {
            way.push(node.clone());
            if graph.get(node).into_iter().flatten().any(|next| visit(next, graph, way, done)) {
                return true;
            }
            way.pop();
            done.insert(node.clone());
        }
        false
    }
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    graph.keys().any(|node| visit(node, graph, &mut way, &mut done)).then_some(way)
}

fn graph(source: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let known = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join(source));
    let imported = |(module, text): (&Module, &String)| (module.clone(), imports(module, text, &known));
    known.iter().map(imported).collect()
}

/// The blocks of methods in a module's code: the name of the type, and the text of the block.
fn methods(text: &str) -> Vec<(&str, &str)> {
    let blocks = text.match_indices("\nimpl").filter_map(|(at, _)| {
        let block = &text[at + 1..];
        let (head, body) = block[..block.find("\n}")?].split_once('{')?;
        // The parameters of the block, then its type; a trait's methods are called through the trait.
        let head = head["impl".len()..].trim_start();
        let named = if head.starts_with('<') { head.split_once("> ")?.1 } else { head };
        let name = named.split(|end: char| !(end.is_alphanumeric() || end == '_')).next()?;
        (!named.contains(" for ")).then_some((name, body))
    });
    blocks.collect()
}

fn declared(block: &str) -> BTreeSet<&str> {
    let names = block.split("fn ").skip(1);
    names.filter_map(|rest| rest.split(|end: char| !(end.is_alphanumeric() || end == '_')).next()).collect()
}

/// What a type's methods call of the same type's in other files of a room: each file with those that it calls into.
fn called(known: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let blocks: Vec<_> = known
        .iter()
        .flat_map(|(module, text)| {
            methods(text).into_iter().map(move |(name, body)| (module, name, body, declared(body)))
        })
        .collect();
    let mut called: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, name, body, own) in &blocks {
        for (other, _, _, theirs) in blocks.iter().filter(|block| block.1 == *name && block.0[0] == module[0]) {
            let is_called = |method: &&str| {
                !own.contains(method)
                    && ["self.", "Self::"].iter().any(|from| body.contains(&format!("{from}{method}(")))
            };
            if other != module && theirs.iter().any(is_called) {
                called.entry((*module).clone()).or_default().insert((*other).clone());
            }
        }
    }
    called
}

/// The graph of files, in which a `mod.rs` sees its files whether it names them or not, and a file those that have the
/// methods of its own types that it calls.
fn files(source: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut graph = graph(source);
    for (module, others) in called(&modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join(source))) {
        graph.entry(module).or_default().extend(others);
    }
    for child in graph.keys().cloned().collect::<Vec<_>>() {
        if let Some(parent) = graph.get_mut(&child[..child.len() - 1]) {
            parent.insert(child);
        }
    }
    graph
}

#[test]
fn every_file_is_looked_at_whole() {
    let whole =
        "mod a;\n#[cfg(test)]\nmod tests;\n\nuse crate::fs;\n\n#[cfg(test)]\nmod tests {\n    use crate::main;\n}\n";
    assert_eq!(code(whole), "mod a;\n\nuse crate::fs;\n");
    let edges = graph("src");
    for module in [["http", "sentence"], ["publish", "page"]] {
        assert!(!edges[&module.map(str::to_owned).to_vec()].is_empty(), "{module:?} imports nothing");
    }
}

#[test]
fn every_room_has_one_floor_and_every_floor_names_rooms() {
    let named: Vec<&str> = FLOORS.iter().flat_map(|rooms| rooms.iter().copied()).collect();
    let named_once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(named.len(), named_once.len(), "a room stands on two floors");
    let graph = graph("src");
    let rooms: BTreeSet<&str> = graph.keys().map(|module| module[0].as_str()).collect();
    assert_eq!(named_once, rooms, "the floors and the rooms in src/ are not the same");
    // The page says the same, in a numbered list.
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md")).unwrap();
    for (number, rooms) in FLOORS.iter().enumerate() {
        let line = format!("{}. `{}`", number + 1, rooms.join(" "));
        assert!(page.lines().any(|written| written == line), "docs/architecture.md does not say: {line}");
    }
}

#[test]
fn no_import_runs_up_and_rooms_do_not_circle() {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, imported) in graph("src") {
        for target in imported.iter().filter(|target| target[0] != module[0]) {
            assert!(
                floor(&target[0]) <= floor(&module[0]),
                "`{}` imports `{}`, which stands above it",
                module.join("::"),
                target.join("::")
            );
            rooms.entry(module[0].clone()).or_default().insert(target[0].clone());
        }
    }
    assert_eq!(circle(&rooms), None, "rooms that import each other");
}

#[test]
fn files_of_a_room_do_not_circle() {
    let graph = files("src");
    let circles: Vec<String> = FLOORS
        .iter()
        .flat_map(|rooms| rooms.iter())
        .filter_map(|room| {
            let inside = |module: &Module| module[0] == *room;
            let files = graph.iter().filter(|(module, _)| inside(module));
            let files = files.map(|(module, imported)| {
                (module.clone(), imported.iter().filter(|target| inside(target)).cloned().collect::<BTreeSet<_>>())
            });
            let way: Vec<_> = circle(&files.collect())?.iter().map(|module| module.join("::")).collect();
            Some(way.join(" imports "))
        })
        .collect();
    assert!(circles.is_empty(), "files that circle:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_through_the_methods_of_one_type_is_seen() {
    let one = "use super::b::T;\n\nimpl<'a> T<'a> {\n    fn first(&self) {\n        self.second(1)\n    }\n}\n";
    let two = "pub struct T;\n\nimpl T {\n    fn second(&self, n: u8) {\n        self.first()\n    }\n}\n";
    let other = "\nimpl fmt::Display for T {\n    fn fmt(&self) {\n        self.first()\n    }\n}\n";
    let module = |name: &str| vec!["room".to_owned(), name.to_owned()];
    let known = [("a", one), ("b", two), ("c", other)].map(|(name, text)| (module(name), text.to_owned()));
    let called = called(&known.into());
    assert_eq!(called.get(&module("a")), Some(&[module("b")].into()));
    assert_eq!(called.get(&module("b")), Some(&[module("a")].into()));
    assert_eq!(called.get(&module("c")), None);
    assert!(circle(&called).is_some());
}

#[test]
fn files_of_the_client_do_not_circle() {
    assert_eq!(circle(&files("crates/relkit-client/src")), None);
}

/// The files of the crate whose code has one of these words and which stand nowhere below `places`.
fn elsewhere(words: &[&str], places: &[&str]) -> Vec<String> {
    let modules = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let has = |(module, text): (Module, String)| {
        let name = module.join("::");
        let known = places.iter().any(|place| name == *place || name.starts_with(&format!("{place}::")));
        (!known && words.iter().any(|word| text.contains(word))).then_some(name)
    };
    modules.into_iter().filter_map(has).collect()
}

#[test]
fn what_asks_for_the_system_has_its_places() {
    let words = [
        "cfg(unix",
        "cfg(windows",
        "cfg(not(",
        "cfg(any(",
        "cfg(all(",
        "cfg!(",
        "target_os",
        "target_family",
        "std::os::",
        "env::consts",
    ];
    assert_eq!(elsewhere(&words, &["fs", "smoke", "http", "target::host"]), Vec::<String>::new());
}

#[test]
fn what_writes_to_the_streams_has_its_places() {
    let words = ["print!(", "println!(", "io::stdout", "io::stderr", "anstream::stdout", "anstream::stderr"];
    // `commands` asks whether they are a terminal, and lets clap print; `memory` has none left for anything else.
    assert_eq!(elsewhere(&words, &["console", "commands", "memory", "smoke::stand_in"]), Vec::<String>::new());
}

#[test]
fn nothing_starts_a_thread_by_what_panics_where_there_is_none() {
    // `thread::Builder` says instead that there is none.
    let words = ["thread::spawn(", "scope.spawn(", "spawn_blocking(", "enable_steady_tick("];
    assert_eq!(elsewhere(&words, &[]), Vec::<String>::new());
    let client = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/relkit-client/src"));
    assert!(!client.values().any(|text| words.iter().any(|word| text.contains(word))));
}

#[test]
fn what_a_file_is_by_its_first_bytes_is_asked_in_one_place() {
    let words = [
        "0x1f, 0x8b",
        "b\"#!\"",
        "b'#', b'!'",
        "ELFMAG",
        "x7fELF",
        "b\"MZ\"",
        "b'M', b'Z'",
        "0x4d, 0x5a",
        "MH_MAGIC",
        "FAT_MAGIC",
        "0xcafe",
        "PK\\x03\\x04",
        "xfd7zXZ",
        "0x28, 0xb5",
        "b\"ustar",
        "!<arch>",
    ];
    // The reader of Mach-O asks of which width and order a file is that was found to be one.
    assert_eq!(elsewhere(&words, &["binary::magic", "binary::macho"]), Vec::<String>::new());
}
