import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { exampleFolder } from "./example-folder.ts";
import { pythonWith, startPythonExample } from "./python-receivers.ts";
import { differencesOf, newSecret } from "./signed-request.ts";

failOnLeaks();

const plain = pythonWith("sqlite3");
const withFastApi = pythonWith("fastapi", "uvicorn");
const RECEIVERS = [
  { file: "python_server.py", python: plain, needs: "python3" },
  { file: "fastapi_app.py", python: withFastApi, needs: "python3 with fastapi and uvicorn" },
] as const;

for (const { file, python, needs } of RECEIVERS) {
  const whyNot = python === undefined ? ` (NOT TESTED: there is no ${needs} on this machine)` : "";
  if (whyNot !== "") console.warn(`docs/examples/${file}:${whyNot}`);
  test.skipIf(python === undefined)(
    `${file} takes what was signed, refuses all else with 401, and responds 500 where its work fails${whyNot}`,
    async () => {
      const secret = newSecret();
      const { send, handled, logged, stop } = await startPythonExample(python ?? "", file, secret);
      try {
        const { wrong, toHandle } = await differencesOf(secret, send);
        expect(wrong).toEqual([]);
        expect(await handled()).toEqual(toHandle);
        expect(logged()).toContain("webhook refused");
        expect(logged().match(/RuntimeError: no disk/g)).toHaveLength(1);
      } finally {
        await stop();
      }
    },
  );
}

const PARSED = `
from verify_webhook import verify_webhook
try:
    verify_webhook("whsec_AAAA", {}, {"call_id": "c-42"})
except TypeError as error:
    print(error)
`;

test.skipIf(plain === undefined)(
  `verify_webhook.py says 'raw body' of a body that was parsed${plain === undefined ? " (NOT TESTED: no python3)" : ""}`,
  async () => {
    const { folder: cwd } = await exampleFolder(["verify_webhook.py"]);
    const { stdout, stderr } = spawnSync(plain ?? "", ["-B", "-c", PARSED], { cwd });
    expect(stderr.toString()).toBe("");
    expect(stdout.toString()).toContain("raw body");
  },
);
