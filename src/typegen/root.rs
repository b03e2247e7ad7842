//! The `root` of a union's class: its alternatives, laid out as the formatter does.

use std::fmt::Write as _;

use super::python::{fits, solid};

/// Tries the alternatives in order, for a received union whose last one takes everything.
pub(super) const ORDERED: &str = "Field(union_mode=\"left_to_right\")";

/// An alternative: a type, or a union of types that a tag tells apart.
pub(super) enum Arm {
    Type(String),
    Tagged { types: Vec<String>, field: String },
}

impl Arm {
    fn flat(&self) -> String {
        match self {
            Self::Type(name) => name.clone(),
            Self::Tagged { types, field } => format!("Annotated[{}, {field}]", types.join(" | ")),
        }
    }

    fn write(&self, text: &mut String, indent: usize, lead: &str) {
        let pad = " ".repeat(indent);
        let flat = format!("{pad}{lead}{}", self.flat());
        match self {
            Self::Tagged { types, field } if !fits(&flat) => {
                let arms: Vec<Arm> = types.iter().cloned().map(Arm::Type).collect();
                let _ = writeln!(text, "{pad}{lead}Annotated[");
                annotated(text, indent + 4, &arms, field);
                let _ = writeln!(text, "{pad}]");
            }
            _ => {
                let _ = writeln!(text, "{flat}");
            }
        }
    }
}

/// The line of the field, as a string: a class of it stands further down.
pub(super) fn quoted_root(arms: &[Arm], field: Option<&str>) -> String {
    solid(&format!("    root: \"{}\"", flat(arms, field).replace('"', "'")))
}

/// The line of the field, or its lines.
pub(super) fn root(arms: &[Arm], field: Option<&str>) -> String {
    let line = format!("    root: {}", flat(arms, field));
    if fits(&line) {
        return line + "\n";
    }
    let mut text = String::new();
    match field {
        Some(field) => {
            text.push_str("    root: Annotated[\n");
            annotated(&mut text, 8, arms, field);
            text.push_str("    ]\n");
        }
        None => {
            text.push_str("    root: (\n");
            one_a_line(&mut text, 8, arms);
            text.push_str("    )\n");
        }
    }
    text
}

fn flat(arms: &[Arm], field: Option<&str>) -> String {
    let joined = join(arms);
    field.map_or_else(|| joined.clone(), |field| format!("Annotated[{joined}, {field}]"))
}

/// `A | B | C,` and the field, below `Annotated[`.
fn annotated(text: &mut String, indent: usize, arms: &[Arm], field: &str) {
    let pad = " ".repeat(indent);
    let joined = join(arms);
    let both = format!("{pad}{joined}, {field}");
    if fits(&both) {
        let _ = writeln!(text, "{both}");
        return;
    }
    let first = format!("{pad}{joined},");
    if fits(&first) {
        let _ = writeln!(text, "{first}");
    } else {
        one_a_line(text, indent, arms);
        text.pop();
        text.push_str(",\n");
    }
    let _ = writeln!(text, "{pad}{field},");
}

fn one_a_line(text: &mut String, indent: usize, arms: &[Arm]) {
    for (place, arm) in arms.iter().enumerate() {
        arm.write(text, indent, if place == 0 { "" } else { "| " });
    }
}

fn join(arms: &[Arm]) -> String {
    arms.iter().map(Arm::flat).collect::<Vec<_>>().join(" | ")
}
