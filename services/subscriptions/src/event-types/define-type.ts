import { Buffer } from "node:buffer";
import {
  isKnownType,
  knownTypesOf,
  unknownTypeMessage,
  type EventRules,
} from "@ringback/contracts/events/event-check";
import {
  MAX_DEFINITION_BYTES,
  MAX_EVENT_TYPES,
  type EventTypeDefinition,
  type EventTypeMessage,
} from "@ringback/contracts/events/event-type-definition";
import { isBuiltIn, isEventTypeName, type EventType } from "@ringback/contracts/events/event-types";
import { matchesEventType } from "@ringback/contracts/endpoints/event-type-pattern";
import { z } from "zod";
import { UnavailableError } from "../streams/ask.ts";
import { invalidRequest } from "../http/refused-error.ts";
import type { DefinitionStore } from "./definition-store.ts";
import type { OwnTypes } from "./own-types.ts";
import type { SchemaValidator } from "./schema-validator.ts";

/** The body of `PUT /event-types/{name}`. */
export const defineTypeSchema = z
  .strictObject({
    description: z.string().max(1_000).optional(),
    schema: z.record(z.string(), z.unknown()).optional().meta({
      description: "JSON Schema 2020-12, for warnings and documents: no event is refused by it",
    }),
    example: z.record(z.string(), z.unknown()).optional().meta({
      description: "What a test event of this type is made from",
    }),
  })
  .superRefine(({ schema, example }, context) => {
    const bytes = Buffer.byteLength(JSON.stringify([schema, example]));
    if (bytes <= MAX_DEFINITION_BYTES) return;
    context.addIssue(`takes ${bytes} bytes: at most ${MAX_DEFINITION_BYTES}`);
  });

export type DefineType = z.infer<typeof defineTypeSchema>;

export type DefineDeps = {
  readonly definitions: DefinitionStore;
  /** The configuration, as far as this instance has applied it. */
  readonly index: {
    readonly ownTypes: OwnTypes;
    readonly isSubscribed: (workspaceId: string, eventType: EventType) => boolean;
    readonly applied: (seq: number) => Promise<void>;
    readonly upToDate: () => Promise<void>;
  };
  readonly validator: SchemaValidator;
  readonly limits: { readonly admitDefinition: (workspaceId: string, bytes: number) => void };
  readonly rules: EventRules;
  readonly now: () => Date;
};

/** The event type, its workspace, and the id of the caller's key. */
export type DefineWhat = {
  readonly workspaceId: string;
  readonly eventType: EventType;
  readonly actor: string;
};

/** The definition as it is stored, or why it is not changed. */
export type Defined =
  { readonly definition: EventTypeDefinition; readonly isNew: boolean } | DefinitionRejection;

/** Why a definition is not changed. */
export type DefinitionRejection =
  | "event_type_built_in"
  | "too_many_event_types"
  | "event_type_not_found"
  | "event_type_in_use"
  | "conflict";

/** Adds an event type to a workspace, or defines it again. Throws a RefusedError for what is not valid. */
export const defineType = async (
  what: DefineWhat,
  body: DefineType,
  deps: DefineDeps,
): Promise<Defined> => {
  const { workspaceId, eventType } = what;
  if (isBuiltIn(eventType)) return "event_type_built_in";
  if (!isEventTypeName(eventType)) {
    const message = "must be 1 to 64 characters of a-z, 0-9 and _, and begin with a letter";
    throw invalidRequest([{ path: "name", message }]);
  }
  await refuseUnusable(workspaceId, body, deps);
  const { definition: before, seq } = await deps.definitions.read(workspaceId, eventType);
  if (before === undefined && deps.index.ownTypes.list(workspaceId).length >= MAX_EVENT_TYPES) {
    return "too_many_event_types";
  }
  const at = deps.now().toISOString();
  const created_at = before?.created_at ?? at;
  const definition = { event_type: eventType, ...body, created_at, updated_at: at };
  const stored = await store(what, { occurred_at: at, definition }, seq, deps);
  return stored ?? { definition, isNew: before === undefined };
};

/** Removes an event type from a workspace; undefined: it is removed. */
export const deleteType = async (
  what: DefineWhat,
  deps: DefineDeps,
): Promise<DefinitionRejection | undefined> => {
  const { workspaceId, eventType } = what;
  if (isBuiltIn(eventType)) return "event_type_built_in";
  const { definition, seq } = isEventTypeName(eventType)
    ? await deps.definitions.read(workspaceId, eventType)
    : { definition: undefined, seq: 0 };
  if (definition === undefined) return "event_type_not_found";
  await deps.index.upToDate();
  if (deps.index.isSubscribed(workspaceId, eventType)) return "event_type_in_use";
  const message = { occurred_at: deps.now().toISOString(), definition: null };
  return store(what, message, seq, deps);
};

/** A new schema is compiled once, which takes longer than a body on a busy machine. */
const MAX_READING_MS = 5_000;

const refuseUnusable = async (
  workspaceId: string,
  { schema }: DefineType,
  { validator }: DefineDeps,
): Promise<void> => {
  if (schema === undefined) return;
  const text = JSON.stringify(schema);
  const wanted = { workspaceId, schema: text, bodies: [], maxMs: MAX_READING_MS };
  const result = await validator.validate(wanted);
  if (result.kind === "validated") return;
  if (result.kind === "busy") throw new UnavailableError("schemas of others are being read");
  const message =
    result.kind === "unusable"
      ? `is no JSON Schema: ${result.message}`
      : "took too long to be read as a JSON Schema";
  throw invalidRequest([{ path: "schema", message }]);
};

const store = async (
  { workspaceId, eventType, actor }: DefineWhat,
  message: EventTypeMessage,
  seq: number,
  { definitions, index, limits }: DefineDeps,
): Promise<DefinitionRejection | undefined> => {
  const signed = { ...message, actor };
  limits.admitDefinition(workspaceId, Buffer.byteLength(JSON.stringify(signed)));
  const stored = await definitions.append(workspaceId, eventType, signed, seq);
  if (stored.kind === "conflict") return "conflict";
  await index.applied(stored.seq);
  return undefined;
};

/** Refuses types that this workspace does not have; they may have been added a moment ago. */
export const refuseUnknownTypes = async (
  workspaceId: string,
  named: readonly { readonly eventType: EventType; readonly path: string }[],
  { index, rules }: Pick<DefineDeps, "index" | "rules">,
): Promise<void> => {
  const unknown = () =>
    named.filter(({ eventType }) => !isKnownType({ workspaceId, eventType }, rules));
  if (unknown().length === 0) return;
  await index.upToDate();
  const errors = unknown().map(({ eventType, path }) => ({
    path,
    message: unknownTypeMessage(eventType, rules),
  }));
  if (errors.length > 0) throw invalidRequest(errors);
};

/** Refuses names and patterns of event types that name no type which this workspace has. */
export const refuseUnknownPatterns = async (
  workspaceId: string,
  patterns: readonly string[],
  { index, rules }: Pick<DefineDeps, "index" | "rules">,
): Promise<void> => {
  const named = patterns.map((pattern, n) => ({ pattern, path: `event_types.${n}` }));
  const [ofMany = [], ofOne = []] = [true, false].map((isMany) =>
    named.filter(({ pattern }) => pattern.includes("*") === isMany),
  );
  const one = ofOne.map(({ pattern: eventType, path }) => ({ eventType, path }));
  await refuseUnknownTypes(workspaceId, one, { index, rules });
  if (rules.types.kind === "open") return;
  const known = () => [
    ...knownTypesOf(rules),
    ...index.ownTypes.list(workspaceId).map(({ event_type }) => event_type),
  ];
  const unknown = () =>
    ofMany.filter(({ pattern }) => !known().some((type) => matchesEventType(pattern, type)));
  if (unknown().length === 0) return;
  await index.upToDate();
  const errors = unknown().map(({ pattern, path }) => ({
    path,
    message: `'${pattern}' matches none of ${known().join(", ")}`,
  }));
  if (errors.length > 0) throw invalidRequest(errors);
};
