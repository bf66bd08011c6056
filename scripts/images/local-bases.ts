import { cp, mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { failureOf, runCommand } from "../command.ts";

/** Where the distroless image has Node.js, and so the Dockerfile's entry point. */
const NODE_IN_IMAGE = "/nodejs/bin/node";

/** Certificates that npm needs to reach its registry from here; empty where it needs none. */
export const EXTRA_CA_IN_IMAGE = "/etc/ssl/extra-ca.pem";

const PASSWD =
  "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n";
const GROUP = "root:x:0:\nnonroot:x:65532:\n";

/**
 * The root file system of an image that has Node.js and nothing else, of this machine's own files: stands
 * in for the distroless base where no registry can be reached. Linux only.
 */
export const writeRuntimeRoot = async (root: string, node: string): Promise<void> => {
  await writeText(join(root, EXTRA_CA_IN_IMAGE), "");
  await writeText(join(root, "etc/passwd"), PASSWD);
  await writeText(join(root, "etc/group"), GROUP);
  await writeText(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
  await copyProgram(root, node, NODE_IN_IMAGE);
  await mkdir(join(root, "tmp"), { recursive: true, mode: 0o1777 });
};

/** The same with npm, for the stages that install packages. */
export const writeBuildRoot = async (
  root: string,
  node: string,
  npmCli: string,
  extraCa: string | undefined,
): Promise<void> => {
  await writeRuntimeRoot(root, node);
  if (extraCa !== undefined)
    await cp(extraCa, join(root, EXTRA_CA_IN_IMAGE), { dereference: true });
  await mkdir(join(root, "usr/bin"), { recursive: true });
  await symlink(NODE_IN_IMAGE, join(root, "usr/bin/node"));
  await copyProgram(root, "/usr/bin/env", "/usr/bin/env");
  const npmRoot = dirname(dirname(await realpath(npmCli)));
  await cp(npmRoot, join(root, "usr/lib/node_modules/npm"), { recursive: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/bin/npm"));
};

const writeText = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
};

/** A program and the libraries that it is linked with, each where its loader looks for it. */
const copyProgram = async (root: string, program: string, to: string): Promise<void> => {
  const listed = await runCommand("ldd", [program], { timeoutMs: 10_000 });
  if (listed.kind === "not_run" || listed.code !== 0) {
    throw new Error(`ldd ${program}: ${failureOf(listed)}`);
  }
  const libraries = [...listed.stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(
    ([, path = ""]) => path,
  );
  for (const [from, target] of [[program, to], ...libraries.map((path) => [path, path])]) {
    if (from === undefined || target === undefined) continue;
    await mkdir(dirname(join(root, target)), { recursive: true });
    await cp(await realpath(from), join(root, target));
  }
};

/** The npm of this machine, as a file. */
export const npmCli = async (): Promise<string> => {
  const found = await runCommand("which", ["npm"], { timeoutMs: 10_000 });
  if (found.kind === "exited" && found.code === 0) return found.stdout.trim();
  throw new Error("npm: is not on PATH");
};
