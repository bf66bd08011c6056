import type { Buffer } from "node:buffer";
import { setImmediate as endOfTick } from "node:timers/promises";
import { jsonFault } from "@ringback/contracts/json/json-fault";
import { checkItem, type CheckedItem, type ItemError, type ItemRules } from "./check-event.ts";
import { refuseOtherAgents, type NamedAgent } from "../http/auth/other-agents.ts";
import { invalidRequest, RefusedError } from "../http/refused-error.ts";
import { pathText } from "../http/validation.ts";
import { jsonItems } from "./split-json.ts";

export type CheckedEvent = Extract<CheckedItem, { kind: "event" }>;

/** Of one request. */
export const MAX_EVENTS = 1_000;

const MAX_ERRORS = 100;
const SLICE_MS = 5;

/**
 * The events of a request, at least one. Throws a RefusedError when anything is wrong with any of them, and names
 * the event by its number. It yields to the event loop every few milliseconds: a body may take a tenth of a second.
 */
export const checkRequest = async (body: Buffer, rules: ItemRules): Promise<CheckedEvent[]> => {
  const found = jsonItems(body, MAX_EVENTS);
  if (found.kind === "invalid") throw invalidJson(body);
  if (found.kind === "too_many") {
    const message = `holds too many events: at most ${MAX_EVENTS}`;
    throw invalidRequest([{ path: pathText(found.path), message }]);
  }
  const items = found.kind === "one" ? [found.item] : found.items;
  if (found.kind === "list" && items.length === 0) {
    throw invalidRequest([{ path: pathText(found.path), message: "must not be empty" }]);
  }
  const events: CheckedEvent[] = [];
  const agents: NamedAgent[] = [];
  const errors: ItemError[] = [];
  let beganMs = performance.now();
  for (const [n, item] of items.entries()) {
    const itemPath = found.kind === "one" ? [] : [...found.path, n];
    const checked = checkItem(item, rules);
    if (checked.kind === "not_json") throw invalidJson(body);
    if (checked.kind === "event") {
      events.push(checked);
      const { agentId } = checked;
      agents.push({ path: pathText([...itemPath, "agent_id"]), agentId });
    } else {
      for (const { path, message } of checked.errors) {
        errors.push({ path: [...itemPath, ...path], message });
      }
    }
    if (performance.now() - beganMs > SLICE_MS) {
      await endOfTick();
      beganMs = performance.now();
    }
  }
  if (errors.length === 0) {
    refuseOtherAgents(rules, agents);
    return events;
  }
  const first = errors.slice(0, MAX_ERRORS);
  throw invalidRequest(first.map(({ path, message }) => ({ path: pathText(path), message })));
};

/** In the same words as for any other route: the whole body is read once more, to find the first fault. */
const invalidJson = (body: Buffer): RefusedError =>
  new RefusedError({
    code: "invalid_json",
    detail: `The body ${jsonFault(body) ?? "is not valid JSON"}.`,
  });
