import { createLogger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import { keyRing } from "@ringback/runtime/secrets/sealing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withFailingCalls, type Fault } from "../../../../test/harness/nats/failing-calls.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { startStreams, type Streams } from "../../../../test/lists/streams.ts";
import { entityHistory } from "../commands/entity-history.ts";
import { entityStore } from "../commands/entity-store.ts";
import { handleCommand } from "../commands/handle-command.ts";
import { runOnce } from "../commands/run-once.ts";
import { CLAIM_MS } from "../idempotency/decide/claim.ts";
import { requestStore } from "../idempotency/request-store.ts";
import type { EndpointCommand } from "./decide/endpoint-command.ts";
import {
  addressIn,
  ENDPOINT_COMMANDS,
  ENDPOINTS,
  type EndpointCommandDeps,
} from "./endpoint-commands.ts";

failOnLeaks();

let streams: Streams;
beforeAll(async () => {
  streams = await startStreams();
});
afterAll(() => streams.stop());

const START_MS = Date.parse("2026-01-01T00:00:00.000Z");
/** How far NATS's clock may be behind what is known of it. */
const SLACK_MS = 40;
const sealer = keyRing([]);

const depsOf = (nats: Nats, nowMs = START_MS): EndpointCommandDeps => ({
  kind: ENDPOINT_COMMANDS,
  store: entityStore(ENDPOINTS, { nats, sealer, log: createLogger("test", "silent") }),
  requests: requestStore(nats, { admitKey: () => undefined }),
  limits: { admitChange: () => undefined },
  now: () => new Date(nowMs),
  passed: () => new Date(nowMs - SLACK_MS),
  random: () => 0,
  onChange: () => undefined,
  onConflict: () => undefined,
});

let requests = 0;
/** A request for a new endpoint, whose id differs each time that it comes: the service chooses it. */
const newRequest = () => {
  requests += 1;
  const keyHash = String(requests).padStart(64, "a");
  return { keyHash, requestHash: "b".repeat(64) };
};

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
let ids = 0;
const createAny = (): EndpointCommand => {
  ids += 1;
  const suffix = `${LETTERS[Math.floor(ids / 26) % 26]}${LETTERS[ids % 26]}`;
  return {
    kind: "create_endpoint",
    endpoint: { workspace_id: "w1", endpoint_id: `ep_${suffix.padStart(16, "a")}` },
    settings: {
      url: "https://a.example.com/",
      method_type: "POST",
      headers: {},
      agents: ["*"],
      event_types: ["*"],
    },
    key: {
      id: "k1",
      created_at: new Date(START_MS).toISOString(),
      scheme: "v1",
      secret: "whsec_1",
    },
  };
};

const endpointCount = async (): Promise<number> => {
  const filter = "subscriptions.w1._endpoint.*";
  const { state } = await streams.nats.jsm.streams.info("SUBSCRIPTIONS", {
    subjects_filter: filter,
  });
  return Object.keys(state.subjects ?? {}).length;
};

test.each<Fault>(["before", "after"])(
  "a request with an Idempotency-Key makes one endpoint, whichever call gets no reply (%s), when it is repeated",
  async (fault) => {
    let faults = 0;
    for (let n = 1; faults === n - 1; n += 1) {
      const [key, context] = [newRequest(), { actor: "k" }];
      const before = await endpointCount();
      const isFaulty = (call: number): boolean => call === n && (faults += 1) > 0;
      const nats = withFailingCalls(streams.nats, (call) => (isFaulty(call) ? fault : undefined));
      const first = await runOnce(createAny(), context, key, depsOf(nats)).catch(() => undefined);
      // The process may have died with its claim: another one waits for its end.
      const later = depsOf(streams.nats, START_MS + CLAIM_MS);
      const second = await runOnce(createAny(), context, key, later);
      const created = { kind: "accepted", state: { kind: "present", version: 1 } };
      expect(second).toMatchObject({ kind: "done", result: created });
      expect([undefined, { ...second, isRepeat: false }]).toContainEqual(first);
      expect(await endpointCount()).toBe(before + 1);
      const third = await runOnce(createAny(), context, key, later);
      expect(third).toEqual({ ...second, isRepeat: true });
    }
    // The key, the endpoint twice, the claim, the endpoint, the key's decision.
    expect(faults).toBeGreaterThanOrEqual(5);
  },
);

test("an id that no endpoint can have is absent, without a question to NATS", async () => {
  const nats = withFailingCalls(streams.nats, () => "before");
  const { store } = depsOf(nats);
  const history = entityHistory({ kind: ENDPOINTS, nats, sealer });
  for (const text of ["", "match", "a b", "*", ">", "-x", "x".repeat(200)]) {
    const address = addressIn("w1", text);
    expect(await store.read(address)).toEqual({ state: ENDPOINTS.initial, seq: 0 });
    expect(await history.stateAt(address, START_MS)).toEqual(ENDPOINTS.initial);
    expect(await history.changes(address, { limit: 10, beforeSeq: undefined })).toEqual({
      entries: [],
    });
  }
});

test("an endpoint that is switched off holds events from a time on that NATS's clock has passed", async () => {
  const deps = depsOf(streams.nats);
  const command = createAny();
  const { endpoint } = command;
  expect((await handleCommand(command, { actor: "k" }, deps)).kind).toBe("decided");
  const off: EndpointCommand = { kind: "switch_endpoint", endpoint, operation: { name: "pause" } };
  const at = new Date(START_MS - SLACK_MS).toISOString();
  expect(await handleCommand(off, { actor: "k" }, deps)).toMatchObject({
    result: { state: { endpoint: { held_since: at, updated_at: at } } },
  });
});
