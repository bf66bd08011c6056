import { readFileSync } from "node:fs";
import { EVENT_TYPES, type EventType } from "@ringback/contracts/events/event-types";
import type { EventAddress } from "@ringback/contracts/streams/subjects";

/** Read at the start, so that the process does not start without a sample. */
const SAMPLES = new Map<EventType, string>(
  EVENT_TYPES.map((type) => {
    const url = import.meta.resolve(`@ringback/contracts/examples/${type}.json`);
    return [type, readFileSync(new URL(url), "utf8")];
  }),
);

/** The sample of a built-in type. */
export const sampleOf = (type: EventType): Record<string, unknown> =>
  JSON.parse(SAMPLES.get(type) ?? "{}") as Record<string, unknown>;

/**
 * A realistic event of an agent, as JSON text: the sample's text with other ids. It is not parsed, because
 * numbers would change, as those of real events would. For a type that is not built in, the workspace's example.
 */
export const sampleEvent = (
  address: EventAddress,
  example: Readonly<Record<string, unknown>> = {},
): string => {
  const ids = {
    call_id: address.callId,
    agent_id: address.agentId,
    workspace_id: address.workspaceId,
  };
  const sample = SAMPLES.get(address.eventType);
  if (sample === undefined) {
    return JSON.stringify({ ...example, event_type: address.eventType, ...ids });
  }
  let text = sample;
  for (const [name, id] of Object.entries(ids)) {
    const [, sampleId] = new RegExp(`"${name}":\\s*"([^"]+)"`).exec(text) ?? [];
    // In all of the text: the URL of a recording contains the ids too.
    if (sampleId !== undefined) text = text.replaceAll(sampleId, () => id);
  }
  return text;
};
