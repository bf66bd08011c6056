import { execFile } from "node:child_process";

/** What came of a command: it ran to its end with some code, or it never ran or had to be stopped. */
export type CommandResult =
  | {
      readonly kind: "exited";
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
    }
  | { readonly kind: "not_run"; readonly reason: string };

interface CommandOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program (no shell) and returns what came of it. Never throws: on the way to a
 * nats-server, a program that is missing, broken or slow is one source less and no fault.
 */
export function runCommand(
  file: string,
  args: readonly string[],
  { timeoutMs, cwd, env }: CommandOptions,
): Promise<CommandResult> {
  const options = { timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024, cwd, env };
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ kind: "exited", code: 0, stdout, stderr });
      if (error.killed === true) {
        return resolve({
          kind: "not_run",
          reason: `${file} took longer than ${timeoutMs / 1000} s`,
        });
      }
      if (typeof error.code === "number") {
        return resolve({ kind: "exited", code: error.code, stdout, stderr });
      }
      return resolve({ kind: "not_run", reason: `${file} does not run here (${reasonOf(error)})` });
    });
  });
}

/**
 * The one line that tells why a command failed: apt's first error, which is the specific one, or
 * the last line of anything else, because the ones before it are progress.
 */
export function failureOf(result: CommandResult): string {
  if (result.kind === "not_run") return result.reason;
  const lines = result.stderr.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => line.startsWith("E:"));
  return (errors[0] ?? lines.at(-1) ?? `exit code ${result.code}`).trim();
}

/** The innermost message of an error: fetch and others wrap the reason ("fetch failed") in causes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reasonOf(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return error.message === "" ? (code ?? error.name) : error.message;
}
