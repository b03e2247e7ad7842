//! The methods of the protocol clients: one for each request that the SDK spells out.

use std::fmt::Write as _;

use super::error::TypegenError;
use super::exposed::EXPOSED;
use super::fixed_client::OF_CLIENT;
use super::python::{bracketed, collected, docstring};
use super::signatures::{BY_HAND, Exposed, INPUT};
use super::twins::{Breaks, Twin, Writer, parameter};

impl Writer<'_> {
    /// The class behind a protocol client.
    pub(super) fn client_class(&mut self, twin: Twin) -> Result<(), TypegenError> {
        let class = twin.class("ClientMethods");
        let _ = writeln!(self.text, "\n\nclass {class}({}):", twin.class("ClientBase"));
        docstring(&mut self.text, 4, &format!("What `{}` does once it is started.", twin.class("AppServerClient")));
        for exposed in EXPOSED.iter().filter(|exposed| exposed.client.1 != BY_HAND) {
            self.request(exposed, twin)?;
        }
        self.fixed("self", twin, &OF_CLIENT);
        Ok(())
    }

    /// One request of a protocol client.
    fn request(&mut self, exposed: &Exposed, twin: Twin) -> Result<(), TypegenError> {
        let response = exposed.response(self.model)?;
        let (name, what) = exposed.client;
        let mut parameters = vec!["self".to_owned()];
        parameters.extend(exposed.arguments.iter().map(parameter));
        let mut entries = Vec::new();
        if !exposed.keywords.is_empty() {
            let (params, _) = exposed.params(self.model)?;
            self.uses.push(params.to_owned());
            parameters.push(format!("params: {params} | JsonObject | None = None"));
            entries.push("**params_dict(params)".to_owned());
        }
        self.uses.push(response.to_owned());
        self.signature(twin, name, &parameters, response, Breaks::WhereNeeded);
        docstring(&mut self.text, 8, &format!("`{}`: {what}", exposed.method));
        self.import(response);
        entries.extend(exposed.arguments.iter().map(|argument| match argument.wire {
            INPUT => format!("\"{INPUT}\": wire_input({})", argument.name),
            wire => format!("\"{wire}\": {}", argument.name),
        }));
        let body = if exposed.arguments.is_empty() && !exposed.keywords.is_empty() {
            "params_dict(params)"
        } else {
            self.text.push_str(&collected(8, "body: dict[str, object] = ", ['{', '}'], &entries));
            "body"
        };
        let given = [format!("\"{}\"", exposed.method), body.to_owned(), format!("response_model={response}")];
        let call = format!("return {}self.request", twin.wait());
        self.text.push_str(&bracketed(8, &call, ['(', ')'], &given, ""));
        Ok(())
    }
}
