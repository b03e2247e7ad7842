//! Which module a class lives in, and in which order a module's classes stand: what a class needs comes before it, so
//! that annotations are real objects. Where types refer to each other in a circle, one reference becomes a string.

use std::collections::BTreeSet;

use super::imports::Homes;
use super::model::{Body, Model, Routing};
use super::overrides;

/// A module of the generated package and the classes in it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) name: &'static str,
    /// What it holds, for its docstring.
    pub(super) purpose: &'static str,
    /// In the order of emission.
    pub(super) classes: Vec<String>,
}

/// The module that gives every class by name. The few enums of its own need no other module, so that each may need it.
pub(super) const FACADE: &str = "v2_all";

/// Methods of the clients' surface that `core` serves: what starting a thread and running a turn needs.
const CORE_METHODS: &[&str] = &["thread/start", "turn/interrupt", "turn/start", "turn/steer"];

/// Further methods of the clients' surface.
const LIFECYCLE_METHODS: &[&str] = &[
    "model/list",
    "thread/archive",
    "thread/compact/start",
    "thread/fork",
    "thread/list",
    "thread/name/set",
    "thread/read",
    "thread/resume",
    "thread/unarchive",
];

/// First words of methods whose types `plugins` holds.
const PLUGIN_METHODS: &[&str] = &["app", "hooks", "marketplace", "mcpServer", "mcpServerStatus", "plugin", "skills"];

/// First words of methods whose types `workspace` holds.
const WORKSPACE_METHODS: &[&str] =
    &["command", "fs", "fuzzyFileSearch", "process", "project", "review", "thread", "threadSection", "turn"];

/// Notifications that reach a turn's stream or a thread's state, besides those with a turn's id.
const CORE_NOTIFICATIONS: &[&str] = &["error", "thread/started", "thread/status/changed", "thread/tokenUsage/updated"];

/// Splits the classes over modules by use; a module needs only those before it.
pub(super) fn modules(model: &Model) -> Vec<Module> {
    let of_methods = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let methods = model.client_methods.iter().filter(|method| wanted(&method.name));
        methods.flat_map(|method| [method.params.clone(), method.response.clone()]).flatten().collect()
    };
    let first_word = |name: &str, words: &[&str]| words.contains(&name.split('/').next().unwrap_or_default());
    let notifications = |wanted: &dyn Fn(&str, Routing) -> bool| -> Vec<String> {
        let all = model.notifications.iter();
        all.filter(|(method, routing)| wanted(&method.name, *routing)).filter_map(|(m, _)| m.params.clone()).collect()
    };
    let mut core = of_methods(&|name| CORE_METHODS.contains(&name));
    core.extend(notifications(&|name, routing| {
        matches!(routing, Routing::Turn | Routing::TurnId) || CORE_NOTIFICATIONS.contains(&name)
    }));
    let requests = model.server_requests.iter().flat_map(|method| [method.params.clone(), method.response.clone()]);
    let everything: Vec<String> = model.classes.keys().cloned().collect();
    let is_enum = |name: &str| model.classes.get(name).is_some_and(|class| matches!(class.body, Body::Enum { .. }));
    let facade = overrides::facade_enums().iter().copied().filter(|name| is_enum(name)).map(ToOwned::to_owned);
    let plan: Vec<(&'static str, &'static str, Vec<String>)> = vec![
        (
            FACADE,
            "Every type of the protocol by name; its module is loaded when the name is first used",
            facade.collect(),
        ),
        ("core", "Threads, turns and items: what starting a thread and running a turn needs", core),
        (
            "lifecycle",
            "Listing, reading, resuming, forking and archiving threads, and listing models",
            of_methods(&|name| LIFECYCLE_METHODS.contains(&name)),
        ),
        ("notifications", "Notifications that concern no single turn", notifications(&|_, _| true)),
        ("requests", "Requests that the server makes, and their answers", requests.flatten().collect()),
        (
            "plugins",
            "Plugins, skills, apps, hooks and MCP servers",
            of_methods(&|name| first_word(name, PLUGIN_METHODS)),
        ),
        (
            "workspace",
            "Files, commands, reviews, thread sections and the rest of the thread methods",
            of_methods(&|name| first_word(name, WORKSPACE_METHODS)),
        ),
        ("account", "Accounts, configuration and everything that no other module holds", everything),
    ];
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut modules = Vec::new();
    for (name, purpose, roots) in plan {
        let needed = model.closure(roots.iter().map(String::as_str));
        let mut own: BTreeSet<&str> = needed.difference(&placed).copied().collect();
        // A union's fallback stands beside it even where only the union is reached.
        own.retain(|class| model.classes.contains_key(*class));
        let classes = sort(model, &own);
        placed.extend(own);
        modules.push(Module { name, purpose, classes });
    }
    modules
}

/// The module of every class.
pub(super) fn homes(modules: &[Module]) -> Homes<'_> {
    modules.iter().flat_map(|module| module.classes.iter().map(|class| (class.as_str(), module.name))).collect()
}

/// Depth first by name: deterministic, and every class after what it needs but for circles.
fn sort(model: &Model, own: &BTreeSet<&str>) -> Vec<String> {
    let mut sorter = Sorter { model, own, seen: BTreeSet::new(), order: Vec::new() };
    // Models of a circle come before its unions, whose annotations are hard to read as strings.
    let is_union = |name: &str| matches!(model.classes[name].body, Body::Union { .. });
    for unions in [true, false] {
        for name in own.iter().filter(|name| is_union(name) == unions) {
            sorter.visit(name);
        }
    }
    sorter.order
}

struct Sorter<'a> {
    model: &'a Model,
    own: &'a BTreeSet<&'a str>,
    seen: BTreeSet<&'a str>,
    order: Vec<String>,
}

impl<'a> Sorter<'a> {
    /// Visits with a stack of its own: a schema may nest deeper than the machine's stack.
    fn visit(&mut self, root: &'a str) {
        if !self.seen.insert(root) {
            return;
        }
        let mut stack: Vec<(&'a str, Vec<&'a str>)> = vec![(root, self.needs(root))];
        while let Some((name, left)) = stack.last_mut() {
            let name = *name;
            if let Some(next) = left.pop() {
                if self.seen.insert(next) {
                    let needs = self.needs(next);
                    stack.push((next, needs));
                }
            } else {
                stack.pop();
                self.order.push(name.to_owned());
            }
        }
    }

    /// What a class needs from its own module, last name first, since the stack takes from the end.
    fn needs(&self, name: &str) -> Vec<&'a str> {
        let model: &'a Model = self.model;
        let mut needs: Vec<&'a str> =
            model.classes.get(name).map(|class| class.needs().into_iter().collect()).unwrap_or_default();
        needs.retain(|need| self.own.contains(need) && *need != name);
        needs.reverse();
        needs
    }
}
