-- For spark-sql with hadoop-aws, which takes the keys from the environment, ~/.aws or a role, and these settings:
--   spark.hadoop.fs.s3a.endpoint=https://s3.example.com:9000
--   spark.hadoop.fs.s3a.path.style.access=true
--   spark.hadoop.fs.s3a.endpoint.region=us-east-1
-- Views of this session. REFRESH TABLE session_parts; REFRESH TABLE event_parts; finds newer parts.
SET TIME ZONE 'UTC';

CREATE OR REPLACE TEMPORARY VIEW session_parts (
  `session_id` string, `part` string, `rev` bigint, `deleted` boolean, `name` string, `index_etag` string,
  `record` string, `events` bigint, `schema_version` string, `trace_id` string, `agent_name` string,
  `agent_version` string, `environment` string, `tags` array<string>, `metadata` map<string,string>,
  `start_time` timestamp, `end_time` timestamp, `duration_ms` bigint, `active_ms` bigint, `status` string,
  `outcome` string, `input_tokens` bigint, `output_tokens` bigint, `cache_read_input_tokens` bigint,
  `cache_creation_input_tokens` bigint, `unknown_tokens` array<string>, `peak_context` bigint,
  `cost_usd` decimal(18,10), `cost_source` string, `unassigned_usd` decimal(18,10), `llm_calls` bigint,
  `tool_calls` bigint, `subagents` bigint, `errors` bigint, `compactions` bigint, `title` string,
  `first_prompt` string, `cwd` string, `project` string, `repo` string, `git_branch` string, `user_name` string,
  `host` string, `client_version` string, `parent_session_id` string, `main_agent` string,
  `models` array<string>, `tools` map<string,bigint>, `tool_errors` map<string,bigint>,
  `skills` map<string,bigint>, `files` map<string,bigint>, `signals` map<string,bigint>,
  `agents` map<string,bigint>, `agent_cost_usd` map<string,decimal(18,10)>, `model_calls` map<string,bigint>,
  `model_cost_usd` map<string,decimal(18,10)>, `day_cost_usd` map<string,decimal(18,10)>, `approvals` bigint,
  `approval_ms` bigint, `cache_rewrites` bigint, `cache_rewrite_tokens` bigint,
  `cache_rewrite_cost_usd` decimal(18,10), `retries` bigint, `retry_ms` bigint, `cut` array<string>, dt date
)
USING parquet OPTIONS (path 's3a://traces/team/ams/tables/sessions');

CREATE OR REPLACE TEMPORARY VIEW event_parts (
  `session_id` string, `part` string, `seq` bigint, `event_id` string, `parent_id` string, `type` string,
  `name` string, `status` string, `agent_id` string, `agent_type` string, `turn` bigint, `prompt_id` string,
  `prompt_source` string, `provisional` boolean, `warm_up` boolean, `start_time` timestamp, `end_time` timestamp,
  `duration_ms` bigint, `model` string, `stop_reason` string, `message_id` string, `request_id` string,
  `input_tokens` bigint, `output_tokens` bigint, `cache_read_input_tokens` bigint,
  `cache_creation_input_tokens` bigint, `cache_creation_1h_tokens` bigint, `unknown_tokens` array<string>,
  `thinking_tokens` bigint, `cost_usd` decimal(18,10), `retries` bigint, `retry_ms` bigint,
  `web_search_requests` bigint, `cache_rewrite_tokens` bigint, `cache_rewrite_reason` string,
  `cache_rewrite_cost_usd` decimal(18,10), `tool` string, `tool_use_id` string, `llm_event_id` string,
  `outcome` string, `is_error` boolean, `execution_ms` bigint, `approval_ms` bigint, `permission` string,
  `permission_source` string, `mcp_server` string, `skill` string, `file` string, `lines_added` bigint,
  `lines_removed` bigint, `description` string, `parent_agent_id` string, `depth` bigint, `background` boolean,
  `llm_calls` bigint, `tool_calls` bigint, `trigger` string, `tokens_before` bigint, `tokens_after` bigint,
  `error_type` string, `text` string, `text_bytes` bigint, `input` string, `input_bytes` bigint,
  `thinking` string, `thinking_bytes` bigint, dt date
)
USING parquet OPTIONS (path 's3a://traces/team/ams/tables/events');

CREATE OR REPLACE TEMPORARY VIEW sessions AS
SELECT e.dt AS `dt`, e.`session_id`, e.`part`, e.`rev`, e.`name`, e.`index_etag`, e.`record`, e.`events`,
  e.`schema_version`, e.`trace_id`, e.`agent_name`, e.`agent_version`, e.`environment`, e.`tags`, e.`metadata`,
  e.`start_time`, e.`end_time`, e.`duration_ms`, e.`active_ms`, e.`status`, e.`outcome`, e.`input_tokens`,
  e.`output_tokens`, e.`cache_read_input_tokens`, e.`cache_creation_input_tokens`, e.`unknown_tokens`,
  e.`peak_context`, e.`cost_usd`, e.`cost_source`, e.`unassigned_usd`, e.`llm_calls`, e.`tool_calls`,
  e.`subagents`, e.`errors`, e.`compactions`, e.`title`, e.`first_prompt`, e.`cwd`, e.`project`, e.`repo`,
  e.`git_branch`, e.`user_name`, e.`host`, e.`client_version`, e.`parent_session_id`, e.`main_agent`, e.`models`,
  e.`tools`, e.`tool_errors`, e.`skills`, e.`files`, e.`signals`, e.`agents`, e.`agent_cost_usd`,
  e.`model_calls`, e.`model_cost_usd`, e.`day_cost_usd`, e.`approvals`, e.`approval_ms`, e.`cache_rewrites`,
  e.`cache_rewrite_tokens`, e.`cache_rewrite_cost_usd`, e.`retries`, e.`retry_ms`, e.`cut`
FROM (
  SELECT *, row_number() OVER (PARTITION BY session_id ORDER BY rev DESC, part DESC) AS newest FROM session_parts
) e
WHERE newest = 1 AND NOT coalesce(deleted, false);

CREATE OR REPLACE TEMPORARY VIEW events AS
SELECT e.dt AS `dt`, e.`session_id`, e.`part`, e.`seq`, e.`event_id`, e.`parent_id`, e.`type`, e.`name`, e.`status`,
  e.`agent_id`, e.`agent_type`, e.`turn`, e.`prompt_id`, e.`prompt_source`, e.`provisional`, e.`warm_up`,
  e.`start_time`, e.`end_time`, e.`duration_ms`, e.`model`, e.`stop_reason`, e.`message_id`, e.`request_id`,
  e.`input_tokens`, e.`output_tokens`, e.`cache_read_input_tokens`, e.`cache_creation_input_tokens`,
  e.`cache_creation_1h_tokens`, e.`unknown_tokens`, e.`thinking_tokens`, e.`cost_usd`, e.`retries`, e.`retry_ms`,
  e.`web_search_requests`, e.`cache_rewrite_tokens`, e.`cache_rewrite_reason`, e.`cache_rewrite_cost_usd`,
  e.`tool`, e.`tool_use_id`, e.`llm_event_id`, e.`outcome`, e.`is_error`, e.`execution_ms`, e.`approval_ms`,
  e.`permission`, e.`permission_source`, e.`mcp_server`, e.`skill`, e.`file`, e.`lines_added`, e.`lines_removed`,
  e.`description`, e.`parent_agent_id`, e.`depth`, e.`background`, e.`llm_calls`, e.`tool_calls`, e.`trigger`,
  e.`tokens_before`, e.`tokens_after`, e.`error_type`, e.`text`, e.`text_bytes`, e.`input`, e.`input_bytes`,
  e.`thinking`, e.`thinking_bytes`
FROM event_parts e JOIN sessions s ON e.session_id = s.session_id AND e.part = s.part;

CREATE OR REPLACE TEMPORARY VIEW llm_calls AS
SELECT `session_id`, `dt`, `seq`, `event_id`, `parent_id`, `turn`, `agent_id`, `agent_type`, `warm_up`, `provisional`,
  `prompt_id`, `prompt_source`, `status`, `error_type`, `start_time`, `end_time`, `duration_ms`, `model`,
  `stop_reason`, `input_tokens`, `output_tokens`, `cache_read_input_tokens`, `cache_creation_input_tokens`,
  `cache_creation_1h_tokens`, `unknown_tokens`, `thinking_tokens`, `cost_usd`, `retries`, `retry_ms`,
  `web_search_requests`, `cache_rewrite_tokens`, `cache_rewrite_reason`, `cache_rewrite_cost_usd`, `message_id`,
  `request_id`, `text`, `text_bytes`, `thinking`, `thinking_bytes`
FROM events
WHERE `type` = 'llm_message';

CREATE OR REPLACE TEMPORARY VIEW tool_calls AS
SELECT `session_id`, `dt`, `seq`, `event_id`, `parent_id`, `turn`, `agent_id`, `agent_type`, `warm_up`, `provisional`,
  `prompt_id`, `prompt_source`, `status`, `error_type`, `start_time`, `end_time`, `duration_ms`, `tool`,
  `outcome`, `is_error`, `execution_ms`, `approval_ms`, `permission`, `permission_source`, `mcp_server`, `skill`,
  `file`, `lines_added`, `lines_removed`, `tool_use_id`, `llm_event_id`, `input`, `input_bytes`, `text`,
  `text_bytes`
FROM events
WHERE `type` = 'tool_call';

CREATE OR REPLACE TEMPORARY VIEW subagents AS
SELECT `session_id`, `dt`, `seq`, `event_id`, `parent_id`, `turn`, `agent_id`, `agent_type`, `warm_up`, `provisional`,
  `prompt_id`, `prompt_source`, `status`, `error_type`, `start_time`, `end_time`, `duration_ms`, `description`,
  `parent_agent_id`, `depth`, `background`, `llm_calls`, `tool_calls`, `input_tokens`, `output_tokens`,
  `cache_read_input_tokens`, `cache_creation_input_tokens`, `cache_creation_1h_tokens`, `unknown_tokens`,
  `cost_usd`, `input`, `input_bytes`, `text`, `text_bytes`
FROM events
WHERE `type` = 'subagent';
