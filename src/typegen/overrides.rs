//! What the schema does not say and the SDK must know: names, known values and results, each by the schema's own name.

/// Strings whose values an earlier runtime listed and a later one left open: still enums, open ones.
const OPEN_VALUES: &[(&str, &[&str])] = &[
    ("ReasoningEffort", &["none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"]),
    ("ThreadSource", &["user", "subagent", "memory_consolidation"]),
];

/// Enums that other SDKs of the protocol have as a union, since the schema writes them as one: they can be made in either way.
const UNIONS_ELSEWHERE: &[&str] = &["ReasoningSummary"];

/// Enums that `v2_all` defines itself: programs that look for the one definition of the plan names look for it there.
const FACADE_ENUMS: &[&str] = &["PlanType"];

/// Class names of variants whose own would collide, by union and tag.
const CLASS_NAMES: &[(&str, &str)] =
    &[("McpServerElicitationRequestParams openai/form", "OpenaiSlashFormMcpServerElicitationRequestParams")];

/// Results of methods whose name does not give them away.
const RESPONSES: &[(&str, &str)] = &[
    ("account/gatewayOAuth/cancel", "GatewayOAuthCancelResponse"),
    ("account/gatewayOAuth/login", "GatewayOAuthLoginResponse"),
    ("account/gatewayOAuth/read", "GatewayOAuthReadResponse"),
    ("account/logout", "LogoutAccountResponse"),
    ("account/rateLimits/read", "GetAccountRateLimitsResponse"),
    ("account/usage/read", "GetAccountTokenUsageResponse"),
    ("account/workspaceMessages/read", "GetWorkspaceMessagesResponse"),
    ("config/batchWrite", "ConfigWriteResponse"),
    ("config/mcpServer/reload", "McpServerRefreshResponse"),
    ("config/value/write", "ConfigWriteResponse"),
    ("externalAgentConfig/import/readHistories", "ExternalAgentConfigImportHistoriesReadResponse"),
];

/// The known values of a definition that the schema leaves open.
pub(super) fn open_values(definition: &str) -> Option<&'static [&'static str]> {
    find(OPEN_VALUES, definition)
}

/// Whether programs for other SDKs make an enum as they make a union.
pub(super) fn is_union_elsewhere(definition: &str) -> bool {
    UNIONS_ELSEWHERE.contains(&definition)
}

/// The enums that the facade defines itself.
pub(super) fn facade_enums() -> &'static [&'static str] {
    FACADE_ENUMS
}

/// The class name of a union's variant.
pub(super) fn class_name(union: &str, tag: &str) -> Option<&'static str> {
    find(CLASS_NAMES, &format!("{union} {tag}"))
}

/// The definition of a method's result.
pub(super) fn response(method: &str) -> Option<&'static str> {
    find(RESPONSES, method)
}

fn find<T: Copy>(table: &[(&str, T)], key: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
}
