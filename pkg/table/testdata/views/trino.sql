-- In a catalog of the connector hive, here by the name hive; its file takes the keys from the environment or a role, and has
--   fs.native-s3.enabled=true
--   s3.endpoint=https://s3.example.com:9000
--   s3.path-style-access=true
--   s3.region=us-east-1
CREATE SCHEMA IF NOT EXISTS hive.ams;
USE hive.ams;

CREATE TABLE IF NOT EXISTS session_parts (
  "session_id" varchar, "part" varchar, "rev" bigint, "deleted" boolean, "name" varchar, "index_etag" varchar,
  "record" varchar, "events" bigint, "schema_version" varchar, "trace_id" varchar, "agent_name" varchar,
  "agent_version" varchar, "environment" varchar, "tags" array(varchar), "metadata" map(varchar, varchar),
  "start_time" timestamp(3), "end_time" timestamp(3), "duration_ms" bigint, "active_ms" bigint, "status" varchar,
  "outcome" varchar, "input_tokens" bigint, "output_tokens" bigint, "cache_read_input_tokens" bigint,
  "cache_creation_input_tokens" bigint, "unknown_tokens" array(varchar), "peak_context" bigint,
  "cost_usd" decimal(18,10), "cost_source" varchar, "unassigned_usd" decimal(18,10), "llm_calls" bigint,
  "tool_calls" bigint, "subagents" bigint, "errors" bigint, "compactions" bigint, "title" varchar,
  "first_prompt" varchar, "cwd" varchar, "project" varchar, "repo" varchar, "git_branch" varchar,
  "user_name" varchar, "host" varchar, "client_version" varchar, "parent_session_id" varchar,
  "main_agent" varchar, "models" array(varchar), "tools" map(varchar, bigint),
  "tool_errors" map(varchar, bigint), "skills" map(varchar, bigint), "files" map(varchar, bigint),
  "signals" map(varchar, bigint), "agents" map(varchar, bigint), "agent_cost_usd" map(varchar, decimal(18,10)),
  "model_calls" map(varchar, bigint), "model_cost_usd" map(varchar, decimal(18,10)),
  "day_cost_usd" map(varchar, decimal(18,10)), "approvals" bigint, "approval_ms" bigint, "cache_rewrites" bigint,
  "cache_rewrite_tokens" bigint, "cache_rewrite_cost_usd" decimal(18,10), "retries" bigint, "retry_ms" bigint,
  "cut" array(varchar),
  dt varchar WITH (partition_projection_type = 'DATE', partition_projection_format = 'yyyy-MM-dd',
    partition_projection_range = ARRAY['2024-01-01', 'NOW+1DAYS'], partition_projection_interval = 1, partition_projection_interval_unit = 'DAYS')
)
WITH (external_location = 's3://traces/team/ams/tables/sessions/', format = 'PARQUET', partitioned_by = ARRAY['dt'], partition_projection_enabled = true);

CREATE TABLE IF NOT EXISTS event_parts (
  "session_id" varchar, "part" varchar, "seq" bigint, "event_id" varchar, "parent_id" varchar, "type" varchar,
  "name" varchar, "status" varchar, "agent_id" varchar, "agent_type" varchar, "turn" bigint, "prompt_id" varchar,
  "prompt_source" varchar, "provisional" boolean, "warm_up" boolean, "start_time" timestamp(3),
  "end_time" timestamp(3), "duration_ms" bigint, "model" varchar, "stop_reason" varchar, "message_id" varchar,
  "request_id" varchar, "input_tokens" bigint, "output_tokens" bigint, "cache_read_input_tokens" bigint,
  "cache_creation_input_tokens" bigint, "cache_creation_1h_tokens" bigint, "unknown_tokens" array(varchar),
  "thinking_tokens" bigint, "cost_usd" decimal(18,10), "retries" bigint, "retry_ms" bigint,
  "web_search_requests" bigint, "cache_rewrite_tokens" bigint, "cache_rewrite_reason" varchar,
  "cache_rewrite_cost_usd" decimal(18,10), "tool" varchar, "tool_use_id" varchar, "llm_event_id" varchar,
  "outcome" varchar, "is_error" boolean, "execution_ms" bigint, "approval_ms" bigint, "permission" varchar,
  "permission_source" varchar, "mcp_server" varchar, "skill" varchar, "file" varchar, "lines_added" bigint,
  "lines_removed" bigint, "description" varchar, "parent_agent_id" varchar, "depth" bigint, "background" boolean,
  "llm_calls" bigint, "tool_calls" bigint, "trigger" varchar, "tokens_before" bigint, "tokens_after" bigint,
  "error_type" varchar, "text" varchar, "text_bytes" bigint, "input" varchar, "input_bytes" bigint,
  "thinking" varchar, "thinking_bytes" bigint,
  dt varchar WITH (partition_projection_type = 'DATE', partition_projection_format = 'yyyy-MM-dd',
    partition_projection_range = ARRAY['2024-01-01', 'NOW+1DAYS'], partition_projection_interval = 1, partition_projection_interval_unit = 'DAYS')
)
WITH (external_location = 's3://traces/team/ams/tables/events/', format = 'PARQUET', partitioned_by = ARRAY['dt'], partition_projection_enabled = true);

CREATE OR REPLACE VIEW sessions AS
SELECT CAST(e.dt AS date) AS "dt", e."session_id", e."part", e."rev", e."name", e."index_etag", e."record",
  e."events", e."schema_version", e."trace_id", e."agent_name", e."agent_version", e."environment", e."tags",
  e."metadata", e."start_time", e."end_time", e."duration_ms", e."active_ms", e."status", e."outcome",
  e."input_tokens", e."output_tokens", e."cache_read_input_tokens", e."cache_creation_input_tokens",
  e."unknown_tokens", e."peak_context", e."cost_usd", e."cost_source", e."unassigned_usd", e."llm_calls",
  e."tool_calls", e."subagents", e."errors", e."compactions", e."title", e."first_prompt", e."cwd", e."project",
  e."repo", e."git_branch", e."user_name", e."host", e."client_version", e."parent_session_id", e."main_agent",
  e."models", e."tools", e."tool_errors", e."skills", e."files", e."signals", e."agents", e."agent_cost_usd",
  e."model_calls", e."model_cost_usd", e."day_cost_usd", e."approvals", e."approval_ms", e."cache_rewrites",
  e."cache_rewrite_tokens", e."cache_rewrite_cost_usd", e."retries", e."retry_ms", e."cut"
FROM (
  SELECT *, row_number() OVER (PARTITION BY session_id ORDER BY rev DESC, part DESC) AS newest FROM session_parts
) e
WHERE newest = 1 AND NOT coalesce(deleted, false);

CREATE OR REPLACE VIEW events AS
SELECT CAST(e.dt AS date) AS "dt", e."session_id", e."part", e."seq", e."event_id", e."parent_id", e."type", e."name",
  e."status", e."agent_id", e."agent_type", e."turn", e."prompt_id", e."prompt_source", e."provisional",
  e."warm_up", e."start_time", e."end_time", e."duration_ms", e."model", e."stop_reason", e."message_id",
  e."request_id", e."input_tokens", e."output_tokens", e."cache_read_input_tokens",
  e."cache_creation_input_tokens", e."cache_creation_1h_tokens", e."unknown_tokens", e."thinking_tokens",
  e."cost_usd", e."retries", e."retry_ms", e."web_search_requests", e."cache_rewrite_tokens",
  e."cache_rewrite_reason", e."cache_rewrite_cost_usd", e."tool", e."tool_use_id", e."llm_event_id", e."outcome",
  e."is_error", e."execution_ms", e."approval_ms", e."permission", e."permission_source", e."mcp_server",
  e."skill", e."file", e."lines_added", e."lines_removed", e."description", e."parent_agent_id", e."depth",
  e."background", e."llm_calls", e."tool_calls", e."trigger", e."tokens_before", e."tokens_after",
  e."error_type", e."text", e."text_bytes", e."input", e."input_bytes", e."thinking", e."thinking_bytes"
FROM event_parts e JOIN sessions s ON e.session_id = s.session_id AND e.part = s.part;

CREATE OR REPLACE VIEW llm_calls AS
SELECT "session_id", "dt", "seq", "event_id", "parent_id", "turn", "agent_id", "agent_type", "warm_up", "provisional",
  "prompt_id", "prompt_source", "status", "error_type", "start_time", "end_time", "duration_ms", "model",
  "stop_reason", "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
  "cache_creation_1h_tokens", "unknown_tokens", "thinking_tokens", "cost_usd", "retries", "retry_ms",
  "web_search_requests", "cache_rewrite_tokens", "cache_rewrite_reason", "cache_rewrite_cost_usd", "message_id",
  "request_id", "text", "text_bytes", "thinking", "thinking_bytes"
FROM events
WHERE "type" = 'llm_message';

CREATE OR REPLACE VIEW tool_calls AS
SELECT "session_id", "dt", "seq", "event_id", "parent_id", "turn", "agent_id", "agent_type", "warm_up", "provisional",
  "prompt_id", "prompt_source", "status", "error_type", "start_time", "end_time", "duration_ms", "tool",
  "outcome", "is_error", "execution_ms", "approval_ms", "permission", "permission_source", "mcp_server", "skill",
  "file", "lines_added", "lines_removed", "tool_use_id", "llm_event_id", "input", "input_bytes", "text",
  "text_bytes"
FROM events
WHERE "type" = 'tool_call';

CREATE OR REPLACE VIEW subagents AS
SELECT "session_id", "dt", "seq", "event_id", "parent_id", "turn", "agent_id", "agent_type", "warm_up", "provisional",
  "prompt_id", "prompt_source", "status", "error_type", "start_time", "end_time", "duration_ms", "description",
  "parent_agent_id", "depth", "background", "llm_calls", "tool_calls", "input_tokens", "output_tokens",
  "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation_1h_tokens", "unknown_tokens",
  "cost_usd", "input", "input_bytes", "text", "text_bytes"
FROM events
WHERE "type" = 'subagent';
