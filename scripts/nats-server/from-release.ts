import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { failureOf, reasonOf, runCommand } from "../command.ts";
import { type Fetched, releaseArchive, type Report } from "./sources.ts";

const answerTimeoutMs = 3_000;
const downloadTimeoutMs = 120_000;

/**
 * The official release archive for this system, unpacked into `directory`. The checksum is pinned
 * in the source: what the network gives is only used when it is exactly what was released.
 */
export async function fetchFromRelease(
  directory: string,
  report: Report,
  archive = releaseArchive(process.platform, process.arch),
): Promise<Fetched> {
  if (archive === undefined) {
    const reason = `no checksum is pinned for ${process.platform}-${process.arch}`;
    return { kind: "unavailable", reason };
  }
  report(`downloading ${archive.url}`);
  let body: Buffer;
  try {
    body = await download(archive.url);
  } catch (error) {
    return { kind: "unavailable", reason: `${archive.url}: ${reasonOf(error)}` };
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  if (sha256 !== archive.sha256) {
    const reason = `${archive.url}: its SHA-256 is ${sha256}, expected ${archive.sha256}`;
    return { kind: "unavailable", reason };
  }
  const file = join(directory, "archive.tar.gz");
  await writeFile(file, body);
  const unpack = ["-xzf", file, "-C", directory, archive.member];
  const unpacked = await runCommand("tar", unpack, { timeoutMs: 30_000 });
  if (unpacked.kind === "not_run" || unpacked.code !== 0) {
    return { kind: "unavailable", reason: failureOf(unpacked) };
  }
  return { kind: "fetched", file: join(directory, archive.member) };
}

/**
 * The bytes behind a release URL. The first answer (a redirect to the storage) must come within
 * 3 s, so that a machine without a way out loses no time; the download itself may take longer.
 */
async function download(url: string): Promise<Buffer> {
  const redirect = await fetch(url, { redirect: "manual", signal: deadline(answerTimeoutMs) });
  await redirect.body?.cancel();
  const location = redirect.headers.get("location") ?? url;
  const response = await fetch(location, { signal: deadline(downloadTimeoutMs) });
  if (response.status !== 200) throw new Error(`status ${response.status}, expected 200`);
  return Buffer.from(await response.arrayBuffer());
}

/** Like AbortSignal.timeout, but with a reason that tells how long was waited. */
function deadline(timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const reason = new Error(`not there within ${timeoutMs / 1000} s`);
  setTimeout(() => controller.abort(reason), timeoutMs).unref();
  return controller.signal;
}
