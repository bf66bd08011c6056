import { expect, test } from "vitest";
import { liveConnections, MAX_PER_WORKSPACE } from "./connections.ts";

const STREAMS_READ = { attempts: 1, events: 1 };

test("one workspace's keys do not take the streams of all others", () => {
  const connections = liveConnections({ keys: () => new Map(), now: () => new Date() });
  const kinds = (workspaceId: string, n: number) =>
    Array.from({ length: n }, (_, i) => {
      const caller = {
        keyId: `${workspaceId}-${Math.floor(i / 10)}`,
        workspaceId,
        scopes: new Set(["read"] as const),
        keyDigest: "",
      };
      return connections.admit(caller, {}, { attempts: 0, events: 0 }, STREAMS_READ).kind;
    });
  const own = kinds("w1", MAX_PER_WORKSPACE + 10);
  expect(own.filter((kind) => kind === "admitted")).toHaveLength(MAX_PER_WORKSPACE);
  expect(own.at(-1)).toBe("too_many_of_workspace");
  expect(kinds("w2", 1)).toEqual(["admitted"]);
  connections.stop();
});
