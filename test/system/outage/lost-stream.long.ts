import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../../harness/nats/nats-client.ts";
import { startNatsServer } from "../../harness/nats/nats-server.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { startDispatcher } from "./bare-dispatcher.ts";

failOnLeaks();

const LOST = "what it held is lost";

/** Those that a dispatcher reads, each in its way, and one of those that it only watches. */
const READ_AND_WATCHED: readonly StreamName[] = [
  STREAMS.events,
  STREAMS.retries,
  STREAMS.subscriptions,
  STREAMS.attempts,
];

describe.concurrent("a deleted stream ends every dispatcher with one clear error", () => {
  test.for(READ_AND_WATCHED)("%s", { timeout: 120_000 }, async (stream) => {
    await withTwoDispatchers(async ({ jsm }, dispatchers) => {
      await jsm.streams.delete(stream);
      for (const dispatcher of dispatchers) {
        expect(await lastWordOf(dispatcher)).toBe(`stream ${stream} was deleted: ${LOST}`);
      }
      expect((await jsm.streams.names().next()).includes(stream)).toBe(false);
    });
  });
});

describe.concurrent("a stream that is deleted and made again does, too", () => {
  test.for(READ_AND_WATCHED)("%s", { timeout: 120_000 }, async (stream) => {
    await withTwoDispatchers(async ({ jsm }, dispatchers) => {
      const { config } = await jsm.streams.info(stream);
      await jsm.streams.delete(stream);
      await jsm.streams.add(config);
      for (const dispatcher of dispatchers) {
        expect(await lastWordOf(dispatcher)).toMatch(
          new RegExp(`^stream ${stream} was deleted( and made again)?: ${LOST}$`),
        );
      }
    });
  });
});

async function withTwoDispatchers(
  use: (client: NatsClient, dispatchers: readonly ServiceProcess[]) => Promise<void>,
): Promise<void> {
  const server = await startNatsServer();
  const dispatchers = await Promise.all([startDispatcher(server), startDispatcher(server)]);
  const client = await connectTo(server);
  try {
    await use(client, dispatchers);
  } finally {
    await client.close();
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.kill()));
    await server.stop();
  }
}

/** Its one fatal message; everything that it said where it did not end with one and with 1. */
async function lastWordOf({ exited, logs, output }: ServiceProcess): Promise<string> {
  const { code } = await exited;
  const fatal = logs.filter(({ level }) => level === "fatal");
  const isClear = code === 1 && fatal.length === 1 && output.stderr() === "";
  return isClear ? String(fatal[0]?.["msg"]) : `ended with ${code}:\n${output.all()}`;
}
