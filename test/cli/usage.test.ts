import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { linkedRingback, ringback, runProgram } from "./run-ringback.ts";

failOnLeaks();

const KEY = { RINGBACK_API_KEY: "rb_k1_0123456789" };
/** Nothing listens there. */
const NOWHERE = { ...KEY, RINGBACK_API_URL: "http://127.0.0.1:1" };

test("the help names every command", async () => {
  const run = await ringback(["--help"]);
  const names = [
    ...run.stdout.matchAll(/^ {2}([a-z][a-z-]*)(?: \[options\])?(?: [<[].*)? {2,}\w/gm),
  ];
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(names.map(([, name]) => name)).toEqual([
    "listen",
    "trigger",
    "publish",
    "events",
    "attempts",
    "dead-letters",
    "payload",
    "redeliver",
    "agents",
    "subscribe",
    "unsubscribe",
    "rotate",
    "endpoints",
    "keys",
    "portal-sessions",
    "audit",
    "workspaces",
    "help",
  ]);
});

test.concurrent.each([
  ["listen", /\[url\].*--secret <whsec_…>.*--header.*--print/s],
  ["trigger", /<event_type>.*call_completed.*--agent/s],
  ["publish", /<file>.*--agent.*--call.*--type.*--id/s],
  ["events", /\[event_id\].*--limit.*--status <statuses>.*dead_lettered/s],
  ["attempts", /--agent.*--type.*--since.*--event.*--status/s],
  ["dead-letters", /--agent.*--reason <reasons>.*exhausted/s],
  ["payload", /<event_id>/],
  ["redeliver", /--since <time>.*--rate <n>.*--dry-run.*--watch/s],
  ["agents", /\[agent_id\]/],
  ["subscribe", /<agent_id>.*<event_types>.*<url>.*--method.*POST.*--header.*--order/s],
  ["unsubscribe", /<agent_id>.*\[event_types\].*--all/s],
  ["rotate", /--type.*--overlap.*24h.*--scheme.*--secret-stdin/s],
  ["endpoints", /See:.* list .* match .*Set:.* create .*Switch off and on:.* pause .* test /s],
  ["endpoints list", /--agent.*--event-type.*--state <states>.*healthy/s],
  ["endpoints show", /<endpoint>.*--at <time>/s],
  ["endpoints match", /--event-type.*--agent.*--data <json>/s],
  ["endpoints history", /<endpoint>.*--limit/s],
  ["endpoints create", /<url>.*--uid.*--agent.*--event-type.*--filter.*--order.*wait.*--max-wait/s],
  ["endpoints edit", /<endpoint>.*--url.*--metadata.*--unset <fields>.*filter/s],
  ["endpoints delete", /<endpoint>/],
  ["endpoints rotate", /<endpoint>.*--overlap.*24h.*--scheme.*--secret-stdin/s],
  ["endpoints pause", /<endpoint>/],
  ["endpoints resume", /<endpoint>/],
  ["endpoints disable", /<endpoint>.*--events <what>.*hold/s],
  ["endpoints enable", /<endpoint>/],
  ["endpoints test", /<endpoint>.*--event-type/s],
])("ringback %s --help has its options and an example", async (command, text) => {
  const run = await ringback([...command.split(" "), "--help"]);
  expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(text), stderr: "" });
  expect(run.stdout).toMatch(/Global Options:.*--json.*--utc/s);
  expect(run.stdout).toMatch(new RegExp(`Examples:\n  # .+\n  ringback ${command}`));
});

test("`npx ringback` runs the command that npm links", async () => {
  expect(await linkedRingback(["--version"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
  expect(await linkedRingback(["agents"], NOWHERE)).toMatchObject({ code: 1, stdout: "" });
});

const ROOT = join(import.meta.dirname, "../..");
const ENTRIES = ["node_modules/.bin/ringback", "services/subscriptions", "services/dispatcher"];

/** Node.js as these tests run on says that it is an older one; machines have a really old one or not. */
const POSES_AS_OLD = [
  "--import",
  `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})`,
];
const REALLY_OLD = ["/usr/local/bin/node", "/usr/bin/node"].filter(
  (path) => existsSync(path) && !/^v(2[4-9]|[3-9]\d)\./.test(versionOf(path)),
);

function versionOf(node: string): string {
  return execFileSync(node, ["--version"], { encoding: "utf8", env: {} });
}

test.each(ENTRIES)("on an old Node.js %s says in one line what to use", async (entry) => {
  const path = join(ROOT, entry);
  const runs = [
    await runProgram(process.execPath, [...POSES_AS_OLD, path], {}),
    ...(await Promise.all(REALLY_OLD.map((node) => runProgram(node, [path], {})))),
  ];
  const use = `export PATH="${ROOT}/node_modules/.bin:$PATH"`;
  for (const run of runs) {
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr.replace(/v\d+\.\d+\.\d+/, "<version>")).toBe(
      `ringback needs Node.js 24 or newer; this is <version>: run \`${use}\`\n`,
    );
  }
});

test.concurrent.each([
  [["lisen"], KEY, "unknown command 'lisen' (Did you mean listen?) (ringback --help)"],
  [["agents"], {}, "there is no API key: set RINGBACK_API_KEY"],
  [["agents"], { RINGBACK_API_KEY: "rb_k1_\u0000" }, "a key is rb_<id>_<secret>"],
  [["agents", "--all"], KEY, "unknown option '--all'"],
  [["agents", "--api", "localhost"], KEY, "the API's URL is 'localhost': expected one such as"],
  [["listen"], KEY, "give a URL such as http://localhost:3000/hook, or --print"],
  [["listen", "localhost:3000"], KEY, "'localhost:3000' is no URL: expected one such as"],
  [["listen", "http://localhost:3000", "--secret", "s3cret"], KEY, "must begin with whsec_"],
  [["listen", "--print", "--type", "Call"], KEY, "'Call' is invalid. Did you mean call_started"],
  [["listen", "--print", "--header", "X-Debug"], KEY, "Expected 'Name: value'."],
  [["listen", "--print", "--header", "Host: a"], KEY, "Host is set by the platform"],
  [["trigger", "call_completed"], KEY, "required option '--agent <agent_id>'"],
  [["trigger", "?", "--agent", "a1"], KEY, "Expected one of call_started, call_completed"],
  [["events", "--limit", "0"], KEY, "--limit is '0': expected a whole number from 1"],
  [["events", "--since", "yesterday"], KEY, "--since is 'yesterday': expected"],
  [["events", "--status", "dead"], KEY, "'dead' is invalid. Did you mean dead_lettered?"],
  [["events", "evt_1_1", "--agent", "a1"], KEY, "--agent does not go with a named event"],
  [["attempts", "--status", "ok"], KEY, "Expected one of delivered, failed, cancelled."],
  [["attempts", "--event", "e", "--agent", "a1"], KEY, "--agent does not go with --event"],
  [["redeliver"], KEY, "name an event, or say --since when"],
  [["redeliver", "evt_1_1", "--since", "1h"], KEY, "--since does not go with named events"],
  [["redeliver", "--since", "1h", "--rate", "0"], KEY, "--rate is '0': expected"],
  [["redeliver", "--since", "1h", "--rate", "1001"], KEY, "--rate is '1001': expected"],
  [["subscribe", "a1", "call_complete,x!", "https://a.b"], KEY, "is invalid"],
  [["subscribe", "a1", "call_completed", "a.b/c"], KEY, "'a.b/c' is no URL"],
  [
    ["subscribe", "a1", "call_completed", "https://a.b", "--method", "GET"],
    KEY,
    "POST, PUT, PATCH",
  ],
  [
    ["subscribe", "a1", "call_completed", "https://a.b", "--max-wait", "5m"],
    KEY,
    "--max-wait goes with --order: wait or skip",
  ],
  [["unsubscribe", "a1", "call_completed", "--all"], KEY, "give event types or --all"],
  [["rotate", "a1", "--overlap", "soon"], KEY, "--overlap is 'soon': expected a duration"],
  [["rotate", "a1", "--secret-stdin"], KEY, "the secret on stdin must begin with whsec_"],
  [["endpoints", "lst"], KEY, "unknown command 'endpoints lst': did you mean list?"],
  [["endpoints", "get", "crm"], KEY, "unknown command 'endpoints get': there are list, show,"],
  [["endpoints", "--state", "paused"], KEY, "unknown option '--state' (ringback endpoints --help)"],
  [["endpoints", "list", "--state", "off"], KEY, "Expected one of healthy, paused, disabled."],
  [["endpoints", "show"], KEY, "missing required argument 'endpoint'"],
  [["endpoints", "show", ".."], KEY, "'..' is no endpoint's uid, or id such as ep_"],
  [["endpoints", "delete", "match"], KEY, "'match' is no endpoint's uid, or id such as ep_"],
  [["endpoints", "show", "crm", "--at", "soon"], KEY, "--at is 'soon': expected"],
  [["endpoints", "create", "a.b/c"], KEY, "'a.b/c' is no URL"],
  [["endpoints", "create", "https://a.b", "--uid", "a b"], KEY, "must be 1 to 128 characters of"],
  [["endpoints", "create", "https://a.b", "--type", "*call*"], KEY, "It must be the name of an"],
  [
    ["endpoints", "create", "https://a.b", "--type", "Call_Completed"],
    KEY,
    "Did you mean call_completed",
  ],
  [["endpoints", "create", "https://a.b", "--metadata", "team"], KEY, "Expected name=value."],
  [["endpoints", "create", "https://a.b", "--max-wait", "1m"], KEY, "--max-wait goes with --order"],
  [
    ["endpoints", "create", "https://a.b", "--order", "never"],
    KEY,
    "Allowed choices are wait, skip",
  ],
  [
    ["endpoints", "create", "https://a.b", "--order", "wait", "--max-wait", "soon"],
    KEY,
    "--max-wait is 'soon': expected a duration such as",
  ],
  [
    ["endpoints", "create", "https://a.b", "--filter", "{"],
    KEY,
    "--filter is not valid JSON at position 1 (line 1 column 2): expected JSON, or @ and",
  ],
  [
    ["endpoints", "create", "https://a.b", "--filter", '{"data": {"n": 1, "n": 2}}'],
    KEY,
    "--filter has a key twice in one object at data.n",
  ],
  [
    ["endpoints", "create", "https://a.b", "--filter", "@no-such-file"],
    KEY,
    "'no-such-file' cannot be read: there is no such file",
  ],
  [
    ["endpoints", "create", "https://a.b", "--filter", "@-", "--delivery", "@-"],
    KEY,
    "--filter and --delivery cannot both come from stdin",
  ],
  [["endpoints", "edit", "crm"], KEY, "name what changes, such as --url or --unset filter"],
  [["endpoints", "edit", "crm", "--url", "a.b"], KEY, "'a.b' is no URL"],
  [["endpoints", "edit", "crm", "--unset", "filte"], KEY, "Did you mean filter?"],
  [
    ["endpoints", "edit", "crm", "--filter", "{}", "--unset", "filter"],
    KEY,
    "filter is set and unset",
  ],
  [["endpoints", "match", "--agent", "a1"], KEY, "required option '--type, --event-type"],
  [["endpoints", "rotate", "crm", "--overlap", "soon"], KEY, "--overlap is 'soon': expected"],
  [["endpoints", "disable", "crm", "--events", "drop"], KEY, "Allowed choices are hold, discard"],
  [["publish", "no-such-file"], KEY, "'no-such-file' cannot be read: there is no such file"],
])("ringback %j is a mistake: one line says it, and it ends with 2", async (args, env, text) => {
  const run = await ringback(args, env);
  expect(run).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(text) });
  expect(run.stderr).toMatch(/^ringback: [^\n]+\n$/);
});

test("without a command the help is shown, and it ends with 2", async () => {
  const run = await ringback([]);
  expect(run).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Usage: ") });
});

test("where no API is, it says so and ends with 1", async () => {
  const run = await ringback(["agents"], NOWHERE);
  expect(run).toMatchObject({ code: 1, stdout: "" });
  expect(run.stderr).toMatch(
    /^ringback: nothing answers at http:\/\/127.0.0.1:1\/ca\/api\/v0 \([^\n]+\): start it \(make up\)[^\n]+\n$/,
  );
});

test.each([
  [200, "<html>welcome</html>", "what is not understood here"],
  [404, "no such page", "404 with text/plain"],
  [302, "", "302 with nothing"],
])("what answers %i and is no API is not taken for one", async (status, body, came) => {
  const server: Server = createServer((_request, response) => {
    response.writeHead(status, body === "no such page" ? { "content-type": "text/plain" } : {});
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const run = await ringback(["agents", "--api", `http://127.0.0.1:${port}`], KEY);
  server.closeAllConnections();
  server.close();
  expect(run).toMatchObject({ code: 1, stdout: "" });
  expect(run.stderr).toContain(
    `answered ${came}, which is not Ringback's API: check RINGBACK_API_URL`,
  );
});

test.each(["a\r\nx-api-key: b", "naïve", "", '"quoted"', "x".repeat(248)])(
  "an --id that no header can have is a mistake of usage: %j",
  async (id) => {
    const run = await ringback(["publish", "-", "--id", id], NOWHERE, { stdin: "{}" });
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining("visible ASCII") });
  },
);
