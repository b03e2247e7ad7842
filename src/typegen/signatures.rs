//! The requests that the SDK spells out as methods: one row each, for the sync and the async class of the protocol
//! clients and of the public objects. The rows are held against the schema; `twins` writes them.

use super::error::TypegenError;
use super::model::{Body, Class, Field, Method, Model};

/// A request as methods of both protocol clients, and of the public classes above them.
pub(super) struct Exposed {
    pub(super) method: &'static str,
    /// The method of the protocol clients, and what its docstring says.
    pub(super) client: (&'static str, &'static str),
    pub(super) arguments: &'static [Argument],
    /// Further fields, by wire name and in order: the keywords of the public methods. The protocol clients take all that
    /// the schema has, as an object. Nothing of both where this is empty. With keywords, a face needs a `result`.
    /// A word with `+` is no field but a preset, which the SDK's `presets` turns into fields.
    pub(super) keywords: &'static str,
    pub(super) faces: &'static [Face],
}

/// A public method, on the sync and on the async class: written by `face(…)`, or out with a `result` where its row has
/// keywords.
pub(super) struct Face {
    pub(super) owner: Owner,
    pub(super) name: &'static str,
    pub(super) gives: Gives,
    /// The first sentence of the docstring.
    pub(super) summary: &'static str,
    /// What is returned, for the docstring of a method with keywords.
    pub(super) result: &'static str,
}

/// The classes that have public methods; the async twin's name begins with `Async`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Owner {
    Codex,
    Thread,
    TurnHandle,
}

#[derive(Clone, Copy)]
pub(super) enum Gives {
    /// The response as it is.
    Response,
    /// The thread that the response names.
    Thread,
    /// The turn that the response names.
    TurnHandle,
    /// What the turn of the face before comes to in the end.
    RunResult,
}

#[derive(Clone, Copy)]
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) annotation: &'static str,
    pub(super) wire: &'static str,
    pub(super) default: Option<&'static str>,
}

const fn argument(name: &'static str, annotation: &'static str, wire: &'static str) -> Argument {
    Argument { name, annotation, wire, default: None }
}

const fn switch(name: &'static str, wire: &'static str) -> Argument {
    Argument { name, annotation: "bool", wire, default: Some("False") }
}

const fn face(owner: Owner, name: &'static str, gives: Gives, summary: &'static str) -> Face {
    Face { owner, name, gives, summary, result: "" }
}

const THREAD_ID: Argument = argument("thread_id", "str", "threadId");
const INPUT_ITEMS: Argument = argument("input_items", "WireInput", INPUT);

/// The key of what the user says: public methods take it in more forms, and it travels beside the other parameters.
pub(super) const INPUT: &str = "input";

/// Begins a keyword that is no field of the schema.
pub(super) const PRESET: char = '+';

/// Begins a keyword that older runtimes do not know: an SDK of theirs does without it.
const NEWER: char = '?';

pub(super) const EXPOSED: &[Exposed] = &[
    Exposed {
        method: "thread/start",
        client: ("thread_start", "open a thread."),
        arguments: &[],
        keywords: "approvalPolicy approvalsReviewer baseInstructions config cwd developerInstructions \
            ephemeral model modelProvider personality sandbox serviceName serviceTier \
            sessionStartSource threadSource +approval_mode +tools \
            +additional_directories +network_access +web_search",
        faces: &[Face {
            owner: Owner::Codex,
            name: "thread_start",
            gives: Gives::Thread,
            summary: "Start a new thread.",
            result: "The thread, ready for its first turn.",
        }],
    },
    Exposed {
        method: "thread/list",
        client: ("thread_list", "one page of threads."),
        arguments: &[],
        keywords: "archived cursor cwd limit modelProviders searchTerm sortDirection sortKey sourceKinds \
            useStateDbOnly ?sectionId",
        faces: &[Face {
            owner: Owner::Codex,
            name: "thread_list",
            gives: Gives::Response,
            summary: "List stored threads, one page at a time.",
            result: "One page of threads and the cursor of the next.",
        }],
    },
    Exposed {
        method: "thread/resume",
        client: ("thread_resume", "load a thread of an earlier process."),
        arguments: &[THREAD_ID],
        keywords: "approvalPolicy approvalsReviewer baseInstructions config cwd developerInstructions model \
            modelProvider personality sandbox serviceTier +approval_mode ?excludeTurns \
            +additional_directories +network_access +web_search",
        faces: &[Face {
            owner: Owner::Codex,
            name: "thread_resume",
            gives: Gives::Thread,
            summary: "Continue a stored thread.",
            result: "The thread, ready for its next turn.",
        }],
    },
    Exposed {
        method: "thread/fork",
        client: ("thread_fork", "a new thread with the history of another."),
        arguments: &[THREAD_ID],
        keywords: "approvalPolicy approvalsReviewer baseInstructions config cwd developerInstructions \
            ephemeral model modelProvider sandbox serviceTier threadSource +approval_mode ?excludeTurns \
            +additional_directories +network_access +web_search",
        faces: &[Face {
            owner: Owner::Codex,
            name: "thread_fork",
            gives: Gives::Thread,
            summary: "Start a new thread with the history of another.",
            result: "The new thread.",
        }],
    },
    Exposed {
        method: "thread/read",
        client: ("thread_read", "a thread, with its turns if asked."),
        arguments: &[THREAD_ID, switch("include_turns", "includeTurns")],
        keywords: "",
        faces: &[face(
            Owner::Thread,
            "read",
            Gives::Response,
            "The thread as the server stores it, with its turns if asked.",
        )],
    },
    Exposed {
        method: "thread/archive",
        client: ("thread_archive", "put a thread away."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(
            Owner::Codex,
            "thread_archive",
            Gives::Response,
            "Put a thread away; `thread_list(archived=True)` still finds it.",
        )],
    },
    Exposed {
        method: "thread/unarchive",
        client: ("thread_unarchive", "bring a thread back."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(Owner::Codex, "thread_unarchive", Gives::Thread, "Bring an archived thread back.")],
    },
    Exposed {
        method: "thread/name/set",
        client: ("thread_set_name", "name a thread."),
        arguments: &[THREAD_ID, argument("name", "str", "name")],
        keywords: "",
        faces: &[face(Owner::Thread, "set_name", Gives::Response, "Give the thread a name.")],
    },
    Exposed {
        method: "thread/compact/start",
        client: ("thread_compact", "have the model shorten a thread's history."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(
            Owner::Thread,
            "compact",
            Gives::Response,
            "Have the model shorten the thread's history; returns when that has begun.",
        )],
    },
    Exposed {
        method: "model/list",
        client: ("model_list", "the models that can be chosen."),
        arguments: &[switch("include_hidden", "includeHidden")],
        keywords: "",
        faces: &[face(Owner::Codex, "models", Gives::Response, "The models that can be chosen.")],
    },
    Exposed {
        method: "account/read",
        client: ("account_read", "who is signed in."),
        arguments: &[switch("refresh_token", "refreshToken")],
        keywords: "",
        faces: &[face(
            Owner::Codex,
            "account",
            Gives::Response,
            "Who is signed in, if anybody; with a new access token if asked.",
        )],
    },
    Exposed {
        method: "account/logout",
        client: ("account_logout", "sign out."),
        arguments: &[],
        keywords: "",
        faces: &[],
    },
    Exposed {
        method: "account/login/cancel",
        client: ("account_login_cancel", "give up a sign-in that waits."),
        arguments: &[argument("login_id", "str", "loginId")],
        keywords: "",
        faces: &[],
    },
    Exposed {
        method: "account/rateLimits/read",
        client: ("account_rate_limits_read", "how much of the account's limits is used."),
        arguments: &[],
        keywords: "",
        faces: &[face(Owner::Codex, "rate_limits", Gives::Response, "How much of the account's limits is used.")],
    },
    Exposed {
        method: "thread/goal/get",
        client: ("thread_goal_get", "the goal of a thread."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(
            Owner::Thread,
            "goal",
            Gives::Response,
            "The goal that the thread works towards, if it has one.",
        )],
    },
    Exposed {
        method: "thread/goal/clear",
        client: ("thread_goal_clear", "forget the goal of a thread."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(Owner::Thread, "clear_goal", Gives::Response, "Forget the thread's goal.")],
    },
    Exposed {
        method: "turn/start",
        client: ("turn_start", "begin a turn, or join the one that runs. Its events wait for a reader."),
        arguments: &[THREAD_ID, INPUT_ITEMS],
        keywords: "approvalPolicy approvalsReviewer cwd effort model outputSchema personality sandboxPolicy \
            serviceTier summary +approval_mode +sandbox ?turnTrigger ?serviceTierForTurn",
        faces: &[
            Face {
                owner: Owner::Thread,
                name: "turn",
                gives: Gives::TurnHandle,
                summary: "Start a turn and return at once.",
                result: "A handle that streams, steers or interrupts the turn.",
            },
            Face {
                owner: Owner::Thread,
                name: "run",
                gives: Gives::RunResult,
                summary: "Run a whole turn and wait for its end.",
                result: "The final response, the items of the turn and the tokens used.",
            },
        ],
    },
    Exposed {
        method: "turn/steer",
        client: ("turn_steer", "add input to the turn that runs."),
        arguments: &[THREAD_ID, argument("expected_turn_id", "str", "expectedTurnId"), INPUT_ITEMS],
        keywords: "",
        faces: &[face(
            Owner::TurnHandle,
            "steer",
            Gives::Response,
            "Add input to the turn; InvalidRequestError if it has ended.",
        )],
    },
    Exposed {
        method: "turn/interrupt",
        client: ("turn_interrupt", "stop a turn; InvalidRequestError if it has ended already."),
        arguments: &[THREAD_ID, argument("turn_id", "str", "turnId")],
        keywords: "",
        faces: &[face(
            Owner::TurnHandle,
            "interrupt",
            Gives::Response,
            "Stop the turn; InvalidRequestError if it has ended or was stopped already.",
        )],
    },
];

/// A field of the schema that a method does not expose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexposed {
    /// The Python method.
    pub method: &'static str,
    /// The field's name on the wire.
    pub field: String,
}

/// Fields of the schema that the methods with keywords leave out; an error where a row names what is not there.
pub(super) fn unexposed(model: &Model) -> Result<Vec<Unexposed>, TypegenError> {
    let mut found = Vec::new();
    for exposed in EXPOSED {
        exposed.says_its_results()?;
        let arguments = exposed.arguments.iter().map(|argument| argument.wire);
        let named: Vec<&str> = exposed.fields(model).chain(arguments).collect();
        for wire in &named {
            exposed.field(model, wire)?;
        }
        if exposed.keywords.is_empty() {
            continue;
        }
        let (_, fields) = exposed.params(model)?;
        for face in exposed.faces {
            let rest = fields.iter().filter(|field| !named.contains(&field.wire.as_str()));
            found.extend(rest.map(|field| Unexposed { method: face.name, field: field.wire.clone() }));
        }
    }
    Ok(found)
}

impl Exposed {
    /// The fields that are keywords.
    fn fields(&self, model: &Model) -> impl Iterator<Item = &'static str> {
        self.words(model).filter(|word| !word.starts_with(PRESET))
    }

    /// The words of `keywords` in order, presets included, as far as the schema has them.
    pub(super) fn words(&self, model: &Model) -> impl Iterator<Item = &'static str> {
        self.keywords.split_whitespace().filter_map(|word| match word.strip_prefix(NEWER) {
            Some(newer) => self.field(model, newer).is_ok().then_some(newer),
            None => Some(word),
        })
    }

    pub(super) fn response<'a>(&self, model: &'a Model) -> Result<&'a str, TypegenError> {
        self.method(model)?.response.as_deref().ok_or_else(|| self.vanished(self.method))
    }

    /// The class of the parameters, and its fields.
    pub(super) fn params<'a>(&self, model: &'a Model) -> Result<(&'a str, &'a [Field]), TypegenError> {
        let params = self.method(model)?.params.as_deref().unwrap_or(self.method);
        match model.classes.get_key_value(params) {
            Some((name, Class { body: Body::Model { fields, .. }, .. })) => Ok((name, fields)),
            _ => Err(self.vanished(params)),
        }
    }

    pub(super) fn field<'a>(&self, model: &'a Model, wire: &str) -> Result<&'a Field, TypegenError> {
        let (params, fields) = self.params(model)?;
        fields.iter().find(|field| field.wire == wire).ok_or_else(|| self.vanished(&format!("{params}.{wire}")))
    }

    fn method<'a>(&self, model: &'a Model) -> Result<&'a Method, TypegenError> {
        let found = model.client_methods.iter().find(|method| method.name == self.method);
        found.ok_or_else(|| TypegenError::NoRequest { method: self.first_face(), protocol_method: self.method })
    }

    fn vanished(&self, missing: &str) -> TypegenError {
        TypegenError::Vanished { method: self.first_face(), missing: missing.to_owned(), protocol_method: self.method }
    }

    fn first_face(&self) -> &'static str {
        self.faces.first().map_or(self.client.0, |face| face.name)
    }

    /// A docstring with `Args:` has a `Returns:`, so a face of a row with keywords says what it returns.
    fn says_its_results(&self) -> Result<(), TypegenError> {
        let silent = self.faces.iter().find(|face| !self.keywords.is_empty() && face.result.is_empty());
        silent.map_or(Ok(()), |face| Err(TypegenError::NoResult { method: face.name, protocol_method: self.method }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;

    const ROW: Exposed = Exposed {
        method: "thread/none",
        client: ("thread_none", "what no runtime has."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(Owner::Thread, "none", Gives::Response, "What no runtime has.")],
    };

    #[test]
    fn a_row_that_says_too_little_or_too_much_is_refused_with_a_way_out() {
        let failure = Failure::from(ROW.method(&Model::default()).err().unwrap()).render();
        assert!(failure.contains("`thread/none`, which this runtime does not have"), "{failure}");
        assert!(
            failure.contains("the runtime that the SDK is pinned to") && !failure.contains("keywords"),
            "{failure}"
        );
        assert!(ROW.says_its_results().is_ok());
        let failure = Failure::from(Exposed { keywords: "cwd", ..ROW }.says_its_results().unwrap_err()).render();
        assert!(failure.contains("`thread/none` gives its method `none` keywords"), "{failure}");
        assert!(failure.contains("with a `result`"), "{failure}");
    }
}
