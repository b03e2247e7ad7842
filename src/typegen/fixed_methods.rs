//! Methods that are no row, since they are more than one request or none of the schema's, and yet differ between the twins
//! in nothing but `await`: each stands once, as a text with marks.
//!
//! `DEF` becomes `def` or `async def`, `WAIT ` nothing or `await `, `ASYNC` the prefix of async classes, `LATER` nothing or
//! `_async`, which ends the names of what waits in an event loop, `OWNER` what objects are given as their owner, `ROOT` the
//! import package; a line `START` is what an async client does before it is used, and `IMPORT X` the import of a model.

use std::fmt::Write as _;

use super::signatures::Owner;
use super::twins::{Twin, Writer};

/// The fixed methods of a class.
pub(super) struct Fixed {
    pub(super) text: &'static str,
    /// The names of the protocol in their annotations.
    pub(super) uses: &'static [&'static str],
    /// What an async client does before it is used.
    pub(super) start: &'static str,
}

/// Starts the client unless it runs.
const START: &str = "await self._ensure_initialized()";

/// Those of a public class, if it has any.
pub(super) fn of_owner(owner: Owner) -> Option<&'static Fixed> {
    match owner {
        Owner::Codex => Some(&OF_CODEX),
        Owner::Thread => Some(&OF_THREAD),
        Owner::TurnHandle => None,
    }
}

impl Writer<'_> {
    /// Writes the fixed methods of a class.
    pub(super) fn fixed(&mut self, owner: &str, twin: Twin, fixed: &Fixed) {
        self.uses.extend(fixed.uses.iter().map(|&name| name.to_owned()));
        for line in fixed.text.lines() {
            match line.trim_start().split_once(' ') {
                Some(("IMPORT", class)) => self.import(class),
                None if line.trim_start() == "START" => {
                    if twin == Twin::Async {
                        let _ = writeln!(self.text, "        {}", fixed.start);
                    }
                }
                _ => {
                    let written = line
                        .replace("DEF ", &format!("{} ", twin.definition()))
                        .replace("WAIT ", twin.wait())
                        .replace("ASYNC", twin.prefix())
                        .replace("LATER", if twin == Twin::Async { "_async" } else { "" })
                        .replace("OWNER", owner)
                        .replace("ROOT", self.module);
                    self.text.push_str(&written);
                    self.text.push('\n');
                }
            }
        }
    }
}

const OF_CODEX: Fixed = Fixed {
    uses: &[],
    start: START,
    text: r#"
    @property
    def stderr_tail(self) -> str:
        """The last lines that the server wrote to standard error; empty before it is started."""
        return self._client.stderr_tail

    def _handlers(self) -> tuple[Handlers, str | None]:
        return self._client._core.handlers, None

    @overload
    DEF request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: None = None,
        timeout: float | None = None,
    ) -> JsonValue: ...

    @overload
    DEF request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: type[ModelT],
        timeout: float | None = None,
    ) -> ModelT: ...

    DEF request(
        self,
        method: str,
        params: Mapping[str, object] | BaseModel | None = None,
        *,
        model: type[BaseModel] | None = None,
        timeout: float | None = None,
    ) -> object:
        """Send any request of the protocol, and give its result as JSON or as a `model`.

        `timeout` replaces the configuration's `request_timeout_s`.
        """
        if model is not None:
            check_model("model", model)
        START
        result = WAIT self._client._request_raw(method, params, timeout)
        if model is None:
            return result
        return decode_response(method, result, model)

    def notifications(self) -> ASYNCIterator[Notification]:
        """Every notification of the connection from this call on, beside the streams of turns.

        It ends when the client is closed. A consumer that is too slow loses the oldest;
        the logger `ROOT` warns of it.
        """
        return ASYNCNotifications(OWNER)

    DEF login_api_key(self, api_key: str) -> None:
        """Sign in with an API key; returns when the runtime has stored it."""
        params: JsonObject = {"type": "apiKey", "apiKey": checked_key(api_key)}
        START
        WAIT self._client.account_login_start(params)

    DEF login_chatgpt(self) -> ASYNCChatgptLoginHandle:
        """Begin to sign in by browser: open `auth_url` of the handle, then `wait`."""
        from ROOT._login_handles import ASYNCChatgptLoginHandle, told

        START
        answer = WAIT self._client.account_login_start({"type": "chatgpt"})
        return ASYNCChatgptLoginHandle(OWNER, *told(answer, "login_id", "auth_url"))

    DEF login_chatgpt_device_code(self) -> ASYNCDeviceCodeLoginHandle:
        """Begin to sign in by a code that the user types on any device, then `wait`."""
        from ROOT._login_handles import ASYNCDeviceCodeLoginHandle, told

        START
        answer = WAIT self._client.account_login_start({"type": "chatgptDeviceCode"})
        words = told(answer, "login_id", "verification_url", "user_code")
        return ASYNCDeviceCodeLoginHandle(OWNER, *words)
"#,
};

const OF_THREAD: Fixed = Fixed {
    uses: &["ThreadGoalSetResponse"],
    start: START,
    text: r#"
    DEF pause_goal(self) -> ThreadGoalSetResponse:
        """Let the goal rest: the runtime starts no further turn towards it."""
        return WAIT self.set_goal(status="paused")

    DEF resume_goal(self) -> ThreadGoalSetResponse:
        """Go on with a goal that rests."""
        return WAIT self.set_goal(status="active")
"#,
};
