import { expect, test } from "vitest";
import { networkOutageDetector } from "./network-outage.ts";

const unreached = {
  kind: "no_response",
  reason: "dns",
  detail: "DNS_ETIMEOUT",
  unreachable: true,
  durationMs: 1,
} as const;
const answered = {
  kind: "response",
  status: 200,
  headers: {},
  bodyText: "",
  durationMs: 1,
} as const;

test("a workspace with thousands of names that nobody answers for uses up its own attempts", () => {
  const watch = networkOutageDetector(() => 0);
  watch({ workspaceId: "w2", origin: "https://well.example" }, answered);
  for (let n = 0; n < 3_000; n += 1) {
    const endpoint = { workspaceId: "w1", origin: `https://gone-${n}.example` };
    expect(watch(endpoint, unreached)).toBe(unreached);
  }
});

test("where nobody's endpoints are reached it is our own network", () => {
  const watch = networkOutageDetector(() => 0);
  const results = Array.from({ length: 20 }, (_, n) =>
    watch({ workspaceId: `w${n % 3}`, origin: `https://a-${n}.example` }, unreached),
  );
  expect(results.at(-1)).toEqual({
    kind: "platform_fault",
    fault: "network",
    detail: "DNS_ETIMEOUT",
  });
});
