import { connectNats } from "@ringback/runtime/nats/connection";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import { expect, test } from "vitest";
import { startNatsServer } from "../../../../test/harness/nats/nats-server.ts";
import { failOnLeaks } from "../../../../test/harness/process/leaks.ts";
import { replyIn } from "./reply.ts";

failOnLeaks();

test("a reply is what it says, or the error that it reports, in JSON or as a text", async () => {
  const server = await startNatsServer();
  const settings = parseSettings(commonSettings, { NATS_URL: server.url });
  const { connection } = await connectNats(settings, "test-reply", createLogger("test", "fatal"));
  const replied = async (text: string) => {
    const subscription = connection.subscribe("parts", {
      max: 1,
      callback: (_, message) => void message.respond(text),
    });
    const reply = await connection.request("parts", "");
    subscription.unsubscribe();
    return () => replyIn(reply);
  };
  expect((await replied('{"state": 1}'))()).toEqual({ state: 1 });
  const refused = '{"error": {"code": 500, "err_code": 10000, "description": "no room"}}';
  expect(await replied(refused)).toThrow("no room");
  expect(await replied("-ERR 'storage failure'")).toThrow(/^-ERR 'storage failure'$/);
  await connection.close();
  await server.stop();
});
