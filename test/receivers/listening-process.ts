import { eventually } from "../harness/eventually.ts";
import { spawnTracked } from "../harness/process/child-process.ts";
import { collectOutput } from "../harness/process/output-lines.ts";
import { sendTo } from "./signed-request.ts";

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a program that prints `http://127.0.0.1:<port>` once it listens there. */
export const startListening = async ({ command, args, cwd, env }: Program) => {
  const started = await spawnTracked(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = started.child;
  if (stdout === null || stderr === null) throw new Error(`${command}: no output to read`);
  const output = collectOutput(stdout, stderr);
  const port = await eventually(
    () => {
      if (started.exit() !== null) throw new Error(`${command} ended: ${output.all()}`);
      const [, found] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(output.all()) ?? [];
      return Promise.resolve(found === undefined ? null : Number(found));
    },
    { timeoutMs: 120_000, what: `${args.join(" ")} listens` },
  );
  const stop = () => started.kill("SIGTERM");
  return { send: sendTo(port), logged: () => output.all(), stop };
};
