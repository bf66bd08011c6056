import { existsSync } from "node:fs";
import { runCommand } from "../../../scripts/command.ts";

/** Where distributions put it. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const INSTALL_MS = 5 * 60_000;

/**
 * The path of a Chromium: `CHROMIUM`, or the distribution's, which is installed here where it can be (Debian, as root).
 * Undefined, and said loudly, where there is none.
 */
export const findChromium = async (): Promise<string | undefined> => {
  const given = process.env["CHROMIUM"] ?? "";
  if (given !== "") return given;
  const found = PLACES.find((path) => existsSync(path)) ?? (await installed());
  if (found === undefined) {
    console.warn(
      "SKIPPED: no Chromium on this machine, and none could be installed. Nothing of the console is tested in a browser. Install it, or name it in CHROMIUM.",
    );
  }
  return found;
};

const installed = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return undefined;
  // Two files of tests may begin at once: the second waits for the first one's lock.
  const waiting = ["-o", "DPkg::Lock::Timeout=240", "-qq"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { timeoutMs: INSTALL_MS, env };
  await runCommand("apt-get", [...waiting, "update"], options);
  const packages = ["chromium", "fonts-dejavu-core", "fonts-lohit-deva"];
  await runCommand(
    "apt-get",
    [...waiting, "install", "-y", "--no-install-recommends", ...packages],
    options,
  );
  return PLACES.find((path) => existsSync(path));
};
