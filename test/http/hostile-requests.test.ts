import { beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Answer, problem } from "../harness/api-client.ts";
import { ACCEPTED_HEADERS, REFUSED_HEADERS, REFUSED_KEYS } from "./hostile-headers.ts";
import { ACCEPTED_URLS, REFUSED_URLS } from "../agents/hostile-urls.ts";
import { useApi } from "../harness/process/start-service.ts";

failOnLeaks();

const started = useApi();
beforeAll(async () => {
  await started.admin.post({ agent_id: "bob", agent_display_name: "Bob" });
});

const SUB = { event_type: "call_completed", callback_url: "https://a.example.com/" };
const FIRST = "event_subscriptions.0";
const edit = (event_subscriptions: unknown, rest: object = {}) => ({
  operation: "edit_event_subscriptions",
  agent_id: "bob",
  event_subscriptions,
  ...rest,
});
const patchWith = (rest: object) => started.writer.patch(edit([{ ...SUB, ...rest }]));
const errorsOf = ({ body }: Answer) =>
  (body?.["errors"] ?? []) as { path: string; message: string }[];

/** An answer in short, for a table of many: what it is, and where it says that the fault lies. */
const inShort = (answer: Answer): string => {
  const code = typeof answer.body?.["code"] === "string" ? answer.body["code"] : "ok";
  const paths = errorsOf(answer).map(({ path }) => path);
  return [answer.status, code, ...new Set(paths)].join(" ");
};

const versionNow = async () => (await started.reader.get("/agent/v1/bob")).body?.["version"];

describe("callback URLs", () => {
  test.each(REFUSED_URLS)("with %s are refused, and nothing is stored", async (_what, urls) => {
    const before = await versionNow();
    const found = [];
    for (const url of urls) found.push([url, inShort(await patchWith({ callback_url: url }))]);
    expect(found).toEqual(urls.map((url) => [url, `422 validation_failed ${FIRST}.callback_url`]));
    expect(await versionNow()).toBe(before);
  });

  test("that are public are taken, in their normal form", async () => {
    const found = [];
    for (const [url] of ACCEPTED_URLS) {
      const { status, body } = await patchWith({ callback_url: url });
      const [stored] = (body?.["event_subscriptions"] ?? []) as { callback_url: string }[];
      found.push([url, status, stored?.callback_url]);
    }
    expect(found).toEqual(ACCEPTED_URLS.map(([url, stored = url]) => [url, 200, stored]));
  });

  test("are at least 120", () => {
    const refused = REFUSED_URLS.flatMap(([, urls]) => urls);
    const all = new Set([...refused, ...ACCEPTED_URLS.map(([url]) => url)]);
    expect(all.size).toBe(refused.length + ACCEPTED_URLS.length);
    expect(all.size).toBeGreaterThanOrEqual(120);
  });

  test("on a port that is not allowed are told which ones are", async () => {
    const [error] = errorsOf(await patchWith({ callback_url: "https://example.com:9443/" }));
    expect(error?.message).toBe("names port 9443, which is not one of 443, 8443");
  });
});

const exactly = (headers: object, path: string) =>
  [FIRST, "headers", ...("" in headers || path !== "" ? [path] : [])].join(".");

describe("headers of a subscription", () => {
  test.each(REFUSED_HEADERS)("with %s are refused, and nothing is stored", async (_what, rows) => {
    const before = await versionNow();
    const found = [];
    for (const [headers] of rows) found.push([headers, inShort(await patchWith({ headers }))]);
    expect(found).toEqual(
      rows.map(([headers, path]) => [headers, `422 validation_failed ${exactly(headers, path)}`]),
    );
    expect(await versionNow()).toBe(before);
  });

  test.each(REFUSED_KEYS)("named %s are refused as keys", async (name) => {
    const headers = JSON.parse(`{${JSON.stringify(name)}: "x"}`) as object;
    expect(await patchWith({ headers })).toMatchObject(problem(400, "invalid_json"));
  });

  test("that a request may have are taken as they are", async () => {
    for (const headers of ACCEPTED_HEADERS) {
      const { status, body } = await patchWith({ headers });
      const [stored] = (body?.["event_subscriptions"] ?? []) as { headers: object }[];
      expect([status, stored?.headers]).toEqual([200, headers]);
    }
  });

  test("are at least 120", () => {
    const refused = REFUSED_HEADERS.flatMap(([, rows]) => rows);
    const all = new Set([
      ...refused.map(([headers]) => headers),
      ...ACCEPTED_HEADERS,
      ...REFUSED_KEYS,
    ]);
    expect(all.size).toBeGreaterThanOrEqual(120);
  });
});

const send = (body: string, contentType = "application/json") =>
  started.writer.raw("/agent/v1", {
    method: "PATCH",
    headers: { "content-type": contentType },
    body,
  });

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("a body", () => {
  test.each([
    ["nothing", "", "is empty"],
    ["a byte-order mark", "\ufeff{}", "byte-order mark"],
    ["what is no JSON", "{'a': 1}", "is not valid JSON at position 1"],
    ["two texts", "{} {}", "is not valid JSON"],
    ["a comment", "{} // x", "is not valid JSON"],
    ["NaN", '{"agent_id": NaN}', "is not valid JSON"],
    ["a key twice", '{"agent_id":"a","agent_id":"b"}', "a key twice in one object at agent_id"],
    ["a key twice in disguise", '{"agent_id":"a","\\u0061gent_id":"b"}', "a key twice"],
    ["a key twice far inside", '{"a":[{"headers":{"x":"1","x":"2"}}]}', "at a.[].headers.x"],
    ["__proto__", '{"__proto__":{"scope":"admin"}}', "refused everywhere at __proto__"],
    ["constructor", '{"a":{"constructor":{"prototype":{}}}}', "at a.constructor"],
    ["33 levels", nested(33), "nested deeper than 32 levels"],
    ["a hundred thousand levels", nested(100_000), "nested deeper than 32 levels"],
  ])("with %s is refused with 400", async (_what, body, detail) => {
    const answer = await send(body);
    expect(answer).toMatchObject(problem(400, "invalid_json"));
    expect(answer.body?.["detail"]).toContain(detail);
  });

  test("of 32 levels is read", async () => {
    expect(await send(nested(32))).toMatchObject(problem(422, "validation_failed"));
  });

  test.each([
    ["NUL in a name", { agent_id: "n", agent_display_name: "a\0b" }, "agent_display_name"],
    [
      "half a pair in a name",
      { agent_id: "n", agent_display_name: "\ud83d" },
      "agent_display_name",
    ],
    ["NUL in a field that is not known", { agent_display_name: "x", "a\0": 1 }, "a\0"],
    ["NUL in an id", { agent_id: "a\0", agent_display_name: "x" }, "agent_id"],
  ])("with %s is refused with its path", async (_what, body, path) => {
    const answer = await started.admin.post(body);
    expect(inShort(answer)).toBe(`422 validation_failed ${path}`);
    expect(errorsOf(answer)[0]?.message).toMatch(/NUL|surrogate/);
  });

  test.each([
    ["51 elements", edit(Array.from({ length: 51 }, () => SUB)), "holds 51 subscriptions"],
    [
      "100,000 elements",
      edit(Array.from({ length: 100_000 }, () => 1)),
      "holds 100000 subscriptions",
    ],
    [
      "51 event types in two elements",
      edit([
        { ...SUB, event_type: Array.from({ length: 50 }, () => "call_completed") },
        { ...SUB, event_type: "recording_completed" },
      ]),
      "names 51 subscriptions",
    ],
  ])("with %s has too many subscriptions", async (_what, body, message) => {
    const answer = await started.writer.patch(body);
    expect(inShort(answer)).toBe("422 validation_failed event_subscriptions");
    expect(errorsOf(answer)[0]?.message).toContain(`${message}: at most 50`);
  });

  test("with one thing wrong among many right ones changes nothing", async () => {
    const before = await versionNow();
    const right = { ...SUB, event_type: "recording_completed" };
    const wrong = { ...SUB, callback_url: "https://localhost/" };
    const answer = await started.writer.patch(edit([right, wrong]));
    expect(inShort(answer)).toBe("422 validation_failed event_subscriptions.1.callback_url");
    expect(await versionNow()).toBe(before);
  });

  test("with thousands of things wrong is told a hundred of them", async () => {
    const rest = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`f${n}`, 1]));
    const answer = await started.writer.patch(edit([SUB], rest));
    expect(errorsOf(answer)).toHaveLength(100);
  });

  test("that names what there is none of is told so, with what there is", async () => {
    const [error] = errorsOf(await patchWith({ method_type: "GET" }));
    expect(error?.message).toBe(`must be one of PUT, POST, PATCH, got "GET"`);
  });
});

describe("a content type", () => {
  test.each([
    "application/json",
    "APPLICATION/Json",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    'application/json; CHARSET="utf-8"',
  ])("%s is JSON", async (type) => {
    expect(await send("{}", type)).toMatchObject(problem(422, "validation_failed"));
  });

  test.each([
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "application/jsonx",
    "application/json+x",
    "application/vnd.api+json",
    "application/merge-patch+json",
    "application/json\tx",
    "application/json\t;charset=utf-8",
    "application/json ;charset=utf-8",
    "application/json;\tcharset=utf-8",
    "application/json;  charset=utf-8",
    "application/json; charset=utf-16",
    "application/json; charset=latin1",
    "application/json;charset=utf-8;x=y",
    "application/json;",
    "application/json; x",
    "application/json, text/plain",
    "application /json",
    "application/ json",
    "application/json; charset = utf-8",
    "multipart/form-data; boundary=application/json",
    "*/*",
    "json",
    "",
  ])("'%s' is not", async (type) => {
    const answer = await send("{}", type);
    expect(answer).toMatchObject(problem(415, "unsupported_media_type"));
    expect(answer.body?.["detail"]).toContain("application/json");
  });

  test("does not count together with an encoding", async () => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const answer = await started.writer.raw("/agent/v1", { method: "PATCH", headers, body: "{}" });
    expect(answer).toMatchObject(problem(415, "unsupported_media_type"));
  });
});

test("a body where there is none to be changes nothing and breaks nothing", async () => {
  for (const [type, status] of [
    ["application/json", 404],
    ["text/plain", 415],
  ] as const) {
    const headers = { "content-type": type };
    const answer = await started.admin.raw("/agent/v1/nobody", {
      method: "DELETE",
      headers,
      body: "{}",
    });
    expect(answer.status).toBe(status);
  }
  const headers = { "content-type": "application/json" };
  expect((await started.admin.raw("/agent/v1/nobody", { method: "DELETE", headers })).status).toBe(
    404,
  );
});
