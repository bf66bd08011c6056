import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { once } from "node:events";
import { expect, test } from "vitest";
import { liveConnection, type LiveConnection } from "./connection.ts";
import { positionId } from "./decide/position.ts";

const FROM = { attempts: 3, events: 5 };
const STREAMS = { attempts: createdAt(1_000), events: createdAt(1_000) };

/** What the client has read of its response so far. */
const textOf = ({ body }: LiveConnection): string => String(body.read() ?? "");

const full = (): LiveConnection => {
  const connection = liveConnection(FROM, STREAMS);
  connection.send("event", "x".repeat(100_000), {});
  return connection;
};

test("begins at the client's position, and each event has the position after it", () => {
  const connection = liveConnection(FROM, STREAMS);
  connection.send("attempt", { n: 1 }, { attempts: 4 });
  connection.send("missed", { of: "events", count: 2 }, { events: 9 });
  const text = textOf(connection);
  expect([...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name)).toEqual([
    "ready",
    "attempt",
    "missed",
  ]);
  expect([...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id)).toEqual(
    [FROM, { attempts: 4, events: 5 }, { attempts: 4, events: 9 }].map((at) =>
      positionId(at, STREAMS),
    ),
  );
});

test("has room until the client reads nothing, and again once it reads", async () => {
  expect(await liveConnection(FROM, STREAMS).room()).toBe(false);
  const connection = full();
  const waited = connection.room();
  connection.heartbeat();
  expect(textOf(connection)).not.toContain("\n\n:");
  expect(await waited).toBe(true);
  connection.heartbeat();
  expect(textOf(connection)).toBe(":\n\n");
});

test("a closed connection says why, ends, and sends no more", async () => {
  const connection = liveConnection(FROM, STREAMS);
  connection.close("key_not_valid");
  connection.send("attempt", {}, { attempts: 4 });
  connection.heartbeat();
  connection.close("stopping");
  const ended = once(connection.body, "close");
  expect(textOf(connection)).toMatch(/event: closing\ndata: \{"reason":"key_not_valid"\}\n\n$/);
  expect(connection.closed.aborted).toBe(true);
  connection.body.resume();
  await ended;
});

test("nobody waits for the room of a client that has gone", async () => {
  const connection = full();
  const waited = connection.room();
  connection.body.destroy();
  expect(await waited).toBe(true);
  expect(connection.closed.aborted).toBe(true);
  expect(await connection.room()).toBe(false);
});
