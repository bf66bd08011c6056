import { z } from "zod";
import { EVENT_SCHEMAS, turnSchema, type EventType } from "./event-types.ts";
import { outlinedMembers, type JsonOutline, type KeptElement } from "./json-outline.ts";

/** The known fields of an event's body, as `EVENT_OUTLINE` leaves them. */
export type EventFields = Readonly<Record<string, unknown>>;

/** A field of an event that is not as the catalogue says, and where. */
export type EventProblem = {
  readonly path: readonly (string | number)[];
  readonly message: string;
};

/** Nobody is told of more than these in one event, and no more are looked for. */
const MAX_PROBLEMS = 5;

/** What is wrong with an event's fields: the first few, in the catalogue's order. */
export const eventProblems = (type: EventType, fields: EventFields): EventProblem[] => {
  const problems: EventProblem[] = [];
  for (const [name, schema] of Object.entries<z.ZodType>(EVENT_SCHEMAS[type].shape)) {
    if (problems.length >= MAX_PROBLEMS) break;
    problems.push(...fieldProblems(name, schema, fields[name]));
  }
  return problems.slice(0, MAX_PROBLEMS);
};

const fieldProblems = (name: string, schema: z.ZodType, value: unknown): EventProblem[] => {
  if (isTranscript(unwrapped(schema)) && Array.isArray(value)) {
    const wrong = value as readonly KeptElement[];
    return wrong.map((turn) => ({ path: [name, turn.index], message: turnMessage(turn.value) }));
  }
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.map(({ path, message }) => ({
    path: [name, ...(path as (string | number)[])],
    message,
  }));
};

const turnMessage = (turn: unknown): string =>
  turnSchema.safeParse(turn).error?.issues[0]?.message ?? "Invalid input";

const isTranscript = (schema: z.ZodType): boolean =>
  schema instanceof z.ZodArray && schema.element === turnSchema;

const unwrapped = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable
    ? unwrapped(schema.unwrap() as z.ZodType)
    : schema;

/** Exactly what `turnSchema` takes, at a fiftieth of its time: a large event is turns for the most part. */
const isTurn = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { bot, user, role, content } = value as Record<string, unknown>;
  if (typeof bot === "string" || typeof user === "string") return true;
  return typeof role === "string" && typeof content === "string";
};

/** Of a schema: what it looks at. A record or list of anything is looked at from outside. */
const outlineOf = (wrapped: z.ZodType): JsonOutline => {
  const schema = unwrapped(wrapped);
  if (schema instanceof z.ZodObject) {
    const members = Object.entries<z.ZodType>(schema.shape);
    const byName = new Map(members.map(([name, member]) => [name, outlineOf(member)]));
    return { members: outlinedMembers(byName) };
  }
  return isTranscript(schema) ? TURNS : {};
};

const TYPE_ONLY: JsonOutline = { isTypeOnly: true };
const TURN_FIELDS = ["bot", "user", "role", "content"];
const TURNS: JsonOutline = {
  elements: {
    outline: {
      members: outlinedMembers(new Map(TURN_FIELDS.map((name) => [name, TYPE_ONLY]))),
    },
    isKept: (turn) => !isTurn(turn),
    maxKept: MAX_PROBLEMS,
  },
};

/** What any of these looks at. */
const anyOf = (outlines: readonly JsonOutline[]): JsonOutline =>
  outlines.reduce((one, other) => {
    const byName = new Map(one.members?.byName);
    for (const [name, outline] of other.members?.byName ?? []) {
      byName.set(name, anyOf([byName.get(name) ?? {}, outline]));
    }
    const elements = one.elements ?? other.elements;
    return {
      members: outlinedMembers(byName),
      ...(elements === undefined ? {} : { elements }),
    };
  }, {});

/** What of an event's body is looked at, whatever its type: the fields that the catalogue knows. */
export const EVENT_OUTLINE: JsonOutline = anyOf(Object.values(EVENT_SCHEMAS).map(outlineOf));
