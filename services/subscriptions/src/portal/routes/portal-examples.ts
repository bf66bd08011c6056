const SESSION = {
  session_id: "s6f1d0c2b7a94e83512aa",
  capabilities: ["read", "payloads", "test"],
  agents: ["agent-7"],
  theme: { mode: "auto", accent: "#0a7d5a", accent_text: "#ffffff" },
  origin: "https://app.example.com",
  created_by: "k1",
  created_at: "2026-03-02T10:17:41.302Z",
  expires_at: "2026-03-02T11:17:41.302Z",
};

export const CREATE_EXAMPLES = {
  session: {
    summary: "A customer sees what one agent's events came to, for an hour",
    value: {
      agents: SESSION.agents,
      capabilities: SESSION.capabilities,
      expires_in: 3_600,
      theme: SESSION.theme,
    },
  },
};

export const CREATED_EXAMPLES = {
  session: {
    summary: "The address to open in a frame or a tab",
    value: {
      ...SESSION,
      url: "https://webhooks.example.com/#session=rbs_s6f1d0c2b7a94e83512aa_5c0f…",
    },
  },
};

export const SESSIONS_EXAMPLES = {
  page: {
    summary: "A session that has not ended",
    value: { portal_sessions: [SESSION], next_cursor: null },
  },
};
