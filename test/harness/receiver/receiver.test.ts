import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Behaviour, byPath, inTurn, status } from "./behaviour.ts";
import { eventually } from "../eventually.ts";
import { failOnLeaks } from "../process/leaks.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

failOnLeaks();

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.stop());

const BODY = '{"call_id":"c1"}';

/** Speaks plain TCP: what came back, and how the connection ended (or that it had not, yet). */
function rawExchange(path: string, enough: (text: string) => boolean = () => false) {
  return new Promise<{ text: string; end: string }>((resolve) => {
    const socket = connect(receiver.port, "127.0.0.1");
    let text = "";
    const finish = (end: string): void => {
      resolve({ text, end });
      socket.destroy();
    };
    socket.setEncoding("latin1").on("data", (part: string) => {
      text += part;
      if (enough(text)) finish("open");
    });
    socket.once("end", () => finish("closed"));
    socket.once("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Odd-Case: Yes\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    );
  });
}

test("a request is recorded as it was sent", async () => {
  await rawExchange("/recorded?a=1", (text) => text.includes("200 OK"));
  const [request] = await receiver.received(1, { path: "/recorded" });
  expect(request).toMatchObject({
    method: "POST",
    path: "/recorded?a=1",
    headers: { host: "x", "x-odd-case": "Yes" },
    rawHeaders: ["Host", "x", "X-Odd-Case", "Yes", "Content-Length", "16"],
  });
  expect(request?.body.toString()).toBe(BODY);
  expect(receiver.requestsTo("/recorded?a=1")).toHaveLength(1);
  expect(receiver.requestsTo("/recorded?a=2")).toHaveLength(0);
  await eventually(() => request?.closedAtMs ?? null);
});

test("waiting for more requests than come fails with the number that came", async () => {
  const waiting = receiver.received(2, { path: "/nobody", timeoutMs: 20 });
  await expect(waiting).rejects.toThrow("2 requests to /nobody: not within 20 ms; last error: 0");
});

test("a script answers each path in turn and stays with its last behaviour", async () => {
  receiver.setScript(byPath({ "/turns": inTurn(status(500), status(503), status(200)) }));
  const codes: number[] = [];
  for (const path of ["/turns", "/turns?x", "/elsewhere", "/turns", "/turns"]) {
    const response = await fetch(receiver.url(path), { method: "POST" });
    await response.arrayBuffer();
    codes.push(response.status);
  }
  expect(codes).toEqual([500, 503, 200, 200, 200]);
});

test("a redirect's target that nobody follows has no connection", async () => {
  const target = await startReceiver();
  receiver.setScript(status(302, { headers: { location: target.url("/target") } }));
  const response = await fetch(receiver.url("/redirect"), { redirect: "manual" });
  expect(response.headers.get("location")).toBe(target.url("/target"));
  expect(target.connections).toBe(0);
  await fetch(receiver.url("/redirect"));
  expect(target.connections).toBe(1);
  expect(target.requests[0]?.connection).toBe(1);
  await target.stop();
});

describe("what a client sees of each behaviour", () => {
  const cases: [Behaviour, (text: string) => boolean, { text: RegExp; end: string }][] = [
    [
      status(418, { headers: { "x-a": "b" }, body: "no" }),
      (text) => text.endsWith("no"),
      { text: /^HTTP\/1\.1 418 .*\r\nx-a: b\r\n/, end: "open" },
    ],
    [{ kind: "reset_before_reading" }, () => false, { text: /^$/, end: "ECONNRESET" }],
    [{ kind: "reset_after_reading" }, () => false, { text: /^$/, end: "ECONNRESET" }],
    [
      { kind: "drip_informational", everyMs: 5 },
      (text) => /(HTTP\/1\.1 102 Processing\r\n\r\n){4}/.test(text),
      { text: /^HTTP\/1\.1 102/, end: "open" },
    ],
    [
      { kind: "drip_header_bytes", everyMs: 5 },
      (text) => text.endsWith("xxxx"),
      { text: /^HTTP\/1\.1 200 OK\r\nx-drip: x+$/, end: "open" },
    ],
    [
      { kind: "endless_body", status: 200 },
      (text) => text.length > 100_000,
      { text: /^HTTP\/1\.1 200 OK\r\n/, end: "open" },
    ],
    [
      { kind: "broken_body", status: 200 },
      () => false,
      { text: /content-length: 1000\r\n[^]*\r\n\r\nless than 1000 bytes$/, end: "closed" },
    ],
    [{ kind: "half_answer" }, () => false, { text: /^HTTP\/1\.1 200 OK\r\nco\S+$/, end: "closed" }],
    [{ kind: "garbage" }, () => false, { text: /^SSH-2\.0/, end: "closed" }],
  ];

  test.each(cases)("$kind", async (behaviour, enough, expected) => {
    receiver.setScript(behaviour);
    const path = `/seen-${behaviour.kind}`;
    const seen = await rawExchange(path, enough);
    expect(seen.end).toBe(expected.end);
    expect(seen.text).toMatch(expected.text);
    const [request] = await receiver.received(1, { path });
    expect(request?.body.toString()).toBe(behaviour.kind === "reset_before_reading" ? "" : BODY);
  });

  test("hang: the request is read, and nothing comes until the client leaves", async () => {
    receiver.setScript({ kind: "hang" });
    const leaving = new AbortController();
    const asked = fetch(receiver.url("/hang"), { signal: leaving.signal });
    const [request] = await receiver.received(1, { path: "/hang" });
    expect(request?.closedAtMs).toBeNull();
    leaving.abort();
    await expect(asked).rejects.toThrow("aborted");
    await eventually(() => request?.closedAtMs ?? null);
  });

  test("late_status: the answer comes, but not before its time", async () => {
    receiver.setScript({ kind: "late_status", status: 200, afterMs: 100 });
    const startedAt = performance.now();
    expect((await fetch(receiver.url("/late"))).status).toBe(200);
    // Timers may fire up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  });
});

test("stop ends open connections and frees the port", async () => {
  const other = await startReceiver({ kind: "hang" });
  const asked = fetch(other.url("/"));
  await other.received(1);
  await Promise.all([other.stop(), expect(asked).rejects.toThrow("fetch failed")]);
  await expect(fetch(other.url("/"))).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
});
