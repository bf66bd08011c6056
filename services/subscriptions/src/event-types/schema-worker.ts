import { parentPort } from "node:worker_threads";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { LRUCache } from "lru-cache";
import type { ValidationReply, ValidationRequest } from "./schema-validator.ts";

// A thread of its own: a customer's schema may take too long (a regular expression) or too much memory. The
// validator ends the thread then.

const MAX_COMPILED = 50;
const MAX_WARNINGS = 5;
const MAX_PATH_CHARACTERS = 256;

const compiled = new LRUCache<string, ValidateFunction>({ max: MAX_COMPILED });

const validatorOf = (schema: string): ValidateFunction => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  // One Ajv for each schema: several workspaces may use the same `$id`. It loads no references to elsewhere.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    validateFormats: false,
    logger: false,
  });
  const validator = ajv.compile(JSON.parse(schema) as object);
  // Ajv's own keyword: such a schema's result would come later, as an error that nobody catches.
  if ("$async" in validator) throw new Error("$async is no keyword of JSON Schema 2020-12");
  compiled.set(schema, validator);
  return validator;
};

/** `/a/0/b` as `a.0.b`. */
const pathOf = (pointer: string): string =>
  pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".")
    .slice(0, MAX_PATH_CHARACTERS);

const replyTo = ({ schema, bodies }: ValidationRequest): ValidationReply => {
  try {
    const validate = validatorOf(schema);
    const warnings = bodies.map((body) => {
      if (validate(JSON.parse(new TextDecoder().decode(body)))) return [];
      // Without values: they may be a person's.
      return (validate.errors ?? []).slice(0, MAX_WARNINGS).map(({ instancePath, message }) => ({
        path: pathOf(instancePath),
        message: message ?? "",
      }));
    });
    return { kind: "validated", warnings };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "unusable", message: message.slice(0, MAX_PATH_CHARACTERS) };
  }
};

parentPort?.on("message", (request: ValidationRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(replyTo(request));
});
