import { runCommand, type CommandResult } from "./command.ts";

const TIMEOUT_MS = 30_000;

/** What the registry knows of the packages that run in production. */
export type Audit =
  | { readonly kind: "clean"; readonly lesser: number }
  /** Of severity high or critical; `packages` as `name (severity)`. */
  | { readonly kind: "vulnerable"; readonly packages: readonly string[] }
  /** No registry that answers such questions: nothing is known, which is not the same as clean. */
  | { readonly kind: "unanswered"; readonly reason: string };

type Report = {
  readonly vulnerabilities: Readonly<Record<string, { readonly severity?: unknown }>>;
};

/** What `npm audit --json` came to. Its exit code says the same for findings and for no answer. */
export const auditOf = (result: CommandResult): Audit => {
  if (result.kind === "not_run") return { kind: "unanswered", reason: result.reason };
  const report = reportIn(result.stdout);
  if (report === undefined) return { kind: "unanswered", reason: complaintIn(result.stderr) };
  const found = Object.entries(report.vulnerabilities).map(([name, { severity }]) => ({
    name,
    severity: String(severity),
  }));
  const grave = found.filter(({ severity }) => severity === "high" || severity === "critical");
  if (grave.length === 0) return { kind: "clean", lesser: found.length };
  return {
    kind: "vulnerable",
    packages: grave.map(({ name, severity }) => `${name} (${severity})`),
  };
};

/** npm's first line about the audit; the last ones only say where its log is. */
const complaintIn = (stderr: string): string => {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const about =
    lines.find((line) => /audit/.test(line)) ?? lines.find((line) => /error/.test(line));
  return about ?? "npm said nothing that can be read";
};

const reportIn = (text: string): Report | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("vulnerabilities" in value))
      return undefined;
    const { vulnerabilities } = value;
    return typeof vulnerabilities === "object" && vulnerabilities !== null
      ? (value as Report)
      : undefined;
  } catch {
    return undefined;
  }
};

const main = async (): Promise<void> => {
  const args = [
    "audit",
    "--omit=dev",
    "--json",
    "--fetch-retries=0",
    "--fetch-timeout=10000",
    "--loglevel=warn",
  ];
  const audit = auditOf(await runCommand("npm", args, { timeoutMs: TIMEOUT_MS }));
  switch (audit.kind) {
    case "clean":
      console.log(`audit: nothing high or critical is known (${audit.lesser} of less weight)`);
      return;
    case "vulnerable":
      console.error(`audit: ${audit.packages.join(", ")}; npm audit --omit=dev says more`);
      process.exitCode = 1;
      return;
    case "unanswered":
      console.error(
        "audit: ******** NOT DONE: whether packages are vulnerable is not known ********",
      );
      console.error(`audit: the registry gave no answer: ${audit.reason}`);
  }
};

if (import.meta.main) await main();
