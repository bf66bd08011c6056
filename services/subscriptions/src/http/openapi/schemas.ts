import { z } from "zod";

type Documented = {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
};

/** Examples of a body by their names, as a media type of OpenAPI has them. */
export type Examples = Readonly<
  Record<string, { readonly summary: string; readonly value: unknown }>
>;

/** Where a body's schema has its examples: `.meta({ "x-examples": … })`. */
export const EXAMPLES = "x-examples";

/** The examples of a body, as its schema has them. */
export const examplesOf = (schema: z.ZodType | undefined): Examples | undefined => {
  const { [EXAMPLES]: examples } = (schema && z.globalRegistry.get(schema)) ?? {};
  return examples as Examples | undefined;
};

/**
 * Prepares the JSON Schema of a zod schema for readers. `.meta({documentedAs: {…}})` replaces it where zod's
 * own cannot tell what the schema accepts; details for machines alone are removed.
 */
export const asDocumented = ({ zodSchema, jsonSchema }: Documented): void => {
  replaceByDocumented(jsonSchema);
  removeMachineDetails(jsonSchema);
  const { def } = zodSchema as unknown as { def: { type: string; catchall?: unknown } };
  // Repeats fastify-type-provider-zod's form of a response without a body, which an `override` replaces.
  if (def.type === "undefined") jsonSchema.type = "null";
  // A choice without a JSON Schema tells readers nothing.
  if (def.type === "union" && jsonSchema.anyOf !== undefined) {
    jsonSchema.anyOf = jsonSchema.anyOf.filter((choice) => Object.keys(choice).length > 0);
  }
  // Clients must accept fields that later versions add to responses.
  if (def.type === "object" && def.catchall === undefined) delete jsonSchema.additionalProperties;
};

const replaceByDocumented = (jsonSchema: z.core.JSONSchema.BaseSchema): void => {
  const { documentedAs } = jsonSchema as { documentedAs?: z.core.JSONSchema.BaseSchema };
  if (documentedAs === undefined) return;
  const { description, examples } = jsonSchema;
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, documentedAs);
  if (description !== undefined) jsonSchema.description = description;
  if (examples !== undefined) jsonSchema.examples = examples;
};

const removeMachineDetails = (jsonSchema: z.core.JSONSchema.BaseSchema): void => {
  // `format` says the same in one word.
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (isAnyText(jsonSchema.propertyNames)) delete jsonSchema.propertyNames;
};

/** True for a schema that every name of a JSON object fits. */
const isAnyText = (schema: unknown): boolean => JSON.stringify(schema) === '{"type":"string"}';
