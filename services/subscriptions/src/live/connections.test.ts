import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { once } from "node:events";
import { expect, test } from "vitest";
import { callerIn, NOBODY } from "../../../../test/harness/callers.ts";
import { liveConnections, MAX_PER_KEY, MAX_PER_WORKSPACE } from "./connections.ts";

const STREAMS_READ = { attempts: createdAt(1), events: createdAt(1) };

/** Connections while no key is valid; `admit` one of a key of a workspace. */
const opened = () => {
  const connections = liveConnections(NOBODY, () => new Date());
  const admit = (workspaceId: string, keyId: string) => {
    return connections.admit(
      callerIn(workspaceId, keyId),
      {},
      { attempts: 0, events: 0 },
      STREAMS_READ,
    );
  };
  return { connections, admit };
};

test("one workspace's keys do not take the streams of all others", () => {
  const { connections, admit } = opened();
  const kinds = (workspaceId: string, n: number) =>
    Array.from({ length: n }, (_, i) => admit(workspaceId, `k${Math.floor(i / 10)}`).kind);
  const own = kinds("w1", MAX_PER_WORKSPACE + 10);
  expect(own.filter((kind) => kind === "admitted")).toHaveLength(MAX_PER_WORKSPACE);
  expect(own.at(-1)).toBe("too_many_of_workspace");
  connections.stop();
  expect(kinds("w2", 1)).toEqual(["too_many"]);
});

test("a key has its own bound, and a closed connection makes room", async () => {
  const { connections, admit } = opened();
  const all = Array.from({ length: MAX_PER_KEY }, () => admit("w1", "k1"));
  expect(admit("w1", "k1")).toEqual({ kind: "too_many_of_key" });
  expect(admit("w1", "k2").kind).toBe("admitted");
  const [first] = all;
  if (first?.kind !== "admitted") throw new Error("the first was not admitted");
  first.connection.body.destroy();
  await once(first.connection.body, "close");
  expect(connections.count()).toBe(MAX_PER_KEY);
  expect(admit("w1", "k1").kind).toBe("admitted");
  connections.stop();
});

test("a connection whose key is no longer valid is closed within a second or so", async () => {
  const { admit } = opened();
  const admission = admit("w1", "k1");
  if (admission.kind !== "admitted") throw new Error("it was not admitted");
  const { body } = admission.connection;
  let text = "";
  body.on("data", (chunk) => {
    text += String(chunk);
  });
  await once(body, "close");
  expect(text).toContain('{"reason":"key_not_valid"}');
});
