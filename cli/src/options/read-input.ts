import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { usageError } from "../cli-error.ts";
import type { Streams } from "../command-context.ts";

/** The bytes of a file, or of stdin where the name is `-`. */
export const bytesOf = async (file: string, stdin: Streams["stdin"]): Promise<Buffer> => {
  if (file === "-") return bytesIn(stdin);
  try {
    return await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : (code ?? message);
    throw usageError(`'${file}' cannot be read: ${why}; - stands for stdin`);
  }
};

/** All that comes on stdin, as text. */
export const textOf = async (stdin: Streams["stdin"]): Promise<string> =>
  (await bytesIn(stdin)).toString();

const bytesIn = async (stdin: Streams["stdin"]): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
};
