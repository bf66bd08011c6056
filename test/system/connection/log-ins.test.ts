import { createLogger } from "@ringback/runtime/telemetry/logger";
import { connectNats } from "@ringback/runtime/nats/connection";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { expect, test } from "vitest";
import { writeKeys } from "../../harness/process/start-service.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startService } from "../../harness/process/service-process.ts";
import { replaceFile, writeTempFile } from "../../harness/temp-dir.ts";
import { startConfiguredServer } from "./configured-server.ts";
import { credentials, operatorConfig, userJwt } from "./operator-mode.ts";

failOnLeaks();

const log = createLogger("test", "fatal");

const withPassword = (password: string): string => `
accounts { APP { jetstream: enabled, users: [{ user: ringback, password: ${password} }] } }
`;

test("services that are refused many times log in with the password that the file then has", async () => {
  const server = await startConfiguredServer(withPassword("first"));
  const urlWith = (password: string) => `nats://ringback:${password}@127.0.0.1:${server.port}`;
  const file = await writeTempFile("nats-url", urlWith("first"));
  const env = {
    NATS_URL: "",
    NATS_URL_FILE: file,
    ALLOW_INSECURE_HTTP: "true",
    API_KEYS_FILE: (await writeKeys()).file,
  };
  const services = await Promise.all([
    startService({ entry: "services/dispatcher/src/main.ts", env }),
    startService({ entry: "services/subscriptions/src/main.ts", env }),
  ]);
  await server.reload(withPassword("second"));
  // The server tells no names, and a service says the same thing once a minute.
  await eventually(() => server.log().split("authentication error").length > 10, {
    what: "refused log-ins of both",
  });
  for (const service of services) {
    await service.waitForLog(
      ({ msg, err }) => msg === "nats.error" && /authoriz/i.test(JSON.stringify(err)),
    );
    expect((await service.get("/readyz")).status).toBe(503);
  }
  await replaceFile(file, urlWith("second"));
  for (const service of services) {
    await eventually(async () => (await service.get("/readyz")).status === 200, {
      timeoutMs: 15_000,
      what: "ready again with the new password",
    });
  }
  for (const { logs } of services) {
    // The service is ready a moment before its line is read here.
    await eventually(() => {
      const changes = logs
        .map(({ msg }) => String(msg))
        .filter((msg) => /^nats\.(dis)?connected$/.test(msg));
      expect(changes, "one line each, however many log-ins were refused").toEqual([
        "nats.disconnected",
        "nats.connected",
      ]);
    });
  }
  await Promise.all(services.map((service) => service.stop()));
  await server.stop();
}, 120_000);

test("a log-in that is refused at start says which settings to look at, and no password", async () => {
  const server = await startConfiguredServer(withPassword("first"));
  const settings = parseSettings(commonSettings, {
    NATS_URL: `nats://ringback:wrong-one@127.0.0.1:${server.port}`,
  });
  const message = await connectNats(settings, "test", log).catch((error: Error) => error.message);
  expect(message).toBe(
    "NATS refuses the log-in: Authorization Violation. " +
      "See NATS_URL, NATS_URL_FILE or NATS_CREDS_FILE for the user and its password",
  );
  await server.stop();
});

test("a user whose JWT runs out is back with the one that the credentials file then has", async () => {
  const server = await startConfiguredServer(operatorConfig());
  const file = await writeTempFile("user.creds", credentials(userJwt({ livesForSeconds: 2 })));
  const settings = parseSettings(commonSettings, { NATS_URL: server.url, NATS_CREDS_FILE: file });
  let closedBy: Error | undefined;
  const nats = await connectNats(settings, "test", log, (error) => {
    closedBy = error;
  });
  const refused = (): number => server.log().match(/authentication error|expired/gi)?.length ?? 0;
  await eventually(() => refused() >= 4 && !nats.isConnected(), {
    what: "the JWT runs out and is refused again and again",
  });
  await replaceFile(file, "half a file");
  await replaceFile(file, credentials(userJwt({ livesForSeconds: 600 })));
  await eventually(() => nats.isConnected(), { what: "connected with the new JWT" });
  expect(await nats.jsm.streams.names().next()).toEqual([]);
  expect(closedBy).toBeUndefined();
  await nats.connection.close();
  await server.stop();
}, 60_000);

test("a connection that is closed for good is told, and not when it is closed on purpose", async () => {
  const server = await startConfiguredServer("");
  const settings = parseSettings(commonSettings, { NATS_URL: server.url });
  const closed: string[] = [];
  const connect = () => connectNats(settings, "test", log, ({ message }) => closed.push(message));
  const [lost, left] = await Promise.all([connect(), connect()]);
  await left.connection.close();
  // What the client itself calls where it gives up.
  const { protocol } = lost.connection as unknown as {
    readonly protocol: { readonly close: (error: Error) => Promise<void> };
  };
  await protocol.close(new Error("gave up"));
  await eventually(() => closed.length > 0);
  expect(closed).toEqual(["the connection to NATS is closed: gave up"]);
  await server.stop();
});
