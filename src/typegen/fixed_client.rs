//! What the protocol clients do beside their requests, for both twins at once: any request, notifications one by one, and what
//! is made of them. The marks are those of `fixed_methods`.

use super::fixed_methods::Fixed;

pub(super) const OF_CLIENT: Fixed = Fixed {
    uses: &[
        "AccountLoginCompletedNotification",
        "AgentMessageDeltaNotification",
        "GetAccountParams",
        "GetAccountResponse",
        "LoginAccountParams",
        "LoginAccountResponse",
        "ThreadGoalSetResponse",
        "TurnCompletedNotification",
        "TurnStartParams",
    ],
    start: "self.bind_loop()",
    text: r#"
    DEF account_read(
        self,
        params: GetAccountParams | JsonObject | bool | None = None,
        *,
        refresh_token: bool = False,
    ) -> GetAccountResponse:
        """`account/read`: who is signed in; a flag alone is `refresh_token`."""
        IMPORT GetAccountResponse
        given = {"refreshToken": params} if isinstance(params, bool) else params_dict(params)
        body: dict[str, object] = {"refreshToken": refresh_token, **given}
        return WAIT self.request("account/read", body, response_model=GetAccountResponse)

    DEF account_login_start(
        self,
        params: LoginAccountParams | JsonObject,
    ) -> LoginAccountResponse:
        """`account/login/start`: begin to sign in, in the way that `params` says."""
        IMPORT LoginAccountResponse
        method = "account/login/start"
        return WAIT self.request(method, params, response_model=LoginAccountResponse)

    DEF thread_goal_set(
        self, thread_id: str, *, objective: str | None = None, status: str | None = None
    ) -> ThreadGoalSetResponse:
        """`thread/goal/set`: give a thread a goal, or change its goal."""
        IMPORT ThreadGoalSetParams
        params = build_params(
            ThreadGoalSetParams, thread_id=thread_id, objective=objective, status=status
        )
        return WAIT self.thread_goal_update(thread_id, params)

    DEF pause_goal(self, thread_id: str) -> ThreadGoalSetResponse:
        """`thread/goal/set`: let a thread's goal rest."""
        return WAIT self.thread_goal_set(thread_id, status="paused")

    # -- any method -----------------------------------------------------------------------------

    DEF request(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None,
        *,
        response_model: type[ModelT],
    ) -> ModelT:
        """Call a method and give its response as `response_model`."""
        check_model("response_model", response_model)
        return decode_response(method, WAIT self._request_raw(method, params), response_model)

    DEF _request_raw(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> object:
        START
        call = self._core.submit(method, params)
        with self._core.awaiting(call, timeout) as deadline:
            return value_of(WAIT receiveLATER(call.reply, deadline))

    DEF request_with_retry_on_overload(
        self,
        method: str,
        params: BaseModel | Mapping[str, object] | None,
        *,
        response_model: type[ModelT],
        max_attempts: int = 3,
        initial_delay_s: float = 0.25,
        max_delay_s: float = 2.0,
    ) -> ModelT:
        """`request`, repeated while the server is overloaded."""
        return WAIT retry_on_overloadLATER(
            lambda: self.request(method, params, response_model=response_model),
            max_attempts=max_attempts,
            initial_delay_s=initial_delay_s,
            max_delay_s=max_delay_s,
        )

    DEF notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        """Send a notification."""
        START
        self._core.live().notify(method, params)

    # -- notifications --------------------------------------------------------------------------

    DEF wait_for_login_completed(self, login_id: str) -> AccountLoginCompletedNotification:
        """The end of a sign-in, which may have come already."""
        IMPORT AccountLoginCompletedNotification
        event = WAIT self._login_event(login_id)
        return decode_response(event.method, event.params, AccountLoginCompletedNotification)

    DEF next_login_notification(self, login_id: str) -> Notification:
        """The notification that a sign-in ended, which may have come already."""
        return decode_notification(*WAIT self._login_event(login_id))

    DEF _login_event(self, login_id: str) -> RawNotification:
        START
        with self._core.login_box((LOGIN_COMPLETED, login_id)) as box:
            return WAIT receiveLATER(box)

    DEF next_notification(self) -> Notification:
        """The next notification that belongs to no turn; the oldest are dropped beyond a bound."""
        return WAIT self._next(self._core.live().router.unrouted)

    DEF next_turn_notification(self, turn_id: str) -> Notification:
        """The next notification of a turn."""
        return WAIT self._next(self._core.follow(turn_id))

    DEF wait_for_turn_completed(self, turn_id: str) -> TurnCompletedNotification:
        """The turn's last notification; those before it are dropped."""
        with self._registered(turn_id):
            while (last := completion(WAIT self.next_turn_notification(turn_id))) is None:
                pass
        return last

    DEF stream_text(
        self,
        thread_id: str,
        text: str,
        params: TurnStartParams | JsonObject | None = None,
    ) -> ASYNCIterator[AgentMessageDeltaNotification]:
        """Run a turn and give the pieces of its messages as they come."""
        IMPORT AgentMessageDeltaNotification
        started = WAIT self.turn_start(thread_id, text, params=params)
        turn_id = started.turn.id
        with self._registered(turn_id):
            method = None
            while method != TURN_COMPLETED:
                notification = WAIT self.next_turn_notification(turn_id)
                method = notification.method
                if isinstance(notification.payload, AgentMessageDeltaNotification):
                    yield notification.payload

    DEF _next(self, box: TurnBox) -> Notification:
        START
        return decode_notification(*WAIT receiveLATER(box))
"#,
};
