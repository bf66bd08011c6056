import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import type { StreamConfig } from "@nats-io/jetstream";
import { expect, test } from "vitest";
import { generatedFiles } from "../../scripts/k8s.ts";
import { nackResources } from "../../scripts/k8s/nack.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { startNatsServer } from "../harness/nats/nats-server.ts";

failOnLeaks();

const ROOT = resolve(import.meta.dirname, "../..");

test("what is made of other files is as they are now: `make k8s` makes it again", async () => {
  for (const [path, text] of await generatedFiles()) {
    expect({ path, text: readFileSync(resolve(ROOT, path), "utf8") }).toEqual({ path, text });
  }
});

interface StreamResource {
  readonly kind: string;
  readonly spec: Readonly<Record<string, string | number | boolean | string[]>>;
}

const nanoseconds = (go: unknown): number =>
  typeof go === "string" && go !== "" ? Number.parseFloat(go) * 1e9 : 0;

/** What NACK asks NATS for: the same names in another spelling, durations in ns. */
const asNackDoes = ({ spec }: StreamResource): Partial<StreamConfig> & { name: string } => {
  return {
    name: spec["name"],
    subjects: spec["subjects"],
    storage: spec["storage"],
    num_replicas: spec["replicas"],
    retention: spec["retention"],
    discard: spec["discard"],
    max_age: nanoseconds(spec["maxAge"]),
    max_bytes: spec["maxBytes"],
    max_msgs: spec["maxMsgs"],
    max_msgs_per_subject: spec["maxMsgsPerSubject"],
    duplicate_window: nanoseconds(spec["duplicateWindow"]),
    allow_direct: spec["allowDirect"],
    allow_rollup_hdrs: spec["allowRollup"],
    allow_msg_schedules: spec["allowMsgSchedules"],
    allow_msg_ttl: spec["allowMsgTtl"],
  } as Partial<StreamConfig> & { name: string };
};

test("a nats-server with the streams of the custom resources is what the services want", async () => {
  const server = await startNatsServer();
  const client = await connectTo(server);
  try {
    const resources = nackResources({ STREAM_REPLICAS: "1" }) as StreamResource[];
    for (const resource of resources.filter(({ kind }) => kind === "Stream")) {
      await client.jsm.streams.add(asNackDoes(resource));
    }
    const wanted = wantedStreams(parseSettings(commonSettings, {}));
    const log = createLogger("test", "fatal");
    const never = AbortSignal.abort();
    const created = await ensureStreams(client.jsm, wanted, {
      log,
      signal: never,
      management: "verify",
    });
    expect([...created.keys()]).toEqual(wanted.map(({ name }) => name));
  } finally {
    await client.close();
    await server.stop();
  }
});
