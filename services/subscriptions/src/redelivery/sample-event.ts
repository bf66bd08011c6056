import { readFileSync } from "node:fs";
import { EVENT_TYPES, type EventType } from "@ringback/contracts/event-types";
import type { EventAddress } from "@ringback/contracts/subjects";

const FOLDER = new URL("../examples/", import.meta.resolve("@ringback/contracts/event-types"));

/** Read at the start, so that a sample that is missing is noticed then. */
const SAMPLES = new Map<EventType, string>(
  EVENT_TYPES.map((type) => [type, readFileSync(new URL(`${type}.json`, FOLDER), "utf8")]),
);

/**
 * A realistic event of an agent, as JSON text. The sample's text with other ids and nothing else changed:
 * it has numbers that parsing and printing would not keep, as real events do.
 */
export const sampleEvent = (address: EventAddress): string => {
  const ids = {
    call_id: address.callId,
    agent_id: address.agentId,
    workspace_id: address.workspaceId,
  };
  let text = SAMPLES.get(address.eventType) ?? "";
  for (const [name, id] of Object.entries(ids)) {
    const [, sample] = new RegExp(`"${name}":\\s*"([^"]+)"`).exec(text) ?? [];
    // Everywhere: the URL of a recording names them, too.
    if (sample !== undefined) text = text.replaceAll(sample, () => id);
  }
  return text;
};
