-- For clickhouse local and chdb: a server reads no file outside of its user_files_path.

CREATE OR REPLACE VIEW session_parts AS
SELECT * FROM file('/home/dev/.local/share/ams/tables/sessions/*/*.parquet', 'Parquet', 'dt Date, session_id String, part String, rev Int64, deleted Bool, name String, index_etag Nullable(String),
  record Nullable(String), events Int64, schema_version Nullable(String), trace_id Nullable(String),
  agent_name Nullable(String), agent_version Nullable(String), environment Nullable(String), tags Array(String),
  metadata Map(String, String), start_time Nullable(DateTime64(6, \'UTC\')),
  end_time Nullable(DateTime64(6, \'UTC\')), duration_ms Nullable(Int64), active_ms Nullable(Int64),
  status Nullable(String), outcome Nullable(String), input_tokens Nullable(Int64), output_tokens Nullable(Int64),
  cache_read_input_tokens Nullable(Int64), cache_creation_input_tokens Nullable(Int64),
  unknown_tokens Array(String), peak_context Nullable(Int64), cost_usd Nullable(Decimal(18, 10)),
  cost_source Nullable(String), unassigned_usd Nullable(Decimal(18, 10)), llm_calls Nullable(Int64),
  tool_calls Nullable(Int64), subagents Nullable(Int64), errors Nullable(Int64), compactions Nullable(Int64),
  title Nullable(String), first_prompt Nullable(String), cwd Nullable(String), project Nullable(String),
  repo Nullable(String), git_branch Nullable(String), user_name Nullable(String), host Nullable(String),
  client_version Nullable(String), parent_session_id Nullable(String), main_agent Nullable(String),
  models Array(String), tools Map(String, Int64), tool_errors Map(String, Int64), skills Map(String, Int64),
  files Map(String, Int64), signals Map(String, Int64), agents Map(String, Int64),
  agent_cost_usd Map(String, Decimal(18, 10)), model_calls Map(String, Int64),
  model_cost_usd Map(String, Decimal(18, 10)), day_cost_usd Map(String, Decimal(18, 10)),
  approvals Nullable(Int64), approval_ms Nullable(Int64), cache_rewrites Nullable(Int64),
  cache_rewrite_tokens Nullable(Int64), cache_rewrite_cost_usd Nullable(Decimal(18, 10)),
  retries Nullable(Int64), retry_ms Nullable(Int64), cut Array(String)')
SETTINGS use_hive_partitioning = 1;

CREATE OR REPLACE VIEW event_parts AS
SELECT * FROM file('/home/dev/.local/share/ams/tables/events/*/*.parquet', 'Parquet', 'dt Date, session_id String, part String, seq Int64, event_id String, parent_id Nullable(String), type String,
  name String, status Nullable(String), agent_id Nullable(String), agent_type Nullable(String), turn Int64,
  prompt_id Nullable(String), prompt_source Nullable(String), provisional Bool, warm_up Bool,
  start_time Nullable(DateTime64(6, \'UTC\')), end_time Nullable(DateTime64(6, \'UTC\')),
  duration_ms Nullable(Int64), model Nullable(String), stop_reason Nullable(String), message_id Nullable(String),
  request_id Nullable(String), input_tokens Nullable(Int64), output_tokens Nullable(Int64),
  cache_read_input_tokens Nullable(Int64), cache_creation_input_tokens Nullable(Int64),
  cache_creation_1h_tokens Nullable(Int64), unknown_tokens Array(String), thinking_tokens Nullable(Int64),
  cost_usd Nullable(Decimal(18, 10)), retries Nullable(Int64), retry_ms Nullable(Int64),
  web_search_requests Nullable(Int64), cache_rewrite_tokens Nullable(Int64),
  cache_rewrite_reason Nullable(String), cache_rewrite_cost_usd Nullable(Decimal(18, 10)), tool Nullable(String),
  tool_use_id Nullable(String), llm_event_id Nullable(String), outcome Nullable(String), is_error Nullable(Bool),
  execution_ms Nullable(Int64), approval_ms Nullable(Int64), permission Nullable(String),
  permission_source Nullable(String), mcp_server Nullable(String), skill Nullable(String), file Nullable(String),
  lines_added Nullable(Int64), lines_removed Nullable(Int64), description Nullable(String),
  parent_agent_id Nullable(String), depth Nullable(Int64), background Nullable(Bool), llm_calls Nullable(Int64),
  tool_calls Nullable(Int64), trigger Nullable(String), tokens_before Nullable(Int64),
  tokens_after Nullable(Int64), error_type Nullable(String), text Nullable(String), text_bytes Nullable(Int64),
  input Nullable(String), input_bytes Nullable(Int64), thinking Nullable(String), thinking_bytes Nullable(Int64)')
SETTINGS use_hive_partitioning = 1;

CREATE OR REPLACE VIEW sessions AS
SELECT * EXCEPT (deleted) FROM session_parts
WHERE NOT deleted AND (session_id, (rev, part)) IN (SELECT session_id, max((rev, part)) FROM session_parts GROUP BY session_id);

CREATE OR REPLACE VIEW events AS
SELECT * FROM event_parts WHERE (session_id, part) IN (SELECT session_id, part FROM sessions);

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
