import type { Buffer } from "node:buffer";
import { setImmediate as endOfTick } from "node:timers/promises";
import { checkItem, type CheckedItem, type ItemError, type ItemRules } from "./check-event.ts";
import { jsonItems } from "./split-json.ts";

export type CheckedEvent = Extract<CheckedItem, { kind: "event" }>;

export type CheckedRequest =
  /** In the request's order; there is at least one. */
  | { readonly kind: "events"; readonly events: readonly CheckedEvent[] }
  | { readonly kind: "invalid_json"; readonly message: string }
  | { readonly kind: "invalid"; readonly errors: readonly FieldError[] };

/** So many events may come in one request. */
export const MAX_EVENTS = 1_000;

/** One thing that is wrong with a request, and where. */
type FieldError = { readonly path: string; readonly message: string };

const MAX_ERRORS = 100;
const MAX_PATH_CHARACTERS = 256;
const SLICE_MS = 5;

/**
 * The events of a request, all of them or none: what is wrong with any is told with its number. With a
 * turn of the event loop every few milliseconds, as a body may take a tenth of a second.
 */
export const checkRequest = async (body: Buffer, rules: ItemRules): Promise<CheckedRequest> => {
  const found = jsonItems(body, MAX_EVENTS);
  if (found.kind === "invalid") return { kind: "invalid_json", message: found.message };
  if (found.kind === "too_many") {
    return invalid([{ path: "", message: `holds too many events: at most ${MAX_EVENTS}` }]);
  }
  const items = found.kind === "one" ? [found.item] : found.items;
  if (items.length === 0) return invalid([{ path: "", message: "must not be empty" }]);
  const events: CheckedEvent[] = [];
  const errors: FieldError[] = [];
  let beganMs = performance.now();
  for (const [n, item] of items.entries()) {
    const itemPath = found.kind === "one" ? [] : [n];
    const checked = checkItem(item, rules);
    if (checked.kind === "not_json") {
      const where = found.kind === "one" ? "" : `, in event ${n}`;
      return { kind: "invalid_json", message: `${checked.message}${where}` };
    }
    if (checked.kind === "event") events.push(checked);
    else errors.push(...checked.errors.map((error) => fieldError(itemPath, error)));
    if (performance.now() - beganMs > SLICE_MS) {
      await endOfTick();
      beganMs = performance.now();
    }
  }
  return errors.length > 0 ? invalid(errors) : { kind: "events", events };
};

const invalid = (errors: readonly FieldError[]): CheckedRequest => ({
  kind: "invalid",
  errors: errors.slice(0, MAX_ERRORS),
});

const fieldError = (
  itemPath: readonly PropertyKey[],
  { path, message }: ItemError,
): FieldError => ({
  path: [...itemPath, ...path].map(String).join(".").slice(0, MAX_PATH_CHARACTERS),
  message,
});
