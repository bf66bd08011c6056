import { ENDPOINT, KEY, LATER, SECRET } from "./endpoint-examples.ts";

export const SWITCHED_OFF_EXAMPLES = {
  paused: {
    summary: "Its events are held from then on",
    value: {
      ...ENDPOINT,
      state: "paused",
      state_since: LATER,
      held_since: LATER,
      version: 2,
      updated_at: LATER,
    },
  },
};

export const DISABLE_EXAMPLES = {
  discard: { summary: "Its events are not delivered, now or later", value: { events: "discard" } },
};

export const ROTATE_EXAMPLES = {
  rotate: { summary: "The secrets before sign for a day", value: { overlap: "24h" } },
};

export const ROTATED_EXAMPLES = {
  rotated: {
    summary: "The new secret, this once",
    value: {
      ...ENDPOINT,
      signing: [
        { ...KEY, id: "01b7c4a0-2f6e-7a41-8c3d-9f1e2d3c4b5a", created_at: LATER },
        { ...KEY, expires_at: "2026-03-03T09:12:30.716Z" },
      ],
      version: 2,
      updated_at: LATER,
      ...SECRET,
    },
  },
};
