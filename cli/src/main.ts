import { runCli } from "./run-cli.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupted.abort());
}
// A reader such as `head` has closed the pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
});

const { stdin, stdout, stderr } = process;
process.exitCode = await runCli(process.argv.slice(2), process.env, {
  stdin,
  stdout,
  stderr,
  interrupted: interrupted.signal,
});
