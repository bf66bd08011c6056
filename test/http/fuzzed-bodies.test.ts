import { Agent, request as httpRequest } from "node:http";
import { readFile } from "node:fs/promises";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { dispatcherSettings } from "../../services/dispatcher/src/config.ts";
import { subscriptionsSettings } from "../../services/subscriptions/src/config.ts";
import { wrongRequests, type ApiDocument } from "./wrong-requests.ts";
import { anyBody, type AnyBody } from "./arbitrary-bodies.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

/** How many in all: `make fuzz` takes 100,000. */
const BODIES = Number(process.env["FUZZ_BODIES"] ?? "1500");
/** How many at once, each with an agent of its own. */
const LANES = 4;
/** Bodies between two looks at what is stored. */
const ROUND = 25;

let server: NatsServer;
let started: StartedService;
const agent = new Agent({ keepAlive: true, maxSockets: LANES });
beforeAll(async () => {
  server = await startNatsServer();
  started = await startOn(server, { env: { REQUESTS_PER_MINUTE_PER_KEY: "10000000" } });
});
afterAll(async () => {
  agent.destroy();
  await started.service.stop();
  await server.stop();
});

type Said = { readonly status: number; readonly type: string; readonly text: string };

const patch = ({ bytes, contentType }: Pick<AnyBody, "bytes" | "contentType">): Promise<Said> => {
  const said = Promise.withResolvers<Said>();
  const headers = {
    "x-api-key": started.keysFile.keys[1],
    "content-type": contentType,
    "content-length": bytes.length,
  };
  const url = started.service.httpUrl("/ca/api/v0/agent/v1");
  const sent = httpRequest(url, { method: "PATCH", agent, headers }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    answer.on("end", () => {
      const type = answer.headers["content-type"] ?? "";
      said.resolve({ status: answer.statusCode ?? 0, type, text });
    });
  });
  sent.on("error", said.reject).end(bytes);
  return said.promise;
};

const REFUSALS: Readonly<Record<number, readonly string[]>> = {
  400: ["invalid_json"],
  404: ["agent_not_found"],
  409: ["subscription_exists"],
  415: ["unsupported_media_type"],
  422: ["validation_failed", "duplicate_event_type"],
};

/** What no answer may hold: a trace, a path of ours, a name of a part inside. */
const INTERNALS = /\bat .+:\d+:\d+|node_modules|\.ts\b|FST_|Zod|JetStream|SUBSCRIPTIONS|nats:/;

const shown = ({ what, bytes }: AnyBody, { status, text }: Said): string =>
  `${what}: ${bytes.subarray(0, 2_000).toString("latin1")} → ${status} ${text.slice(0, 500)}`;

/** What is wrong with a refusal; nothing when it is one of those that a body may get. */
const faultIn = (said: Said, body: AnyBody): string => {
  const { code } = JSON.parse(said.text) as { readonly code: string };
  const isKnown = REFUSALS[said.status]?.includes(code) === true;
  const isProblem = said.type === "application/problem+json; charset=utf-8";
  // Paths are the caller's own words.
  const tells = INTERNALS.test(said.text.replaceAll(/"path":"(?:[^"\\]|\\.)*"/g, ""));
  return isKnown && isProblem && !tells ? "" : shown(body, said);
};

type Stored = { readonly version: number; readonly event_subscriptions: unknown };

/** Sends them one after the other; what was last answered with 200 is what has to be stored. */
const sendAll = async (
  agentId: string,
  bodies: readonly AnyBody[],
): Promise<Map<number, number>> => {
  const statuses = new Map<number, number>();
  const read = async (): Promise<Stored> => {
    const { body } = await started.writer.get(`/agent/v1/${agentId}`);
    return body as Stored;
  };
  let last = await read();
  for (const [n, body] of bodies.entries()) {
    const said = await patch(body);
    statuses.set(said.status, (statuses.get(said.status) ?? 0) + 1);
    if (said.status === 200) last = JSON.parse(said.text) as Stored;
    else expect(faultIn(said, body)).toBe("");
    if (n % ROUND !== 0 && n !== bodies.length - 1) continue;
    const { version, event_subscriptions } = last;
    expect({ after: shown(body, said), ...(await read()) }).toMatchObject({
      after: shown(body, said),
      version,
      event_subscriptions,
    });
  }
  return statuses;
};

test(
  `${BODIES} bodies are answered with what is wrong or carried out, wholly or not at all`,
  {
    timeout: 60_000 + BODIES * 20,
  },
  async () => {
    const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
    console.log(`FUZZ_SEED=${seed}`);
    const lanes = Array.from({ length: LANES }, (_, lane) => lane);
    const all = await Promise.all(
      lanes.map(async (lane) => {
        const agentId = `fuzzed-${lane}`;
        await started.admin.post({ agent_id: agentId, agent_display_name: agentId });
        const sums = new Map<number, number>();
        const perLane = Math.ceil(BODIES / LANES);
        for (let done = 0; done < perLane; done += 500) {
          const numRuns = Math.min(500, perLane - done);
          const bodies = fc.sample(anyBody(agentId), {
            numRuns,
            seed: seed + lane * 1_000_003 + done,
          });
          for (const [status, n] of await sendAll(agentId, bodies)) {
            sums.set(status, (sums.get(status) ?? 0) + n);
          }
        }
        return sums;
      }),
    );
    const total = new Map<number, number>();
    for (const [status, n] of all.flatMap((sums) => [...sums])) {
      total.set(status, (total.get(status) ?? 0) + n);
    }
    // Both ways were taken often, or this shows little.
    expect((await started.service.get("/readyz")).status).toBe(200);
    expect(
      started.service.logs.filter(({ level }) => level === "error" || level === "fatal"),
    ).toEqual([]);
  },
);

/** Words of zod, and of the parts inside. */
const NOT_FOR_CUSTOMERS =
  /Invalid input|received undefined|expected \w+, received|Unrecognized key|Too (?:big|small)|symbol|zod|undefined|\[object/i;
const SETTINGS = Object.keys({ ...dispatcherSettings, ...subscriptionsSettings });
const NAMES = new RegExp(`\\b(?:${[...SETTINGS, ...Object.values(STREAMS)].join("|")})\\b`);

test("no call says anything in zod's words, or names a setting or a stream, whatever is wrong", async () => {
  const requests = wrongRequests(await openApi());
  expect(requests.length).toBeGreaterThan(500);
  const refused = new Set<string>();
  const tells: string[] = [];
  await mapConcurrently(requests, LANES, async ({ method, path, body }) => {
    const headers = { "content-type": "application/json" };
    const said = await started.admin.raw(path, { method, headers, body: body ?? null });
    if (said.status < 400) return;
    refused.add(`${method} ${path.split("?")[0]}`);
    const { title, detail, errors = [] } = said.body as ProblemBody;
    const texts = [title, detail, ...errors.map(({ message }) => message)];
    const wrong = texts.filter((text) => NOT_FOR_CUSTOMERS.test(text) || NAMES.test(text));
    // On a machine that is busy the service may refuse a request with 503.
    if (wrong.length > 0 || said.status === 500) {
      tells.push(`${method} ${path} ${body?.slice(0, 200)}: ${said.status} ${wrong.join("; ")}`);
    }
  });
  expect(tells).toEqual([]);
  expect(refused.size).toBeGreaterThan(25);
});

type ProblemBody = {
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly { readonly message: string }[];
};

const openApi = async (): Promise<ApiDocument> =>
  JSON.parse(await readFile("docs/openapi.json", "utf8")) as ApiDocument;
