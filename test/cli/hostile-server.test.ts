import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { ringback, startRingback } from "./run-ringback.ts";

failOnLeaks();

const KEY = { RINGBACK_API_KEY: "rb_k1_0123456789" };

/** What clears the screen, and the same in one character. */
const CLEAR = "\u001B[2J\u009B2J";

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
};

let keysSeenElsewhere: unknown[] = [];
const elsewhere = createServer(({ headers }, response) => {
  keysSeenElsewhere.push(headers["x-api-key"]);
  json(response, { agents: [], next_cursor: null });
});

const NO_EVENTS = { events: [], next_cursor: null };

let pages = 0;

const ROUTES: Readonly<Record<string, (response: ServerResponse) => void>> = {
  redirect: (response) => {
    const { port } = elsewhere.address() as AddressInfo;
    response.writeHead(302, { location: `http://localhost:${port}/` }).end();
  },
  html: (response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
  },
  problem: (response) => json(response, { code: "constructor", detail: `a${CLEAR}b` }, 400),
  agents: (response) =>
    json(response, {
      agents: [{ agent_id: `a${CLEAR}`, agent_display_name: "A", event_types: [`t${CLEAR}`] }],
      next_cursor: null,
    }),
  events: (response) => {
    const ids = { event_id: `e${CLEAR}`, event_type: "t", call_id: CLEAR, agent_id: "a" };
    const event = { ...ids, stored_at: CLEAR, status: "constructor" };
    const events = [event, event];
    json(response, { events, next_cursor: null });
  },
  endpoints: (response) => {
    const one = { endpoint_id: CLEAR, uid: CLEAR, url: CLEAR, filter: CLEAR, description: CLEAR };
    const state = { agents: [CLEAR], event_types: [CLEAR], state: CLEAR, state_since: CLEAR };
    const more = { method_type: CLEAR, headers: { [CLEAR]: CLEAR }, metadata: { [CLEAR]: CLEAR } };
    const times = { created_at: CLEAR, updated_at: CLEAR, version: 1 };
    const whole = { ...one, ...state, ...more, ...times, held_since: CLEAR };
    const change = { version: 1, type: CLEAR, at: CLEAR, actor: CLEAR, set: { [CLEAR]: null } };
    const others = [{ ...one, because: CLEAR, path: CLEAR }];
    const list = { endpoints: [whole], changes: [change], next_cursor: null };
    const matched = { agent_subscription: null, matches: [one], others };
    json(response, { ...whole, ...list, ...matched });
  },
  "same-cursor": (response) => json(response, { ...NO_EVENTS, next_cursor: "again" }),
  "new-cursors": (response) => {
    pages += 1;
    json(response, { ...NO_EVENTS, next_cursor: `page-${pages}` });
  },
  // The stream stays open: the message has no end.
  "large-message": (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${"x".repeat(9 * 2 ** 20)}`);
  },
  large: (response) => {
    // Compressed, it is a thousandth of what it comes to.
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(gzipSync(`{"agents":[],"next_cursor":null${" ".repeat(33 * 2 ** 20)}}`));
  },
  "large-problem": (response) =>
    json(response, { code: "x", detail: "y".repeat(33 * 2 ** 20) }, 400),
};

const server = createServer(({ url = "" }, response) => {
  ROUTES[url.split("/")[1] ?? ""]?.(response);
});

beforeAll(async () => {
  for (const one of [server, elsewhere]) {
    one.listen(0, "127.0.0.1");
    await once(one, "listening");
  }
});
afterAll(() => {
  for (const one of [server, elsewhere]) {
    one.closeAllConnections();
    one.close();
  }
});

const envOf = (route: string) => {
  const { port } = server.address() as AddressInfo;
  return { ...KEY, RINGBACK_API_URL: `http://127.0.0.1:${port}/${route}` };
};

const run = (route: string, command: string) =>
  ringback(command.split(" "), envOf(route), { columns: 100 });

test("a redirect is not followed: the key is for the address that was given", async () => {
  keysSeenElsewhere = [];
  expect(await run("redirect", "agents")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(
      /answered 302, a redirect to http:\/\/localhost:.*RINGBACK_API_URL/,
    ),
  });
  expect(keysSeenElsewhere).toEqual([]);
});

test.each(["agents", "agents agent-7", "agents agent-7 --json", "events evt_1_1 --json"])(
  "a page that is not the API's is a failure in one line, and is not printed: %s",
  async (command) => {
    expect(await run("html", command)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^ringback: .* is not Ringback's API: .*\n$/),
    });
  },
);

test.each([
  ["same-cursor", "ringback: the list /events goes on with the same page again\n"],
  ["new-cursors", "ringback: the list /events has not ended after 101 pages: narrow it\n"],
])("a list that never ends ends here: %s", async (route, text) => {
  expect(await run(route, "events")).toEqual({ code: 1, stdout: "", stderr: text });
});

test.each(["large", "large-problem"])("a response has an end: %s", async (route) => {
  expect(await run(route, "agents")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(
      /^ringback: \S+ answered more than 32 MiB, which is not Ring.*\n$/,
    ),
  });
});

test("a message of the live stream has an end: the connection counts as lost", async () => {
  const listening = startRingback(["listen", "--print"], envOf("large-message"));
  await listening.prints(/The connection is lost \([^)]*exceeded[^)]*\): again in 1 s/);
  expect(await listening.interrupt()).toBe(0);
  expect(listening.stdout()).toBe("");
});

test("a page that has more than was asked for is cut", async () => {
  const { stdout } = await run("events", "events --limit 1 --json");
  expect(stdout.split("\n")).toHaveLength(2);
});

test.each([
  ["problem", "agents", "ringback: a�[2J�2Jb (400 constructor)\n"],
  ["agents", "agents", "t�[2J�2J"],
  ["events", "events", "constructor"],
  ["endpoints", "endpoints", "�[2J�2J"],
  ["endpoints", "endpoints show crm", "�[2J�2J"],
  ["endpoints", "endpoints edit crm --url https://a.b", "�[2J�2J"],
  ["endpoints", "endpoints pause crm", "�[2J�2J"],
  ["endpoints", "endpoints history crm", "�[2J�2J"],
  ["endpoints", "endpoints match --type call_started --agent a1", "�[2J�2J"],
])("nothing that a server says moves the cursor: %s", async (route, command, text) => {
  const { stdout, stderr } = await run(route, command);
  expect(stdout + stderr).toContain(text);
  expect(`${stdout}${stderr}`.match(/[^\P{Cc}\n]/gu)).toBeNull();
});
