"""Signing in to an MCP server that wants it, from the address to the end."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from codex_app_server import (
    AppServerError,
    AsyncMcpServerLoginHandle,
    McpServerLoginHandle,
    TransportClosedError,
)
from codex_app_server.types import McpServerOauthLoginCompletedNotification
from harness import Twin
from harness.oauth_server import OauthServer, visit
from harness.runtime import OlderRuntimes

pytestmark = pytest.mark.slow


@pytest.fixture
def oauth() -> Iterator[OauthServer]:
    """A server that wants a sign-in."""
    with OauthServer() as server:
        yield server


def overrides(server: OauthServer) -> tuple[str, ...]:
    """The configuration of the server under the name `web`; no keyring of the machine is asked."""
    return (
        f"mcp_servers.web.url={json.dumps(server.url)}",
        'mcp_oauth_credentials_store="file"',
    )


def test_a_sign_in_is_waited_for(twin: Twin, oauth: OauthServer) -> None:
    with twin.codex(config_overrides=overrides(oauth)) as codex:
        handle = twin.wait(codex.login_mcp_server("web", scopes=["read"], timeout_secs=60))
        kind = McpServerLoginHandle if twin.kind == "sync" else AsyncMcpServerLoginHandle
        assert isinstance(handle, kind)
        assert handle.name == "web"
        assert handle.authorization_url.startswith(f"{oauth.root}/authorize?")
        assert "scope=read" in handle.authorization_url
        with pytest.raises(TimeoutError, match="did not end within") as caught:
            twin.wait(handle.wait(timeout=0.1))
        assert isinstance(caught.value, AppServerError)
        assert visit(handle.authorization_url) == 200
        ended = twin.wait(handle.wait(timeout=20))
        assert isinstance(ended, McpServerOauthLoginCompletedNotification)
        assert (ended.name, ended.success, ended.error) == ("web", True, None)
        assert ended.login_id == handle.login_id
        assert twin.wait(handle.wait()) is ended
        assert "/token" in oauth.requests


def test_a_refused_and_a_late_sign_in_have_not_succeeded(twin: Twin, oauth: OauthServer) -> None:
    with twin.codex(config_overrides=overrides(oauth)) as codex:
        handle = twin.wait(codex.login_mcp_server("web", timeout_secs=60))
        late = twin.wait(codex.login_mcp_server("web", timeout_secs=1))
        visit(handle.authorization_url, error="access_denied")
        refused = twin.wait(handle.wait(timeout=20))
        assert not refused.success
        assert "access_denied" in refused.error
        ended = twin.wait(late.wait(timeout=20))
        assert not ended.success
        assert "timed out" in ended.error
        assert (refused.login_id, ended.login_id) == (handle.login_id, late.login_id)


def test_an_end_that_came_before_the_wait_counts(twin: Twin, oauth: OauthServer) -> None:
    with twin.codex(config_overrides=overrides(oauth)) as codex:
        heard = twin.events(codex.notifications())
        handle = twin.wait(codex.login_mcp_server("web", timeout_secs=60))
        visit(handle.authorization_url)
        for event in heard:
            if isinstance(event.payload, McpServerOauthLoginCompletedNotification):
                break
        assert twin.wait(handle.wait(timeout=5)).success


def test_a_wait_ends_with_the_client(twin: Twin, oauth: OauthServer) -> None:
    with twin.codex(config_overrides=overrides(oauth)) as codex:
        handle = twin.wait(codex.login_mcp_server("web", timeout_secs=60))
    with pytest.raises(TransportClosedError):
        twin.wait(handle.wait())


@pytest.mark.parametrize("version", ["0.133.0", "0.154.0"])
def test_an_older_runtime_names_the_server_alone(
    version: str, twin: Twin, oauth: OauthServer, older_runtimes: OlderRuntimes
) -> None:
    settings = older_runtimes.settings(version, twin.world.home)
    with twin.codex(config_overrides=overrides(oauth), **settings) as codex:
        refused = twin.wait(codex.login_mcp_server("web", timeout_secs=60))
        visit(refused.authorization_url, error="access_denied")
        assert refused.login_id is None
        assert not twin.wait(refused.wait(timeout=20)).success
        # The end of the first must not be taken for that of the second.
        again = twin.wait(codex.login_mcp_server("web", timeout_secs=60))
        visit(again.authorization_url)
        assert twin.wait(again.wait(timeout=20)).success
        assert not twin.wait(refused.wait()).success
