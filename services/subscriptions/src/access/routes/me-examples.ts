const NOTHING_ELSE = { subject: null, agents: null, workspaces: [], theme: null, origin: null };

export const ME_EXAMPLES = {
  key: {
    summary: "A key of a workspace",
    value: {
      kind: "key",
      id: "k6f1d0c2b7a94e83512aa",
      name: "CRM",
      workspace_id: "acme",
      operator: false,
      permissions: ["endpoints", "read", "secrets", "test", "write"],
      expires_at: "2027-01-01T00:00:00.000Z",
      ...NOTHING_ELSE,
    },
  },
  operator: {
    summary: "An operator who has named no workspace",
    value: {
      kind: "key",
      id: "ops",
      name: null,
      workspace_id: "*",
      operator: true,
      permissions: ["payloads", "read"],
      expires_at: null,
      ...NOTHING_ELSE,
    },
  },
};
