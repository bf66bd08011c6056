import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byPath, status, type Behaviour } from "../../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { deliverTo, ended, story } from "../deliveries.ts";
import { OK, says, startTcpEndpoint } from "../../harness/receiver/failing-endpoints.ts";

failOnLeaks();

const MAX_EXCERPT_BYTES = 2_048;

let platform: Platform;
let receiver: Receiver;

const everyByte = Buffer.from(Array.from({ length: 5_000 }, (_, n) => n % 256));

const BODIES: Record<string, Behaviour> = {
  "/endless": { kind: "endless_body", status: 200 },
  "/broken-off": { kind: "broken_body", status: 200 },
  "/endless-500": { kind: "endless_body", status: 500 },
  "/broken-off-500": { kind: "broken_body", status: 500 },
  "/short": status(200, { body: '{"ok":true}' }),
  "/two-byte": status(200, { body: "é".repeat(5_000) }),
  "/two-byte-odd": status(200, { body: `a${"é".repeat(5_000)}` }),
  "/four-byte": status(200, { body: `ab${"😀".repeat(2_000)}` }),
  "/binary": status(200, { body: everyByte }),
  "/latin-1": status(200, { body: Buffer.alloc(5_000, 0xe9) }),
  "/encoded": status(200, { body: everyByte, headers: { "content-encoding": "gzip" } }),
};

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "300ms", DELIVERY_TIMEOUT: "5s" } }),
    startReceiver(byPath(BODIES)),
  ]);
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

const excerptOf = async (path: string): Promise<string> => {
  const event = await deliverTo(platform, receiver.url(path));
  const records = await ended(platform, event);
  expect(story(records)).toEqual(["1: delivered 200, done"]);
  return records[0]?.response?.body_excerpt ?? "";
};

describe("the status alone decides", () => {
  test.concurrent.each(["/endless", "/broken-off"])("200 is success: %s", async (path) => {
    const event = await deliverTo(platform, receiver.url(path));
    expect(story(await ended(platform, event))).toEqual(["1: delivered 200, done"]);
    expect(receiver.requestsTo(path)).toHaveLength(1);
  });

  test.concurrent.each(["/endless-500", "/broken-off-500"])("500 is none: %s", async (path) => {
    const event = await deliverTo(platform, receiver.url(path));
    expect(story(await ended(platform, event))).toEqual([
      "1: status 500, retry",
      "2: status 500, dead_letter",
    ]);
  });

  test("200 with a body in chunks that are none is success", async () => {
    const head = OK.replace("content-length: 0", "transfer-encoding: chunked");
    const endpoint = await startTcpEndpoint(says(`${head}not a chunk\r\n`));
    const event = await deliverTo(platform, endpoint.url("/hook"));
    const records = await ended(platform, event);
    await endpoint.stop();
    expect(story(records)).toEqual(["1: delivered 200, done"]);
  });

  test("200 with a body that never begins is success, and its duration counts up to the headers", async () => {
    const endpoint = await startTcpEndpoint(says(OK.replace("content-length: 0", "x: y")));
    const event = await deliverTo(platform, endpoint.url("/hook"));
    const records = await ended(platform, event);
    await endpoint.stop();
    expect(story(records)).toEqual(["1: delivered 200, done"]);
    expect(records[0]?.duration_ms).toBeLessThan(1_900); // the body is waited for, 2 s
  });
});

describe("the excerpt of an answer's body", () => {
  test.concurrent("is the whole of a short one", async () => {
    expect(await excerptOf("/short")).toBe('{"ok":true}');
  });

  test.concurrent("is the beginning of a long one, cut between characters", async () => {
    expect(await excerptOf("/two-byte")).toBe("é".repeat(1_024));
    expect(await excerptOf("/two-byte-odd")).toBe(`a${"é".repeat(1_023)}`);
    expect(await excerptOf("/four-byte")).toBe(`ab${"😀".repeat(511)}`);
  });

  test.concurrent.each(["/binary", "/latin-1", "/encoded"])(
    "is text of at most 2 KiB also where the body is none: %s",
    async (path) => {
      const excerpt = await excerptOf(path);
      expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(MAX_EXCERPT_BYTES);
      expect(excerpt.length).toBeGreaterThan(500);
      expect(excerpt.isWellFormed()).toBe(true);
      expect(excerpt).not.toContain("\0");
    },
  );

  test.concurrent("is what has arrived where the body breaks off", async () => {
    expect(await excerptOf("/broken-off")).toBe("less than 1000 bytes");
  });
});
