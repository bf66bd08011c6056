import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { deliverUncheckedTo, ended, story } from "../deliveries.ts";
import {
  OK,
  says,
  startTcpEndpoint,
  type Endpoint,
} from "../../harness/receiver/failing-endpoints.ts";

failOnLeaks();

const BLOCKED_TWICE = ["1: blocked_address, retry", "2: blocked_address, dead_letter"];

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ dispatchers: 0, dispatcherEnv: { RETRY_DELAYS: "300ms" } });
});

afterAll(() => platform.stop());

describe("with no private network opened", () => {
  let dispatcher: ServiceProcess;
  let ipv4: Endpoint;
  let ipv6: Endpoint;

  beforeAll(async () => {
    [dispatcher, ipv4, ipv6] = await Promise.all([
      platform.startDispatcher({ ALLOWED_PRIVATE_CIDRS: "" }),
      startTcpEndpoint(says(OK)),
      startTcpEndpoint(says(OK), { host: "::1" }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([dispatcher.stop(), ipv4.stop(), ipv6.stop()]);
  });

  // Each of these leads to 127.0.0.1 when nobody looks.
  const hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0"];
  const mapped = ["0.0.0.0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"];
  const urls = ["http", "https"].flatMap((s) => [...hosts, ...mapped].map((h) => `${s}://${h}`));

  test.concurrent.each(urls)("%s is not connected to: blocked_address", async (origin) => {
    const event = await deliverUncheckedTo(platform, `${origin}:${ipv4.port}/hook`);
    expect(story(await ended(platform, event))).toEqual(BLOCKED_TWICE);
    expect(ipv4.connections).toBe(0);
  });

  test.concurrent.each(["http", "https"])(
    "%s://[::1] is not connected to: blocked_address",
    async (scheme) => {
      const event = await deliverUncheckedTo(platform, `${scheme}://[::1]:${ipv6.port}/hook`);
      expect(story(await ended(platform, event))).toEqual(BLOCKED_TWICE);
      expect(ipv6.connections).toBe(0);
    },
  );

  test("what customers read of it names neither address nor port", async () => {
    const event = await deliverUncheckedTo(platform, ipv4.url("/hook", "localhost"));
    const [first] = await ended(platform, event);
    expect(first?.outcome).toEqual({
      kind: "failed",
      reason: "blocked_address",
      detail: "ERR_IP_BLOCKED",
    });
  });
});

describe("with one address opened", () => {
  let dispatcher: ServiceProcess;

  beforeAll(async () => {
    dispatcher = await platform.startDispatcher({ ALLOWED_PRIVATE_CIDRS: "127.0.0.1/32" });
  });

  afterAll(async () => {
    await dispatcher.stop();
  });

  test("that one is delivered to, and its neighbour is not connected to", async () => {
    const [opened, neighbour] = await Promise.all([
      startTcpEndpoint(says(OK)),
      startTcpEndpoint(says(OK), { host: "127.0.0.2" }),
    ]);
    const [good, bad] = await Promise.all([
      deliverUncheckedTo(platform, opened.url("/hook")),
      deliverUncheckedTo(platform, neighbour.url("/hook")),
    ]);
    const stories = [story(await ended(platform, good)), story(await ended(platform, bad))];
    const { connections } = neighbour;
    await Promise.all([opened.stop(), neighbour.stop()]);
    expect(stories).toEqual([["1: delivered 200, done"], BLOCKED_TWICE]);
    expect(connections).toBe(0);
  });
});
