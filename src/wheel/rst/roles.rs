//! The roles of interpreted text that docutils knows, and what two of them ask of their text.

use std::collections::BTreeSet;

/// The roles of docutils and their short names.
const ROLES: &str = "abbreviation ab acronym ac anonymous-reference citation-reference code emphasis footnote-reference \
    index i literal math named-reference pep-reference pep raw rfc-reference rfc restructuredtext-unimplemented-role strong \
    subscript sub substitution-reference superscript sup target title-reference title t uri-reference uri url";

/// Why a text in this role does not render.
pub(super) fn judge(role: &str, text: &str, own: &BTreeSet<String>) -> Result<(), String> {
    let name = role.to_lowercase();
    if !ROLES.split(' ').any(|known| known == name) && !own.contains(&name) {
        return Err(format!("the role `{role}` is not known"));
    }
    let number = || text.replace('\0', "").trim().split('#').next().unwrap_or_default().parse::<u32>();
    // Text before an address in angles is shown in place of the number.
    let is_plain = !text.contains('<');
    match name.as_str() {
        "pep" | "pep-reference" if is_plain && number().is_err() => Err(format!("`{text}` is no number of a PEP")),
        "rfc" | "rfc-reference" if is_plain && number().is_err() => Err(format!("`{text}` is no number of an RFC")),
        "raw" => Err("the role `raw` is refused".to_owned()),
        _ => Ok(()),
    }
}
