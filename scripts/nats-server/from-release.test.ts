import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchFromRelease } from "./from-release.ts";

const member = "nats-server-v2.15.0-test/nats-server";

let directory: string;
let archive: Buffer;
let servers: Server[];

beforeEach(async () => {
  servers = [];
  directory = await mkdtemp(join(tmpdir(), "nats-server-release-test-"));
  const source = join(directory, "source");
  await mkdir(join(source, "nats-server-v2.15.0-test"), { recursive: true });
  await writeFile(join(source, member), "the executable");
  const file = join(directory, "release.tar.gz");
  await promisify(execFile)("tar", ["-czf", file, "-C", source, member]);
  archive = await readFile(file);
});

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function fetchFrom(url: string, sha256 = createHash("sha256").update(archive).digest("hex")) {
  return fetchFromRelease(directory, () => undefined, { url, sha256, member });
}

test("the archive is fetched behind its redirect and unpacked", async () => {
  const storage = await serve((_request, response) => response.end(archive));
  const release = await serve((_request, response) =>
    response.writeHead(302, { location: `${storage}/asset` }).end(),
  );
  const fetched = await fetchFrom(`${release}/nats-server.tar.gz`);
  expect(fetched).toEqual({ kind: "fetched", file: join(directory, member) });
  expect(await readFile(join(directory, member), "utf8")).toBe("the executable");
});

test("an archive with another checksum is refused and not unpacked", async () => {
  const url = await serve((_request, response) => response.end(archive));
  const fetched = await fetchFrom(url, "0".repeat(64));
  expect(fetched).toMatchObject({ kind: "unavailable" });
  expect(fetched).toHaveProperty(
    "reason",
    expect.stringMatching(/SHA-256 is [0-9a-f]{64}, expected 0{64}/),
  );
  await expect(readFile(join(directory, member))).rejects.toThrow("ENOENT");
});

test("an answer other than 200 is named", async () => {
  const url = await serve((_request, response) => response.writeHead(404).end());
  expect(await fetchFrom(url)).toEqual({
    kind: "unavailable",
    reason: `${url}: status 404, expected 200`,
  });
});

test("a server that accepts and says nothing is given up after 3 s", async () => {
  const url = await serve(() => undefined);
  expect(await fetchFrom(url)).toEqual({
    kind: "unavailable",
    reason: `${url}: not there within 3 s`,
  });
});
