import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { LINKED, ringback } from "./run-ringback.ts";

failOnLeaks();

const KEY = { RINGBACK_API_KEY: "rb_k1_0123456789" };
/** Nothing listens there. */
const NOWHERE = { ...KEY, RINGBACK_API_URL: "http://127.0.0.1:1" };

test.concurrent.each([
  [["--help"], /listen .*trigger .*events .*redeliver .*agents /s],
  [["listen", "--help"], /post events to a URL on this machine.*--secret <whsec_…>/s],
  [["trigger", "--help"], /<event_type>.*call_completed.*--agent/s],
  [["events", "--help"], /--status <status>.*dead_lettered.*--limit/s],
  [["redeliver", "--help"], /--since <time>.*--rate <n>.*--watch/s],
  [["agents", "--help"], /list the agents/],
])("ringback %j tells it on the output and ends with 0", async (args, text) => {
  const run = await ringback(args);
  expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(text), stderr: "" });
});

test("`npx ringback` runs the command that npm links", async () => {
  const run = await ringback(["--version"], {}, [LINKED]);
  expect(run).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
});

test.concurrent.each([
  [[], {}, /Usage: ringback/],
  [["lisen"], KEY, /unknown command 'lisen'/],
  [["agents"], {}, /there is no API key: give --key, or set RINGBACK_API_KEY/],
  [["agents", "--all"], KEY, /unknown option '--all'/],
  [["agents", "--api", "localhost"], KEY, /the API's URL is 'localhost'/],
  [["listen"], KEY, /missing required argument 'url'/],
  [["listen", "localhost:3000"], KEY, /'localhost:3000' is no URL/],
  [
    ["listen", "http://localhost:3000", "--secret", "s3cret"],
    KEY,
    /--secret must begin with whsec_/,
  ],
  [
    ["listen", "http://localhost:3000", "--type", "Call"],
    KEY,
    /Expected one of call_started, call_completed/,
  ],
  [["trigger", "call_completed"], KEY, /required option '--agent <agent_id>'/],
  [["trigger", "Call", "--agent", "a1"], KEY, /Expected one of call_started, call_completed/],
  [["events", "--limit", "0"], KEY, /--limit is '0': expected a whole number from 1/],
  [["events", "--since", "yesterday"], KEY, /--since is 'yesterday': expected/],
  [["redeliver"], KEY, /name an event, or say --since when/],
  [["redeliver", "evt_1_1", "--since", "1h"], KEY, /--since does not go with named events/],
  [["redeliver", "--since", "1h", "--rate", "0"], KEY, /--rate is '0': expected/],
])("ringback %j is a mistake: it is said, and it ends with 2", async (args, env, text) => {
  const run = await ringback(args, env);
  expect(run).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(text) });
});

test("where no API is, it says so and ends with 1", async () => {
  const run = await ringback(["agents"], NOWHERE);
  const stderr = expect.stringContaining("http://127.0.0.1:1/ca/api/v0 cannot be reached: ");
  expect(run).toEqual({ code: 1, stdout: "", stderr });
});

test("what answers and is no API is not taken for one", async () => {
  const server = createServer((_request, response) => response.end("<html>welcome</html>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const run = await ringback(["agents", "--api", `http://127.0.0.1:${port}`], KEY);
  server.close();
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("answered what is not understood here");
});
