const NEW = { name: "CRM", scopes: ["read", "redeliver"], agents: ["agent-7"] };
const AT = "2026-01-31T09:30:00.000Z";

const SHOWN = {
  key_id: "k6f1d0c2b7a94e83512aa",
  ...NEW,
  workspace_id: "acme",
  source: "api",
  state: "active",
  created_by: "admin",
  created_at: AT,
  rotated_at: null,
  previous_valid_until: null,
  expires_at: "2027-01-31T00:00:00.000Z",
};

const KEY = {
  key: "rb_k6f1d0c2b7a94e83512aa_5b0c4f6f2a7d4d0e9c1b8a3f6e5d4c2b1a09f8e7d6c5b4a3928170f6e5d4c3b2",
};

const OF_FILE = {
  ...SHOWN,
  key_id: "admin",
  name: "admin",
  scopes: ["admin"],
  agents: null,
  source: "file",
  created_by: null,
  created_at: null,
  expires_at: null,
};

export const CREATE_EXAMPLES = {
  bound: {
    summary: "For one agent, until the end of January",
    value: { ...NEW, expires_at: "2027-01-31T00:00:00Z" },
  },
};

export const CREATED_EXAMPLES = {
  created: { summary: "The key, this once", value: { ...SHOWN, ...KEY } },
};

export const KEY_EXAMPLES = { key: { summary: "A key", value: SHOWN } };

export const KEYS_EXAMPLES = {
  page: {
    summary: "One that the API made, and one of the file",
    value: { api_keys: [SHOWN, OF_FILE], next_cursor: null },
  },
};

export const ROTATE_EXAMPLES = {
  overlap: { summary: "Both secrets count for an hour", value: { overlap: "1h" } },
};

export const ROTATED_EXAMPLES = {
  rotated: {
    summary: "The new secret, this once",
    value: {
      ...SHOWN,
      ...KEY,
      rotated_at: "2026-03-02T09:41:07.012Z",
      previous_valid_until: "2026-03-02T10:41:07.012Z",
    },
  },
};
