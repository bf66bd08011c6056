import { spawnSync } from "node:child_process";
import { cp, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { makeTempDir } from "../harness/temp-dir.ts";

/** One request as an example gets it. */
export interface SignedRequest {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly nowSeconds: number;
}

/** For each request what the example said: "" when it took it, otherwise why not. */
export type Verdicts = readonly string[];

const EXAMPLES = resolve(import.meta.dirname, "../../docs/examples");

/** True when a program is on this machine and can be asked for its version. */
export const isThere = (command: string, version: string): boolean =>
  spawnSync(command, [version], { timeout: 10_000 }).status === 0;

const PYTHON_DRIVER = `
import base64, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from verify_webhook import verify_webhook
def verdict(r):
    try:
        verify_webhook(r["key"], r["headers"], base64.b64decode(r["body"]), r["nowSeconds"])
        return ""
    except Exception as error:
        return str(error)
print(json.dumps([verdict(request) for request in json.load(sys.stdin)]))
`;

/** What docs/examples/verify_webhook.py says of all requests, in one process. */
export const inPython = (requests: readonly SignedRequest[]): Verdicts =>
  run("python3", ["-c", PYTHON_DRIVER, EXAMPLES], requests, EXAMPLES);

const GO_DRIVER = `package main

import (
	"encoding/json"
	"os"
	"time"

	"example.test/verify/webhook"
)

func main() {
	var requests []struct {
		Key        string
		Headers    map[string]string
		Body       []byte
		NowSeconds int64
	}
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		panic(err)
	}
	verdicts := make([]string, len(requests))
	for n, r := range requests {
		header := func(name string) string { return r.Headers[name] }
		if err := webhook.Verify(r.Key, header, r.Body, time.Unix(r.NowSeconds, 0)); err != nil {
			verdicts[n] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(verdicts)
}
`;

/** The same for docs/examples/verify_webhook.go, built in a module of its own. */
export const inGo = async (requests: readonly SignedRequest[]): Promise<Verdicts> => {
  const module = await makeTempDir("verify-in-go");
  await cp(`${EXAMPLES}/verify_webhook.go`, `${module}/webhook/verify_webhook.go`);
  await writeFile(`${module}/main.go`, GO_DRIVER);
  await writeFile(`${module}/go.mod`, "module example.test/verify\n\ngo 1.19\n");
  return run("go", ["run", "."], requests, module);
};

const run = (
  command: string,
  args: readonly string[],
  requests: readonly SignedRequest[],
  cwd: string,
): Verdicts => {
  const input = JSON.stringify(
    requests.map((one) => ({ ...one, body: Buffer.from(one.body).toString("base64") })),
  );
  // Nothing is to be fetched: the examples need their standard library alone.
  const env = { ...process.env, GOPROXY: "off", GOTOOLCHAIN: "local", GOFLAGS: "" };
  const { status, stdout, stderr } = spawnSync(command, args, { input, cwd, env, timeout: 55_000 });
  if (status === 0) return JSON.parse(stdout.toString()) as string[];
  throw new Error(`${command} ended with ${status}: ${stderr.toString()}`);
};
