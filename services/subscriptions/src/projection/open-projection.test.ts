import { Buffer } from "node:buffer";
import { copyFileSync, openSync, closeSync, readdirSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../../test/harness/eventually.ts";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { makeTempDir } from "../../../../test/harness/temp-dir.ts";
import { startStreams, type Streams } from "../../../../test/lists/streams.ts";
import { openProjection, type OpenProjection } from "./open-projection.ts";

failOnLeaks();

const PAGE_BYTES = 4_096;

const ENTRY = { workspaceId: "w1", limit: 10 };

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
  const event = await streams.event();
  await streams.attempt(event);
  await streams.letter(event, "event_expired");
});
afterAll(() => streams.stop());

/** Opens the projection of these streams in a folder; each call to the server may fail. */
const opened = async (folder: string | undefined, faultOf: () => Fault | undefined) => {
  const fatal: unknown[] = [];
  const projection = await openProjection({
    nats: withFailingCalls(streams.nats, faultOf),
    origins: streams.origins,
    folder,
    attemptsMaxAgeMs: 86_400_000,
    now: Date.now,
    onStreamLost: (error) => fatal.push(error),
    onFatal: (error) => fatal.push(error),
    log: createLogger("test", "silent"),
  });
  return { ...projection, fatal };
};

const NEVER = (): undefined => undefined;

/** Waits until every list has what the streams have. */
const showsAll = (projection: OpenProjection): Promise<unknown> =>
  eventually(async () => {
    const { events, attempts, deadLetters } = projection;
    const lists = [await events(ENTRY), await attempts(ENTRY), await deadLetters(ENTRY)];
    expect(lists.map(({ rows }) => rows.length)).toEqual([1, 1, 1]);
    expect(await projection.deadLettersOf("w1", "unknown")).toEqual([]);
  });

/** The file of a projection that has applied everything, closed. */
const appliedFile = async () => {
  const folder = await makeTempDir("projection");
  const projection = await opened(folder, NEVER);
  await showsAll(projection);
  await projection.stop();
  return { folder, file: join(folder, "projection.sqlite") };
};

const damagePage = (file: string, page: number): void => {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Buffer.alloc(PAGE_BYTES, 0xff), 0, PAGE_BYTES, page * PAGE_BYTES);
  closeSync(descriptor);
};

test("whichever page of its file is damaged, it opens, is built again, and shows everything", async () => {
  const { folder, file } = await appliedFile();
  copyFileSync(file, `${file}.good`);
  const pages = statSync(file).size / PAGE_BYTES;
  expect(pages).toBeGreaterThan(20);
  for (let page = 0; page < pages; page += 1) {
    copyFileSync(`${file}.good`, file);
    damagePage(file, page);
    const projection = await opened(folder, NEVER);
    await showsAll(projection);
    await projection.stop();
    expect([page, projection.fatal]).toEqual([page, []]);
  }
}, 180_000); // some fifty pages, one for each table and index at least

/** The first page of the events' rows: a list of events meets damage there. */
const damageEvents = (file: string): void => {
  const db = new DatabaseSync(file);
  const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").get();
  db.close();
  damagePage(file, Number(root?.["rootpage"]) - 1);
};

test("while NATS is away a damaged index refuses queries, and is built again once NATS is back", async () => {
  const { folder, file } = await appliedFile();
  damageEvents(file);
  let isAway = false;
  let refused = 0;
  const projection = await opened(folder, () => {
    if (!isAway) return undefined;
    refused += 1;
    return "before";
  });
  isAway = true;
  const query = () => projection.events(ENTRY);
  await expect(query()).rejects.toThrow("the projection is damaged and rebuilt");
  await eventually(() => refused >= 6, { what: "it has tried twice to read three streams" });
  await expect(query()).rejects.toThrow("the projection is being rebuilt");
  expect(projection.lag().total).toBe(0);
  isAway = false;
  await showsAll(projection);
  await projection.stop();
  expect(projection.fatal).toEqual([]);
});

test("it can be stopped while it waits for NATS to build its index again", async () => {
  const { folder, file } = await appliedFile();
  damageEvents(file);
  let isAway = false;
  const projection = await opened(folder, () => (isAway ? "before" : undefined));
  isAway = true;
  await expect(projection.events(ENTRY)).rejects.toThrow("damaged");
  await projection.stop();
  expect(projection.fatal).toEqual([]);
});

test.each<Fault>(["before", "after"])(
  "one that cannot be opened because a call fails %s the server replies leaves nothing behind",
  async (when) => {
    await expect(opened(undefined, () => when)).rejects.toThrow("timeout");
    expect(ownFolders()).toEqual([]);
  },
);

const ownFolders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`ringback-projection-${process.pid}-`));
