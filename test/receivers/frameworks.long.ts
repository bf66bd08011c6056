import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, type TestContext, vi } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { bareExampleFolder } from "./example-folder.ts";
import { startListening } from "./listening-process.ts";
import { startIn } from "./node-receivers.ts";
import { differencesOf, FAILING_CALL, newSecret } from "./signed-request.ts";

// The frameworks themselves, as a reader installs them: `test/receivers/receivers.test.ts` calls their handlers alone.

failOnLeaks();

const run = promisify(execFile);
const NODE = process.execPath;
const TIMEOUT_MS = 900_000;
const STANDARD_WEBHOOKS = "standardwebhooks@1.1.1";

/** Packages from npm in a folder; without a registry the test is not run, and says so. */
const install = async (context: TestContext, cwd: string, ...packages: string[]): Promise<void> => {
  await writeFile(join(cwd, "package.json"), '{"private": true}');
  try {
    await run("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd });
  } catch (error) {
    context.skip(`NOT TESTED: ${packages.join(", ")} cannot be installed here: ${String(error)}`);
  }
};

test(
  "nextjs-route.mjs does in Next.js what it does alone",
  { timeout: TIMEOUT_MS },
  async (context) => {
    const { folder: cwd, handled } = await bareExampleFolder(["nextjs-route.mjs"]);
    await install(
      context,
      cwd,
      "next@16.4.6",
      "react@19.3.1",
      "react-dom@19.3.1",
      STANDARD_WEBHOOKS,
    );
    await mkdir(join(cwd, "app/calls"), { recursive: true });
    await rename(join(cwd, "nextjs-route.mjs"), join(cwd, "app/calls/route.js"));
    await rename(join(cwd, "handle-event.mjs"), join(cwd, "app/calls/handle-event.mjs"));
    const next = join(cwd, "node_modules/next/dist/bin/next");
    // Without the secret, as where an image is built: it is read with a request.
    const env = { NEXT_TELEMETRY_DISABLED: "1" };
    await run(NODE, [next, "build"], { cwd, env: { ...process.env, ...env } });
    const secret = newSecret();
    const args = [next, "start", "-H", "127.0.0.1", "-p", "0"];
    const started = await startListening({
      command: NODE,
      args,
      cwd,
      env: { ...env, WEBHOOK_SECRET: secret },
    });
    try {
      const { wrong, toHandle } = await differencesOf(secret, started.send);
      expect(wrong).toEqual([]);
      expect(await handled()).toEqual(toHandle);
      expect(started.logged()).toContain("webhook refused");
    } finally {
      await started.stop();
    }
  },
);

// With the statement of the page.
const HANDLE_IN_D1 = `
export async function handleEvent(id, event, env) {
  if (event.call_id === "${FAILING_CALL}") throw new Error("no disk");
  const insert = env.DB.prepare("INSERT INTO webhook_events (webhook_id, event) VALUES (?, ?) ON CONFLICT DO NOTHING");
  await insert.bind(id, JSON.stringify(event)).run();
}
`;
const WRANGLER_SETTINGS = {
  name: "calls",
  main: "worker.mjs",
  compatibility_date: "2026-07-01",
  d1_databases: [{ binding: "DB", database_name: "events", database_id: "local" }],
};

test(
  "worker.mjs does in workerd what it does alone, with D1",
  { timeout: TIMEOUT_MS },
  async (context) => {
    const { folder: cwd } = await bareExampleFolder(["worker.mjs"]);
    await install(context, cwd, "wrangler@4.164.0", STANDARD_WEBHOOKS);
    const secret = newSecret();
    await writeFile(join(cwd, "handle-event.mjs"), HANDLE_IN_D1);
    await writeFile(join(cwd, "wrangler.json"), JSON.stringify(WRANGLER_SETTINGS));
    await writeFile(join(cwd, ".dev.vars"), `WEBHOOK_SECRET=${secret}\n`);
    const wrangler = join(cwd, "node_modules/wrangler/wrangler-dist/cli.js");
    const env = { WRANGLER_SEND_METRICS: "false", CI: "true" };
    const inD1 = async (sql: string): Promise<unknown> => {
      const args = [wrangler, "d1", "execute", "events", "--local", "--json", "--command", sql];
      const { stdout } = await run(NODE, args, { cwd, env: { ...process.env, ...env } });
      return (JSON.parse(stdout) as { results: unknown }[])[0]?.results;
    };
    await inD1("CREATE TABLE webhook_events (webhook_id TEXT PRIMARY KEY, event TEXT NOT NULL)");
    const args = [wrangler, "dev", "--ip", "127.0.0.1", "--port", "0"];
    const started = await startListening({ command: NODE, args, cwd, env });
    let toHandle: (string | undefined)[] = [];
    try {
      const differences = await differencesOf(secret, started.send);
      expect(differences.wrong).toEqual([]);
      toHandle = differences.toHandle;
    } finally {
      await started.stop();
    }
    const [once] = toHandle;
    expect(await inD1("SELECT webhook_id FROM webhook_events")).toEqual([{ webhook_id: once }]);
  },
);

test(
  "express.mjs does with Express 4 what it does with Express 5",
  { timeout: TIMEOUT_MS },
  async (context) => {
    const example = await bareExampleFolder(["express.mjs"]);
    await install(context, example.folder, "express@4.22.3", STANDARD_WEBHOOKS);
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const secret = newSecret();
    const { send, handled, stop } = await startIn(example, "express.mjs", secret);
    try {
      const { wrong, toHandle } = await differencesOf(secret, send);
      // Express 4 has {} for a request without a body, which cannot be told from one that was parsed.
      expect(wrong.filter((line) => !line.startsWith("without body: 500 no raw body"))).toEqual([]);
      expect(await handled()).toEqual(toHandle);
    } finally {
      await stop();
      logged.mockRestore();
    }
  },
);

const GO_MAIN = `package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"example.test/receiver/webhook"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.Handle("/calls", webhook.Handler(os.Getenv("WEBHOOK_SECRET"), func(id string, event []byte) error {
		var call struct{ Call_id string }
		if err := json.Unmarshal(event, &call); err != nil {
			return err
		}
		if call.Call_id == "${FAILING_CALL}" {
			return errors.New("no disk")
		}
		fmt.Println("handled", id)
		return nil
	}))
	fmt.Printf("http://%s\\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
`;

const hasGo = spawnSync("go", ["version"]).status === 0;
test.skipIf(!hasGo)(
  `webhook_handler.go does what the others do${hasGo ? "" : " (NOT TESTED: there is no go on this machine)"}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const { folder: cwd } = await bareExampleFolder(["verify_webhook.go", "webhook_handler.go"]);
    await mkdir(join(cwd, "webhook"));
    for (const file of ["verify_webhook.go", "webhook_handler.go"]) {
      await cp(join(cwd, file), join(cwd, "webhook", file));
    }
    await mkdir(join(cwd, "main"));
    await writeFile(join(cwd, "main/main.go"), GO_MAIN);
    await writeFile(join(cwd, "go.mod"), "module example.test/receiver\n\ngo 1.19\n");
    const env = { ...process.env, GOPROXY: "off", GOTOOLCHAIN: "local", GOFLAGS: "" };
    await run("go", ["build", "-o", "receiver", "./main"], { cwd, env });
    const secret = newSecret();
    const program = { command: join(cwd, "receiver"), args: [], cwd };
    const started = await startListening({ ...program, env: { WEBHOOK_SECRET: secret } });
    try {
      const { wrong, toHandle } = await differencesOf(secret, started.send);
      expect(wrong).toEqual([]);
      const handled = [...started.logged().matchAll(/^handled (\S+)$/gm)].map(([, id]) => id);
      expect(handled).toEqual(toHandle);
      expect(started.logged()).toContain("webhook refused");
    } finally {
      await started.stop();
    }
  },
);
