import { Buffer } from "node:buffer";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NatsClient } from "../../harness/nats/nats-client.ts";

/** Subject and text of every message that a stream holds, oldest first. */
export async function messagesIn(
  { jsm }: NatsClient,
  stream: string,
): Promise<{ subject: string; text: string }[]> {
  const found: { subject: string; text: string }[] = [];
  const { state } = await jsm.streams.info(stream);
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await jsm.direct.getMessage(stream, { seq });
    if (message === null) continue;
    const headers = [...message.header].map(([name, values]) => `${name}: ${values.join(",")}`);
    const body = Buffer.from(message.data).toString("utf8");
    found.push({ subject: message.subject, text: [...headers, body].join("\n") });
  }
  return found;
}

/** Every file under a directory, as `[path, content]`. */
export async function filesUnder(directory: string): Promise<[string, Buffer][]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  return Promise.all(
    files.map(async (path): Promise<[string, Buffer]> => [path, await readFile(path)]),
  );
}
