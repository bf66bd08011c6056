import { readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { makeTempDir } from "../harness/temp-dir.ts";
import { FAILING_CALL } from "./signed-request.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const EXAMPLES = join(ROOT, "docs/examples");

// The two files are the reader's own: here they write down what they are given.
const handleEventJs = (folder: string): string => `
import { appendFileSync } from "node:fs";
export function handleEvent(id, event) {
  if (event.call_id === "${FAILING_CALL}") {
    throw Object.assign(new Error("no disk"), { status: 200, statusCode: 200 });
  }
  appendFileSync(${JSON.stringify(join(folder, "handled"))}, id + "\\n");
}
`;
const HANDLE_EVENT_PY = `
import os
def handle_event(webhook_id, event):
    if event["call_id"] == "${FAILING_CALL}":
        raise RuntimeError("no disk")
    with open(os.path.join(os.path.dirname(__file__), "handled"), "a") as file:
        file.write(webhook_id + "\\n")
`;

export interface ExampleFolder {
  readonly folder: string;
  /** Ids of the events that `handleEvent` was given, in order. */
  readonly handled: () => Promise<string[]>;
  /** Runs a file of the folder in this process, with a secret and port of its own. */
  readonly load: (file: string, secret: string) => Promise<Record<string, unknown>>;
}

/** Files of docs/examples in a folder like a reader's: with this project's packages and a `handle-event` of its own. */
export const exampleFolder = async (
  files: readonly string[],
  edit?: (text: string) => string,
): Promise<ExampleFolder> => {
  const example = await bareExampleFolder(files, edit);
  await symlink(join(ROOT, "node_modules"), join(example.folder, "node_modules"));
  return example;
};

/** The same without packages. */
export const bareExampleFolder = async (
  files: readonly string[],
  edit = (text: string): string => text,
): Promise<ExampleFolder> => {
  const folder = await makeTempDir("receiver");
  await writeFile(join(folder, "handle-event.mjs"), handleEventJs(folder));
  await writeFile(join(folder, "handle_event.py"), HANDLE_EVENT_PY);
  await writeFile(join(folder, "handled"), "");
  for (const file of files) {
    await writeFile(join(folder, file), edit(await readFile(join(EXAMPLES, file), "utf8")));
  }
  const handled = async (): Promise<string[]> =>
    (await readFile(join(folder, "handled"), "utf8")).split("\n").slice(0, -1);
  const load = (file: string, secret: string): Promise<Record<string, unknown>> =>
    withEnvironment({ WEBHOOK_SECRET: secret, PORT: "0" }, async () => {
      const url = pathToFileURL(join(folder, file)).href;
      return (await import(url)) as Record<string, unknown>;
    });
  return { folder, handled, load };
};

/** Runs `act` with these variables set. */
export const withEnvironment = async <T>(
  variables: Readonly<Record<string, string>>,
  act: () => Promise<T>,
): Promise<T> => {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await act();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
};
