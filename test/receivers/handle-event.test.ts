import { spawnSync } from "node:child_process";
import type { DatabaseSync } from "node:sqlite";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { makeTempDir } from "../harness/temp-dir.ts";
import { withEnvironment } from "./example-folder.ts";
import { pythonWith } from "./python-receivers.ts";

const EXAMPLES = join(import.meta.dirname, "../../docs/examples");

afterEach(() => {
  vi.restoreAllMocks();
});

interface HandleEvent {
  readonly db: DatabaseSync;
  readonly handleEvent: (id: string, event: object) => Promise<void>;
  readonly workOff: (work: (id: string, event: { n: number }) => unknown) => Promise<void>;
}

/** docs/examples/handle-event.mjs with a database of its own. */
const handleEventExample = async (): Promise<HandleEvent> => {
  const folder = await makeTempDir("handle-event");
  const file = join(folder, "handle-event.mjs");
  await copyFile(join(EXAMPLES, "handle-event.mjs"), file);
  return withEnvironment(
    { EVENTS_DB: join(folder, "events.db") },
    async () => (await import(pathToFileURL(file).href)) as HandleEvent,
  );
};

test("handle-event.mjs does the work of an event once, however often it comes", async () => {
  const { db, handleEvent, workOff } = await handleEventExample();
  const done: string[] = [];
  const work = (id: string, { n }: { n: number }) => done.push(`${id}:${n}`);
  await handleEvent("evt_1", { n: 1 });
  await handleEvent("evt_1", { n: 1 });
  await workOff(work);
  await handleEvent("evt_1", { n: 1 });
  await handleEvent("evt_2", { n: 2 });
  await workOff(work);
  expect(done).toEqual(["evt_1:1", "evt_2:2"]);
  db.close();
});

test("an event whose work fails after it was stored holds up no other, and its work is done at the next pass", async () => {
  const { db, handleEvent, workOff } = await handleEventExample();
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const done: string[] = [];
  let isDown = true;
  const work = (id: string) => {
    if (isDown && id === "evt_1") throw new Error("the CRM is down");
    done.push(id);
  };
  await handleEvent("evt_1", { n: 1 });
  await handleEvent("evt_2", { n: 2 });
  await workOff(work);
  expect([done, logged.mock.calls.length]).toEqual([["evt_2"], 1]);
  isDown = false;
  await workOff(work);
  expect(done).toEqual(["evt_2", "evt_1"]);
  db.close();
});

test("handle-event.mjs throws where the event cannot be stored, so that it is sent again", async () => {
  const { db, handleEvent } = await handleEventExample();
  db.close();
  await expect(handleEvent("evt_1", { n: 1 })).rejects.toThrow("not open");
});

const IN_PYTHON = `
import logging
from handle_event import handle_event, work_off
logging.disable()
done = []
is_down = True
def work(webhook_id, event):
    if is_down and webhook_id == "evt_1":
        raise RuntimeError("the CRM is down")
    done.append(f"{webhook_id}:{event['n']}")
handle_event("evt_1", {"n": 1})
handle_event("evt_2", {"n": 2})
handle_event("evt_1", {"n": 1})
work_off(work)
is_down = False
work_off(work)
work_off(work)
print(*done)
`;

const python = pythonWith("sqlite3");
test.skipIf(python === undefined)(
  `handle_event.py does the work of an event once, and that which failed at the next pass${python === undefined ? " (NOT TESTED: no python3)" : ""}`,
  async () => {
    const folder = await makeTempDir("handle-event");
    await copyFile(join(EXAMPLES, "handle_event.py"), join(folder, "handle_event.py"));
    const { stdout, stderr } = spawnSync(python ?? "", ["-B", "-c", IN_PYTHON], { cwd: folder });
    expect(stderr.toString()).toBe("");
    expect(stdout.toString()).toBe("evt_2:2 evt_1:1\n");
  },
);
