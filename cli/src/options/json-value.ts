import { Buffer } from "node:buffer";
import { parseStrictJson } from "@ringback/contracts/json/strict-json";
import { usageError } from "../cli-error.ts";
import type { Streams } from "../command-context.ts";
import { bytesOf } from "./read-input.ts";

/** The API takes no deeper body. */
const MAX_DEPTH = 32;

/**
 * The JSON of an option, or of the file that it names with `@` (`@-` is stdin). Numbers keep their digits. Throws for
 * what parsers read differently, such as a key that is there twice: sent from here, one of both would be gone.
 */
export const jsonValue = async (
  option: string,
  text: string,
  stdin: Streams["stdin"],
): Promise<unknown> => {
  const isFile = text.startsWith("@");
  const bytes = isFile ? await bytesOf(text.slice(1), stdin) : Buffer.from(text);
  const json = parseStrictJson(bytes, { maxDepth: MAX_DEPTH, exactNumbers: true });
  if (json.kind === "value") return json.value;
  const hint = json.kind === "not_json" ? ": expected JSON, or @ and the name of a file" : "";
  throw usageError(`${option}${isFile ? ` (${text})` : ""} ${json.message}${hint}`);
};
