import type { z } from "zod";

type Shown = {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
};

/**
 * How a zod schema shows in documents: what its own JSON Schema says only for machines is left out, and
 * one with `.meta({documentedAs: {…}})` shows as that, where what it takes cannot be told from it.
 */
export const asDocumented = ({ zodSchema, jsonSchema }: Shown): void => {
  showInstead(jsonSchema);
  leaveOut(jsonSchema);
  const { def } = zodSchema as unknown as { def: { type: string; catchall?: unknown } };
  // As fastify-type-provider-zod shows an answer without a body; an `override` takes the place of its own.
  if (def.type === "undefined") jsonSchema.type = "null";
  // The same of a choice that cannot be shown: it is none that a reader could make.
  if (def.type === "union" && jsonSchema.anyOf !== undefined) {
    jsonSchema.anyOf = jsonSchema.anyOf.filter((choice) => Object.keys(choice).length > 0);
  }
  // Responses may have more fields one day: who reads them is not to refuse those.
  if (def.type === "object" && def.catchall === undefined) delete jsonSchema.additionalProperties;
};

const showInstead = (jsonSchema: z.core.JSONSchema.BaseSchema): void => {
  const { documentedAs } = jsonSchema as { documentedAs?: z.core.JSONSchema.BaseSchema };
  if (documentedAs === undefined) return;
  const { description, examples } = jsonSchema;
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, documentedAs);
  if (description !== undefined) jsonSchema.description = description;
  if (examples !== undefined) jsonSchema.examples = examples;
};

const leaveOut = (jsonSchema: z.core.JSONSchema.BaseSchema): void => {
  // The format says it, and the pattern is longer than the rest of the schema.
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (isAnyText(jsonSchema.propertyNames)) delete jsonSchema.propertyNames;
};

/** All that the names of a JSON object can be. */
const isAnyText = (schema: unknown): boolean => JSON.stringify(schema) === '{"type":"string"}';
