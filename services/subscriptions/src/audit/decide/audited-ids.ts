import { isCallId } from "@ringback/contracts/events/call-id";
import {
  AUDITED_IDS,
  type AuditEntry,
  type AuditedId,
} from "@ringback/contracts/audit/audit-entry";

/** Ids as all parts of Ringback write them. Other text may be a secret in the wrong place. */
const ID = /^[A-Za-z0-9_-]{1,128}$/;

/** How our own secrets begin: a key that was sent as an id is not repeated. */
const SECRET = /^(?:rbs?_|wh(?:sec|sk)_)/;

/** Fields of paths and bodies that mean an id under another name. */
const OTHER_NAMES: Readonly<Record<string, AuditedId>> = { name: "event_type" };

/**
 * What a request was about: the ids in its path, its body and its response, in this order. A list of ids, as an
 * endpoint's `agents`, is left out.
 */
export const auditedIds = (...sources: readonly unknown[]): AuditEntry["resource"] => {
  const found: Partial<Record<AuditedId, string>> = {};
  for (const source of sources) {
    if (typeof source !== "object" || source === null) continue;
    for (const name of AUDITED_IDS) {
      const value: unknown = (source as Record<string, unknown>)[name];
      if (isShowable(name, value)) found[name] ??= value;
    }
  }
  return found;
};

/** The parameters of a path, under the names that entries have. */
export const idsInPath = (params: unknown, path: string): object => {
  const given = Object.entries((params ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    given.map(([name, value]) => [
      path.includes("/event-types/") ? (OTHER_NAMES[name] ?? name) : name,
      value,
    ]),
  );
};

const isShowable = (name: AuditedId, value: unknown): value is string =>
  typeof value === "string" &&
  (name === "call_id" ? isCallId(value) : ID.test(value)) &&
  !SECRET.test(value);
