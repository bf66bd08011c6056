import type { FieldError } from "../../api/problem.ts";
import { exactText, jsonFault, parseExact } from "../../format/exact-json.ts";
import type { EventType } from "../destinations/api-types.ts";

/** An event type of the workspace's own, as somebody types it. */
export type TypeDraft = {
  readonly name: string;
  readonly description: string;
  /** JSON Schema, as text; "": none. */
  readonly schema: string;
  /** A payload, as text; "": none. */
  readonly example: string;
};

export const typeDraftOf = (type: EventType | undefined): TypeDraft => ({
  name: type?.event_type ?? "",
  description: type?.description ?? "",
  schema: type?.schema === undefined ? "" : exactText(type.schema),
  example: type?.example === undefined ? "" : exactText(type.example),
});

/** What is wrong with a draft that no request can say. */
export const typeFaultsOf = ({ name, schema, example }: TypeDraft): readonly FieldError[] =>
  [
    { path: "name", message: name.trim() === "" ? "A name is needed" : undefined },
    { path: "schema", message: jsonFault(schema) },
    { path: "example", message: jsonFault(example) },
  ].flatMap(({ path, message }) => (message === undefined ? [] : [{ path, message }]));

/** The body of the request that sets it, of a draft without faults. */
export const typeFieldsOf = ({ description, schema, example }: TypeDraft) => ({
  ...(description.trim() === "" ? {} : { description: description.trim() }),
  ...(schema.trim() === "" ? {} : { schema: parseExact(schema) as Record<string, never> }),
  ...(example.trim() === "" ? {} : { example: parseExact(example) as Record<string, never> }),
});
