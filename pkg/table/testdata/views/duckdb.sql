INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;
-- Keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws, SSO or a role, as for the AWS tools.
CREATE OR REPLACE SECRET ams (TYPE s3, PROVIDER credential_chain, SCOPE 's3://traces/team/ams', REGION 'us-east-1', ENDPOINT 's3.example.com:9000', URL_STYLE 'path', USE_SSL true);
-- Days are UTC, as in ams-assemble report.
SET TimeZone = 'UTC';

CREATE OR REPLACE VIEW session_parts AS
SELECT * FROM read_parquet('s3://traces/team/ams/tables/sessions/*/*.parquet',
  hive_partitioning = true, hive_types = {'dt': DATE}, union_by_name = true);

CREATE OR REPLACE VIEW event_parts AS
SELECT * FROM read_parquet('s3://traces/team/ams/tables/events/*/*.parquet',
  hive_partitioning = true, hive_types = {'dt': DATE}, union_by_name = true);

CREATE OR REPLACE VIEW sessions AS
SELECT * EXCLUDE (deleted) FROM (
  SELECT * FROM session_parts
  QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY rev DESC, part DESC) = 1
)
WHERE NOT coalesce(deleted, false);

CREATE OR REPLACE VIEW events AS
SELECT e.* FROM event_parts AS e SEMI JOIN sessions AS s ON e.session_id = s.session_id AND e.part = s.part;

CREATE OR REPLACE VIEW llm_calls AS
SELECT session_id, dt, seq, event_id, parent_id, turn, agent_id, agent_type, warm_up, provisional, prompt_id,
  prompt_source, status, error_type, start_time, end_time, duration_ms, model, stop_reason, input_tokens,
  output_tokens, cache_read_input_tokens, cache_creation_input_tokens, cache_creation_1h_tokens, unknown_tokens,
  thinking_tokens, cost_usd, retries, retry_ms, web_search_requests, cache_rewrite_tokens, cache_rewrite_reason,
  cache_rewrite_cost_usd, message_id, request_id, text, text_bytes, thinking, thinking_bytes
FROM events
WHERE type = 'llm_message';

CREATE OR REPLACE VIEW tool_calls AS
SELECT session_id, dt, seq, event_id, parent_id, turn, agent_id, agent_type, warm_up, provisional, prompt_id,
  prompt_source, status, error_type, start_time, end_time, duration_ms, tool, outcome, is_error, execution_ms,
  approval_ms, permission, permission_source, mcp_server, skill, file, lines_added, lines_removed, tool_use_id,
  llm_event_id, input, input_bytes, text, text_bytes
FROM events
WHERE type = 'tool_call';

CREATE OR REPLACE VIEW subagents AS
SELECT session_id, dt, seq, event_id, parent_id, turn, agent_id, agent_type, warm_up, provisional, prompt_id,
  prompt_source, status, error_type, start_time, end_time, duration_ms, description, parent_agent_id, depth,
  background, llm_calls, tool_calls, input_tokens, output_tokens, cache_read_input_tokens,
  cache_creation_input_tokens, cache_creation_1h_tokens, unknown_tokens, cost_usd, input, input_bytes, text,
  text_bytes
FROM events
WHERE type = 'subagent';
