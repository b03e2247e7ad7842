//! The public methods above the protocol clients: signatures, overloads and docstrings. What they do stands in
//! `method_bodies`.

use std::fmt::Write as _;

use super::error::TypegenError;
use super::exposed::EXPOSED;
use super::fixed_methods::of_owner;
use super::method_bodies::{CURSOR, LOGIN_HANDLE};
use super::model::Field;
use super::parameters::{Keyword, WORDS, annotation, description, keyword, preset};
use super::python::{WIDTH, docstring, exploded, wrap};
use super::signatures::{Argument, Exposed, Face, Gives, INPUT, Owner, PRESET};
use super::twins::{Breaks, Twin, Writer, parameter};

/// What public annotations call the protocol's thread, since the SDK's own class is another thing.
const STORED_THREAD: &str = "StoredThread";

impl Writer<'_> {
    /// The class behind a public one.
    pub(super) fn public_class(&mut self, owner: Owner, twin: Twin) -> Result<(), TypegenError> {
        let class = twin.class(owner.class());
        // `AsyncOwner` is what an async client is to those who use it, and brings the client with it.
        let base = if (owner, twin) == (Owner::Codex, Twin::Async) { "(AsyncOwner)" } else { "" };
        let mixin = class.replace("TurnHandle", "Turn") + "Methods";
        let _ = writeln!(self.text, "\n\nclass {mixin}{base}:");
        docstring(&mut self.text, 4, &format!("The requests of `{class}`, one method each."));
        let head = owner.head(twin);
        let _ = write!(self.text, "{}{head}", if head.is_empty() { "" } else { "\n" });
        for exposed in EXPOSED {
            for face in exposed.faces.iter().filter(|face| face.owner == owner) {
                self.public(exposed, face, twin)?;
            }
        }
        if let Some(fixed) = of_owner(owner) {
            self.fixed(owner.owner(twin), twin, fixed);
        }
        Ok(())
    }

    /// One public method.
    fn public(&mut self, exposed: &Exposed, face: &Face, twin: Twin) -> Result<(), TypegenError> {
        let response = exposed.response(self.model)?;
        let mut keywords: Vec<Keyword> =
            exposed.words(self.model).map(|word| self.keyword(exposed, word)).collect::<Result<_, _>>()?;
        match face.gives {
            Gives::RunResult => keywords.push(self.keyword(exposed, "+timeout")?),
            Gives::Pages => keywords.retain(|word| word.name != CURSOR),
            Gives::Response | Gives::Thread | Gives::TurnHandle | Gives::LoginHandle | Gives::Nothing => {}
        }
        let arguments = exposed.arguments.iter().filter(|argument| face.owner.own(argument.wire).is_none());
        let (switches, positional): (Vec<&Argument>, Vec<&Argument>) =
            arguments.partition(|argument| argument.default.is_some());
        let mut parameters = vec!["self".to_owned()];
        parameters.extend(positional.iter().map(|argument| match argument.wire {
            INPUT => format!("{INPUT}: {}", face.owner.input().0),
            _ => parameter(argument),
        }));
        let (by_position, by_keyword) = keywords.split_at(exposed.by_position());
        parameters.extend(by_position.iter().map(Keyword::parameter));
        if !switches.is_empty() || !by_keyword.is_empty() {
            parameters.push("*".to_owned());
        }
        parameters.extend(switches.into_iter().map(parameter));
        parameters.extend(by_keyword.iter().map(Keyword::parameter));
        let returns = match face.gives {
            Gives::Response => {
                self.uses.push(response.to_owned());
                response.to_owned()
            }
            Gives::Thread => twin.class("Thread"),
            Gives::TurnHandle => format!("{}[object]", twin.class("TurnHandle")),
            Gives::LoginHandle => twin.class(LOGIN_HANDLE),
            Gives::Nothing => "None".to_owned(),
            Gives::RunResult => "RunResult[object]".to_owned(),
            Gives::Pages => {
                self.uses.push(format!("Thread as {STORED_THREAD}"));
                format!("{}[{STORED_THREAD}]", twin.class("Iterator"))
            }
        };
        if let Gives::RunResult | Gives::TurnHandle = face.gives {
            let class = returns.split('[').next().unwrap_or_default();
            self.overloads(twin, face.name, &parameters, class);
        }
        let breaks = if keywords.is_empty() { Breaks::WhereNeeded } else { Breaks::Everywhere };
        self.signature(twin, face.name, &parameters, &returns, breaks);
        if keywords.is_empty() {
            docstring(&mut self.text, 8, face.summary);
        } else {
            self.sections(exposed, face, &positional, &keywords);
        }
        self.body(exposed, face, twin, &keywords)
    }

    fn keyword(&mut self, exposed: &Exposed, word: &str) -> Result<Keyword, TypegenError> {
        if let Some(name) = word.strip_prefix(PRESET) {
            let words = description(exposed.method, word).map(str::to_owned);
            if name == "web_search" {
                self.uses.extend(["WebSearchMode".to_owned(), format!("WebSearchMode{WORDS}")]);
            }
            return Ok(Keyword { name: name.to_owned(), annotation: preset(name).to_owned(), words });
        }
        let field: &Field = exposed.field(self.model, word)?;
        let class = field.shape.inner_name().and_then(|name| self.model.classes.get(name));
        let own = field.doc.text.as_deref().or_else(|| class?.doc.text.as_deref());
        Ok(Keyword {
            name: keyword(field).to_owned(),
            annotation: annotation(self.model, field, &mut self.uses),
            words: description(exposed.method, word).or(own).map(str::to_owned),
        })
    }

    /// With a model as the schema of the output the result, of a `class`, has a value of that model. A variable may hold
    /// either.
    fn overloads(&mut self, twin: Twin, name: &str, parameters: &[String], class: &str) {
        for (schema, of) in [
            ("type[ModelT]", "[ModelT]"),
            ("JsonMapping | None = None", ""),
            ("JsonMapping | type[BaseModel] | None", "[object]"),
        ] {
            let parameters: Vec<String> = parameters
                .iter()
                .map(|parameter| match parameter.split_once(": ") {
                    Some((name @ "output_schema", _)) => format!("{name}: {schema}"),
                    _ => parameter.clone(),
                })
                .collect();
            let lead = format!("{} {name}", twin.definition());
            let text = exploded(4, &lead, ['(', ')'], &parameters, &format!(" -> {class}{of}: ..."));
            let _ = write!(self.text, "\n    @overload\n{text}");
        }
    }

    /// A docstring with sections; descriptions of arguments hang below their names.
    fn sections(&mut self, exposed: &Exposed, face: &Face, positional: &[&Argument], keywords: &[Keyword]) {
        let _ = writeln!(self.text, "        \"\"\"{}\n\n        Args:", face.summary);
        let named = positional.iter().map(|argument| match argument.wire {
            INPUT => (INPUT, description(exposed.method, INPUT)),
            wire => (argument.name, description(exposed.method, wire)),
        });
        let fields = keywords.iter().map(|word| (word.name.as_str(), word.words.as_deref()));
        for (name, words) in named.chain(fields) {
            let words = words.unwrap_or("As the protocol says; the server's default where it is left out.");
            let _ = writeln!(self.text, "            {name}:");
            for line in wrap(words, WIDTH - 16) {
                let _ = writeln!(self.text, "{}", format!("                {line}").trim_end());
            }
        }
        let _ = writeln!(self.text, "\n        Returns:\n            {}\n        \"\"\"", face.result);
    }
}
