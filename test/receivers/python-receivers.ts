import { spawnSync } from "node:child_process";
import { exampleFolder } from "./example-folder.ts";
import { startListening } from "./listening-process.ts";

/** Looks for modules without running them: FastAPI takes most of a second. */
const ARE_THERE =
  "import importlib.util as u, sys; sys.exit(not all(u.find_spec(name) for name in sys.argv[1:]))";

/** A Python of this machine that has these modules: Debian's own has what `apt-get install python3-…` brings. */
export const pythonWith = (...modules: string[]): string | undefined =>
  ["python3", "/usr/bin/python3"].find(
    (python) => spawnSync(python, ["-c", ARE_THERE, ...modules], { timeout: 20_000 }).status === 0,
  );

const PLAIN = `
from http.server import ThreadingHTTPServer
from python_server import Calls
server = ThreadingHTTPServer(("127.0.0.1", 0), Calls)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
`;

const PROGRAMS = {
  "python_server.py": ["-c", PLAIN],
  "fastapi_app.py": ["-m", "uvicorn", "fastapi_app:app", "--host", "127.0.0.1", "--port", "0"],
} as const;

/** The receiver of docs/examples/`file`, in a process of its own. */
export const startPythonExample = async (
  python: string,
  file: keyof typeof PROGRAMS,
  secret: string,
) => {
  const { folder, handled } = await exampleFolder([file, "verify_webhook.py"]);
  const env = { WEBHOOK_SECRET: secret, PYTHONPATH: folder };
  const program = { command: python, args: ["-B", ...PROGRAMS[file]], cwd: folder, env };
  return { ...(await startListening(program)), handled };
};
