//! The roles of interpreted text: those that docutils knows, those that a document defines, and what some ask of their text.

use std::collections::BTreeMap;

/// The roles of docutils and their short names.
const ROLES: &str = "abbreviation ab acronym ac anonymous-reference citation-reference code emphasis footnote-reference \
    index i literal math named-reference pep-reference pep raw rfc-reference rfc restructuredtext-unimplemented-role strong \
    subscript sub substitution-reference superscript sup target title-reference title t uri-reference uri url";

/// The roles that a document defines, in small letters, with whether they hand their text on as it is.
pub(super) type OwnRoles = BTreeMap<String, bool>;

/// Adds what the argument of a directive `role` defines: `name(base)`.
pub(super) fn define(own: &mut OwnRoles, argument: &str) {
    let (name, base) = parts(argument);
    let is_raw = base.as_deref().is_some_and(|base| is_raw(base, own));
    // Of two definitions nobody knows which one is in force where the role is used.
    own.entry(name).and_modify(|raw| *raw &= is_raw).or_insert(is_raw);
}

/// Why the definition of a role does not render.
pub(super) fn judge_definition(argument: &str, own: &OwnRoles) -> Result<(), String> {
    let (name, base) = parts(argument);
    match base {
        None if name.is_empty() => Err("the directive `role` has no argument".to_owned()),
        _ if !super::markers::is_simple_name(&name)
            || argument.contains(')') && !argument.trim_end().ends_with(')') =>
        {
            Err(format!("`{argument}` is no name of a role"))
        }
        Some(base) if !is_known(&base, own) => Err(unknown(&base)),
        _ => Ok(()),
    }
}

/// Why text that names no role does not render where this is the role of such text.
pub(super) fn judge_default(role: &str, own: &OwnRoles) -> Result<(), String> {
    let name = role.to_lowercase();
    match name.is_empty() || is_known(&name, own) {
        true => Ok(()),
        false => Err(unknown(role)),
    }
}

/// Why a role cannot have these options.
pub(super) fn judge_options(argument: &str, options: &[(String, String)]) -> Result<(), String> {
    let (name, base) = parts(argument);
    let own: &[&str] = match base.as_deref() {
        None => &["class"],
        Some("code") => &["class", "language"],
        Some("raw") => &["class", "format"],
        // What another role of the document takes is not known here.
        Some(base) if !ROLES.split_whitespace().any(|known| known == base) => return Ok(()),
        Some(_) => &["class"],
    };
    if let Some((option, _)) = options.iter().find(|(option, _)| !own.contains(&option.to_lowercase().as_str())) {
        return Err(format!("the role `{name}` has no option `{option}`"));
    }
    let class = options.iter().find(|(option, _)| option.eq_ignore_ascii_case("class"));
    let classes = class.map_or(name.as_str(), |(_, value)| value);
    if classes.is_empty() {
        return Err(format!("the role `{name}` has a class without a name"));
    }
    match classes.split_whitespace().find(|class| !super::options::is_class(class)) {
        Some(class) => Err(format!("`{class}` is no name of a class")),
        None => Ok(()),
    }
}

fn parts(argument: &str) -> (String, Option<String>) {
    let (name, base) = match argument.split_once('(') {
        Some((name, base)) => (name, Some(base.trim_end().trim_end_matches(')').trim().to_lowercase())),
        None => (argument, None),
    };
    (name.trim().to_lowercase(), base)
}

fn is_known(name: &str, own: &OwnRoles) -> bool {
    own.contains_key(name) || ROLES.split_whitespace().any(|known| known == name)
}

/// Whether text in the role would be shown as it is, which an index switches off.
pub(super) fn is_raw(name: &str, own: &OwnRoles) -> bool {
    own.get(name).copied().unwrap_or(name == "raw")
}

fn unknown(role: &str) -> String {
    format!("the role `{role}` is not known")
}

/// Why a text in this role does not render.
pub(super) fn judge(role: &str, text: &str, own: &OwnRoles) -> Result<(), String> {
    let name = role.to_lowercase();
    if !is_known(&name, own) {
        return Err(unknown(role));
    }
    if is_raw(&name, own) {
        return Err(format!("the role `{role}` is refused, as `raw` is"));
    }
    let number = || text.replace('\0', "").trim().split('#').next().unwrap_or_default().parse::<u32>();
    let is_plain = !own.contains_key(&name);
    match name.as_str() {
        "pep" | "pep-reference" if is_plain && number().map_or(true, |it| it > 9999) => {
            Err(format!("`{text}` is no number of a PEP"))
        }
        "rfc" | "rfc-reference" if is_plain && number().map_or(true, |it| it == 0) => {
            Err(format!("`{text}` is no number of an RFC"))
        }
        _ => Ok(()),
    }
}
