import { createLogger } from "@ringback/runtime/telemetry/logger";
import { followLastPerSubject } from "@ringback/runtime/streams/last-per-subject";
import { connectNats } from "@ringback/runtime/nats/connection";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startConfiguredServer } from "./configured-server.ts";

failOnLeaks();

const KIB = 1_024;

/** What the server keeps for a connection before it cuts it off: an eighth of the usual, to be soon there. */
const MAX_PENDING = 8 * 1_024 * KIB;
/** An eighth of what one message may usually have; all of them are three times what is kept. */
const AGENT = "x".repeat(128 * KIB);
const AGENTS = 200;

test("agents that are more than a server keeps for a connection are all read, and the connection holds", async () => {
  const server = await startConfiguredServer(`max_pending: ${MAX_PENDING}`);
  const log = createLogger("test", "fatal");
  const nats = await connectNats(
    parseSettings(commonSettings, { NATS_URL: server.url }),
    "test",
    log,
  );
  await nats.jsm.streams.add({ name: "SUBSCRIPTIONS", subjects: ["subscriptions.>"] });
  for (let n = 0; n < AGENTS; n += 1) await nats.js.publish(`subscriptions.w1.a${n}`, AGENT);
  const read = new Set<string>();
  const values = followLastPerSubject({
    nats,
    stream: "SUBSCRIPTIONS",
    filter: "subscriptions.>",
    apply: ({ subject }) => {
      if (read.size === 0) beBusy(500);
      read.add(subject);
    },
    onStreamLost: () => undefined,
    log,
  });
  await eventually(() => values.isCaughtUp(), { timeoutMs: 10_000, what: "all agents are read" });
  expect(read.size).toBe(AGENTS);
  expect(server.log()).not.toMatch(/slow consumer/i);
  await values.stop();
  await nats.connection.close();
  await server.stop();
}, 60_000);

/** Reads nothing meanwhile, as a process does that has other things to do. */
const beBusy = (ms: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
