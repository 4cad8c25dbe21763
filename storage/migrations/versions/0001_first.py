"""All tables of the first path: organisations, deliveries, notices, mirror, events, leases.

Column comments: "business" is business time (real time plus the clock's offset), "real" is the
database's clock. Ids that Xero gives are uuid columns, except where an endpoint has other ids.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE "authorization" (
  id uuid PRIMARY KEY,
  client_id text NOT NULL,
  xero_user_id text,                       -- null for client_credentials
  grant_kind text NOT NULL CHECK (grant_kind IN ('authorization_code', 'client_credentials')),
  scopes text[] NOT NULL,
  tokens bytea NOT NULL,                   -- encrypted JSON: access_token, refresh_token
  generation bigint NOT NULL DEFAULT 1,
  access_expires_at timestamptz NOT NULL,  -- business
  refresh_claim uuid,
  refresh_claimed_until timestamptz,       -- real
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'needs_reauth', 'revoked')),
  state_reason text,
  state_since timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE NULLS NOT DISTINCT (client_id, xero_user_id),
  CHECK ((refresh_claim IS NULL) = (refresh_claimed_until IS NULL))
)""",
    """
CREATE TABLE tenant (
  id uuid PRIMARY KEY,
  shard smallint NOT NULL,                 -- unified.partition.relay_shard
  name text,
  external_id text,                        -- the user's own name for it, given when linking
  connection_id uuid NOT NULL,             -- our link: changes when it is linked anew
  xero_connection_id uuid,                 -- Xero's id of the connection, for its removal
  authorization_id uuid REFERENCES "authorization",
  state text NOT NULL
    CHECK (state IN ('linked', 'needs_reauth', 'disconnected', 'vanished', 'erasing', 'erased')),
  state_reason text,
  state_since timestamptz NOT NULL DEFAULT clock_timestamp(),
  linked_at timestamptz NOT NULL,          -- business, first link
  epoch bigint NOT NULL,
  tenant_sequence bigint NOT NULL DEFAULT 0,
  base_currency text,
  time_zone text,
  short_code text,                         -- these three are learned from Organisation
  business_date date,                      -- null until Organisation was read
  lease_owner text,
  lease_until timestamptz,                 -- real
  fencing bigint NOT NULL DEFAULT 0,
  call_tokens real NOT NULL DEFAULT 6,     -- bucket of 6, one a second
  call_tokens_at timestamptz NOT NULL,     -- business
  minute_remaining int,
  day_remaining int,
  limits_at timestamptz,                   -- business: when Xero told the two above
  blocked_until timestamptz,               -- business: after a 429
  blocked_by text,
  CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
)""",
    "CREATE INDEX tenant_authorization ON tenant (authorization_id)",
    """
CREATE TABLE app_budget (                  -- one row: the app's own limit over all tenants
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  call_tokens real NOT NULL,
  call_tokens_at timestamptz NOT NULL,     -- business
  minute_remaining int,
  limits_at timestamptz,                   -- business
  blocked_until timestamptz                -- business
)""",
    "INSERT INTO app_budget (call_tokens, call_tokens_at) VALUES (1000, '2000-01-01T00:00:00Z')",
    """
CREATE TABLE link_attempt (
  state_hash bytea PRIMARY KEY,
  verifier bytea NOT NULL,                 -- encrypted
  external_id text,
  return_to text,
  expires_at timestamptz NOT NULL          -- real
)""",
    """
CREATE TABLE delivery (
  id uuid PRIMARY KEY,
  received_at timestamptz NOT NULL,        -- real
  body_digest bytea NOT NULL,
  body bytea,                              -- verbatim, when anything in it made no notice
  first_sequence bigint,
  last_sequence bigint,
  event_count int NOT NULL,
  notice_count int NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('accepted', 'ignored', 'repeated', 'unreadable')),
  ignored jsonb                            -- {"reason": count}
)""",
    "CREATE UNIQUE INDEX delivery_first ON delivery (body_digest) WHERE outcome <> 'repeated'",
    "CREATE INDEX delivery_received ON delivery (received_at)",
    "CREATE INDEX delivery_unreadable ON delivery (received_at) WHERE outcome = 'unreadable'",
    """
CREATE TABLE sequence_gap (
  first_missing bigint,
  last_missing bigint NOT NULL,
  opened_at timestamptz NOT NULL,          -- real: receipt of the delivery that showed it
  closed_at timestamptz,                   -- real
  acted_at timestamptz,                    -- real: when sweeps were brought forward for it
  PRIMARY KEY (first_missing, opened_at),
  CHECK (first_missing <= last_missing)
)""",
    """
CREATE TABLE sequence_mark (               -- one row: how far gaps have been looked for
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  read_to timestamptz NOT NULL,            -- real: receipt of the last delivery looked at
  highest bigint,                          -- highest sequence number of this numbering
  suspect_next bigint                      -- a restarted numbering would go on here
)""",
    "CREATE SEQUENCE notice_version",
    """
CREATE TABLE notice (
  tenant_id uuid NOT NULL REFERENCES tenant,
  endpoint text NOT NULL,                  -- 'Invoices'
  remote_id text NOT NULL,
  version bigint NOT NULL DEFAULT nextval('notice_version'),
  origin text NOT NULL CHECK (origin IN ('webhook', 'sweep', 'write', 'linked', 'stale', 'retry')),
  created_hint boolean NOT NULL DEFAULT false,   -- any hint said CREATE
  hinted_at timestamptz,                   -- business: newest eventDateUtc
  received_at timestamptz NOT NULL,        -- real: newest hint's receipt
  delivery_id uuid,                        -- newest delivery, with its sequence numbers
  first_sequence bigint,
  last_sequence bigint,
  coalesced int NOT NULL DEFAULT 1,
  single_read boolean NOT NULL DEFAULT false,
  stale_reads smallint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'dead')),
  due_at timestamptz NOT NULL,             -- business
  attempts int NOT NULL DEFAULT 0,
  error_code text,
  error text,
  raw bytea,                               -- zlib: raw JSON of a poison record
  died_at timestamptz,                     -- real
  PRIMARY KEY (tenant_id, endpoint, remote_id),
  CHECK ((state = 'dead') = (died_at IS NOT NULL))
)""",
    "CREATE INDEX notice_due ON notice (tenant_id, due_at) WHERE state = 'due'",
    "CREATE INDEX notice_dead ON notice (died_at) WHERE state = 'dead'",
    """
CREATE TABLE record (
  tenant_id uuid NOT NULL REFERENCES tenant,
  resource text NOT NULL,                  -- 'invoice'
  remote_id text NOT NULL,
  id uuid NOT NULL,
  unified json NOT NULL,
  raw bytea,
  raw_fetched_at timestamptz,
  raw_read text,
  fingerprint bytea NOT NULL,
  sequence bigint NOT NULL,
  completeness text NOT NULL,
  updated_at timestamptz,                  -- Xero's stamp
  asked_at timestamptz NOT NULL,           -- real, database clock: before the request left
  answered_at timestamptz NOT NULL,        -- real, database clock: after its answer came
  first_seen_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  verified_at timestamptz NOT NULL,
  status text,
  type text,
  number text,
  contact_remote_id text,
  issue_date date,
  due_date date,
  is_deleted boolean NOT NULL DEFAULT false,
  missed_lists smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, resource, remote_id)
)""",
    "CREATE UNIQUE INDEX record_id ON record (tenant_id, id)",
    """
CREATE TABLE event (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard smallint NOT NULL,
  tenant_id uuid NOT NULL,
  epoch bigint NOT NULL,
  tenant_sequence bigint NOT NULL,
  event_id uuid NOT NULL,
  resource text NOT NULL,
  entity_id uuid NOT NULL,
  sequence bigint NOT NULL,
  op text NOT NULL CHECK (op IN ('c', 'u', 'd', 'r')),
  cause text NOT NULL,
  value bytea NOT NULL,                    -- event JSON without timing.published_at
  state bytea,                             -- unified record for the state topic; null: tombstone
  headers json NOT NULL,                   -- [[name, text], …]
  received_at timestamptz,                 -- real: webhook receipt, for latency
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  relayed_at timestamptz,
  UNIQUE (tenant_id, epoch, tenant_sequence)
)""",
    "CREATE INDEX event_unrelayed ON event (shard, position) WHERE relayed_at IS NULL",
    "CREATE INDEX event_committed ON event (committed_at)",
    """
CREATE TABLE announcement (                -- messages of the control and dead topics
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard smallint NOT NULL,
  topic text NOT NULL CHECK (topic IN ('control', 'dead')),
  tenant_id uuid,
  key text NOT NULL,
  kind text NOT NULL,
  value bytea NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  relayed_at timestamptz
)""",
    "CREATE INDEX announcement_unrelayed ON announcement (shard, position)"
    " WHERE relayed_at IS NULL",
    "CREATE INDEX announcement_committed ON announcement (committed_at)",
    """
CREATE TABLE cursor (
  tenant_id uuid NOT NULL REFERENCES tenant,
  endpoint text NOT NULL,
  since timestamptz,                       -- business: all stamped up to here was absorbed
  sweep_due_at timestamptz NOT NULL,       -- business
  changes_per_hour real NOT NULL DEFAULT 0,
  last_swept_at timestamptz,               -- business
  backfill_state text NOT NULL DEFAULT 'pending'
    CHECK (backfill_state IN ('pending', 'running', 'done')),
  backfill_complete boolean NOT NULL DEFAULT false,   -- a complete, unlimited backfill ended
  backfill_since timestamptz,
  backfill_after text,
  backfill_page int NOT NULL DEFAULT 0,
  backfill_read bigint NOT NULL DEFAULT 0,
  backfill_total bigint,
  backfill_started_at timestamptz,
  backfill_ended_at timestamptz,
  PRIMARY KEY (tenant_id, endpoint)
)""",
    "CREATE INDEX cursor_sweep_due ON cursor (sweep_due_at)",
    "CREATE INDEX cursor_backfill ON cursor (tenant_id) WHERE backfill_state <> 'done'",
    """
CREATE TABLE timer (
  tenant_id uuid NOT NULL REFERENCES tenant,
  resource text NOT NULL,
  remote_id text NOT NULL,
  rule text NOT NULL,
  due_on date NOT NULL,                    -- in the organisation's time zone
  PRIMARY KEY (tenant_id, resource, remote_id)
)""",
    "CREATE INDEX timer_due ON timer (tenant_id, due_on)",
    "CREATE INDEX timer_date ON timer (due_on)",
    """
CREATE TABLE lease (
  name text PRIMARY KEY,
  owner text NOT NULL,
  until timestamptz NOT NULL,              -- real
  fencing bigint NOT NULL DEFAULT 1
)""",
    """
CREATE TABLE usage (
  tenant_id uuid NOT NULL,
  day date NOT NULL,                       -- UTC day of business time
  purpose text NOT NULL,
  calls bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, day, purpose)
)""",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
