import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { sampleTextOf } from "../http/openapi/event-samples.ts";

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
  const sample = sampleTextOf(address.eventType);
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
