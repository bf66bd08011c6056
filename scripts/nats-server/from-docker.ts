import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { failureOf, reasonOf, runCommand } from "../command.ts";
import { dockerImage, type Fetched, goArchitecture, type Report } from "./sources.ts";

const engineTimeoutMs = 5_000;

/**
 * The executable out of the official image, copied into `directory`: the last resort, for Linux
 * machines that reach an image registry and nothing else. The container is made and removed but
 * never started. Trusts the engine and the tag; there is no checksum of the bare executable.
 */
export async function fetchFromDocker(directory: string, report: Report): Promise<Fetched> {
  if (process.platform !== "linux") {
    const reason = `the image holds a Linux executable, this is ${process.platform}`;
    return { kind: "unavailable", reason };
  }
  try {
    const archive = join(directory, "image.tar");
    await copyFromImage(archive, report);
    const unpack = ["-xf", archive, "-C", directory, "nats-server"];
    const unpacked = await runCommand("tar", unpack, { timeoutMs: 30_000 });
    if (unpacked.kind === "not_run" || unpacked.code !== 0) {
      return { kind: "unavailable", reason: failureOf(unpacked) };
    }
    return { kind: "fetched", file: join(directory, "nats-server") };
  } catch (error) {
    return { kind: "unavailable", reason: reasonOf(error) };
  }
}

async function copyFromImage(archive: string, report: Report): Promise<void> {
  // loaded only here: it is large, and hardly any machine comes this far
  const { getContainerRuntimeClient, ImageName } = await import("testcontainers");
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no Docker engine answered within ${engineTimeoutMs / 1000} s`)),
    engineTimeoutMs,
  );
  const client = await Promise.race([getContainerRuntimeClient(), deadline]).finally(() =>
    clearTimeout(timer),
  );
  report(`copying nats-server out of the Docker image ${dockerImage}`);
  const platform = `linux/${goArchitecture(process.arch)}`;
  await client.image.pull(ImageName.fromString(dockerImage), { force: false, platform });
  const container = await client.container.create({ Image: dockerImage, platform });
  try {
    const stream = await client.container.fetchArchive(container, "/nats-server");
    await pipeline(stream, createWriteStream(archive));
  } finally {
    await client.container.remove(container);
  }
}
