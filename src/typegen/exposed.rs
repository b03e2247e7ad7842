//! The requests that the SDK spells out as methods: one row each. A change here is a change of the SDK's surface, which
//! `relkit generate-types` writes and `docs/decisions/sdk-twins.md` explains.

use super::error::TypegenError;
use super::model::Model;
use super::signatures::{BY_HAND, Exposed, Face, Gives, INPUT_ITEMS, Owner, THREAD_ID, argument, face, switch};

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
        faces: &[
            Face {
                owner: Owner::Codex,
                name: "thread_list",
                gives: Gives::Response,
                summary: "List stored threads, one page at a time.",
                result: "One page of threads and the cursor of the next.",
            },
            Face {
                owner: Owner::Codex,
                name: "iter_threads",
                gives: Gives::Pages,
                summary: "Every stored thread that `thread_list` would give, none twice, page after page.",
                result: "An iterator, which asks for a page when it is needed.",
            },
        ],
    },
    Exposed {
        method: "thread/resume",
        client: ("thread_resume", "load a thread of an earlier process."),
        arguments: &[THREAD_ID],
        keywords: "approvalPolicy approvalsReviewer baseInstructions config cwd developerInstructions model \
            modelProvider personality sandbox serviceTier +approval_mode ?excludeTurns \
            +additional_directories +network_access +web_search +tools",
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
            +additional_directories +network_access +web_search +tools",
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
        client: ("account_read", BY_HAND),
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
        faces: &[face(Owner::Codex, "logout", Gives::Nothing, "Sign out; the runtime forgets what it had stored.")],
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
        method: "thread/goal/set",
        client: ("thread_goal_update", "give a thread a goal, or change its goal."),
        arguments: &[THREAD_ID],
        keywords: "^objective status tokenBudget",
        faces: &[Face {
            owner: Owner::Thread,
            name: "set_goal",
            gives: Gives::Response,
            summary: "Give the thread a goal, which it then works towards, or change its goal.",
            result: "The goal as it is now.",
        }],
    },
    Exposed {
        method: "thread/goal/clear",
        client: ("thread_goal_clear", "forget the goal of a thread."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(Owner::Thread, "clear_goal", Gives::Response, "Forget the thread's goal.")],
    },
    Exposed {
        method: "mcpServerStatus/list",
        client: ("mcp_server_status_list", "one page of the MCP servers."),
        arguments: &[],
        keywords: "cursor detail limit ?serverName ?threadId",
        faces: &[Face {
            owner: Owner::Codex,
            name: "mcp_servers",
            gives: Gives::Response,
            summary: "List the configured MCP servers with their tools, one page at a time.",
            result: "One page of servers and the cursor of the next.",
        }],
    },
    Exposed {
        method: "config/mcpServer/reload",
        client: ("mcp_server_reload", "read the configuration of MCP servers again."),
        arguments: &[],
        keywords: "",
        faces: &[face(
            Owner::Codex,
            "reload_mcp_servers",
            Gives::Response,
            "Read the configuration of MCP servers again and start them anew.",
        )],
    },
    Exposed {
        method: "mcpServer/oauth/login",
        client: ("mcp_server_oauth_login", "begin to sign in to an MCP server."),
        arguments: &[argument("name", "str", "name")],
        keywords: "scopes timeoutSecs ?threadId",
        faces: &[Face {
            owner: Owner::Codex,
            name: "login_mcp_server",
            gives: Gives::LoginHandle,
            summary: "Begin to sign in to an MCP server: open `authorization_url` of the handle, then `wait`.",
            result: "A handle with the address to open, which waits for the end of the sign-in.",
        }],
    },
    Exposed {
        method: "mcpServer/resource/read",
        client: ("mcp_resource_read", "a resource of an MCP server."),
        arguments: &[argument("server", "str", "server"), argument("uri", "str", "uri")],
        keywords: "threadId",
        faces: &[Face {
            owner: Owner::Codex,
            name: "read_mcp_resource",
            gives: Gives::Response,
            summary: "Read a resource of an MCP server.",
            result: "What the resource holds.",
        }],
    },
    Exposed {
        method: "mcpServer/tool/call",
        client: ("mcp_server_tool_call", "call a tool of an MCP server."),
        arguments: &[THREAD_ID, argument("server", "str", "server"), argument("tool", "str", "tool")],
        keywords: "^arguments",
        faces: &[Face {
            owner: Owner::Thread,
            name: "call_mcp_tool",
            gives: Gives::Response,
            summary: "Call a tool of one of the thread's MCP servers, without the model.",
            result: "What the tool gave; `is_error` says whether it failed.",
        }],
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
pub(crate) struct Unexposed {
    /// The Python method.
    pub(crate) method: &'static str,
    /// The field's name on the wire.
    pub(crate) field: String,
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
