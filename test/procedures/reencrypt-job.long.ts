import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { headerKey, type HeaderKey, writeHeaderKeys } from "../harness/header-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type SecuredNats, startSecuredNats } from "../security/nats-privileges/secured-nats.ts";
import { type RenderedJob, renderJob, runJob } from "./job.ts";
import { caOf, type SecuredPlatform, startSecuredPlatform, urlOf } from "./secured-platform.ts";

failOnLeaks();

const [OLD, NEW] = [headerKey("old"), headerKey("new")];

let nats: SecuredNats;
let platform: SecuredPlatform;
let producer: NatsConnection;
let job: RenderedJob;

beforeAll(async () => {
  [nats, job] = await Promise.all([
    startSecuredNats(),
    renderJob("ringback-reencrypt", ["components/network-policy", "jobs/reencrypt"]),
  ]);
  platform = await startSecuredPlatform(nats, { keys: [OLD] });
  producer = await nats.connectAs("producer");
});
afterAll(async () => {
  await producer.close();
  await platform.stop();
  await nats.stop();
});

/** What the Secret's files get, and both services read. */
const useKeys = async (...keys: HeaderKey[]): Promise<void> => {
  const { services, headerKeysFile } = platform;
  const seen = services.map(({ logs }) => logs.length);
  await writeHeaderKeys(keys, headerKeysFile);
  await Promise.all(
    services.map((one, n) => one.waitForLog("header_keys.loaded", { from: seen[n] ?? 0 })),
  );
};

/** The value of the header that an event's request had. */
const delivered = async (callId: string): Promise<unknown> =>
  (await platform.delivered(callId, producer)).headers["authorization"];

/** The Job once, with the files that the Secret has by now. */
const reencrypt = (...keys: HeaderKey[]) =>
  runJob(job, {
    files: {
      "/etc/ringback/secrets/header-keys.json": JSON.stringify(keys),
      "/etc/ringback/secrets/nats-url": urlOf(nats, "subscriptions"),
      "/etc/ringback/secrets/nats-ca.pem": caOf(nats),
    },
  });

test("the Job is as its schema and the restricted standard say, and never starts by itself", () => {
  expect(job.problems).toEqual([]);
  expect(job.suspend).toBe(true);
  expect(job.container.image).toBe(
    `registry-not-set.invalid/ringback/subscriptions:${manifest.version}`,
  );
});

test("header keys are changed with the Job's own command under the shipped permissions, and every delivery has its header", async () => {
  expect(await delivered("c1")).toBe("Bearer s3cret");
  await useKeys(OLD, NEW);
  await useKeys(NEW, OLD);
  const violations = nats.log().split("Violation").length;
  const { code, run } = await reencrypt(NEW, OLD);
  expect(run.logs.filter(({ msg }) => String(msg).startsWith("reencrypt."))).toMatchObject([
    { msg: "reencrypt.done", rewritten: 1, unreadable: 0, contended: 0 },
  ]);
  expect([code, nats.log().split("Violation").length]).toEqual([0, violations]);

  await useKeys(NEW);
  expect(await delivered("c2")).toBe("Bearer s3cret");
  const again = await reencrypt(NEW);
  expect(again.run.logs.find(({ msg }) => msg === "reencrypt.done")).toMatchObject({
    rewritten: 0,
    current: 1,
  });
});
