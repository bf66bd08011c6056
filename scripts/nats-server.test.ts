import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureNatsServer, type Fetcher } from "./nats-server.ts";

let directory: string;
let toolsDirectory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "nats-server-test-"));
  toolsDirectory = join(directory, "tools");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** An executable that answers --version like a nats-server, at `<directory>/<folder>/nats-server`. */
async function fakeServer(folder: string, says: string): Promise<string> {
  await mkdir(join(directory, folder), { recursive: true });
  const path = join(directory, folder, "nats-server");
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
  await chmod(path, 0o755);
  return path;
}

/** A source that has a server of this version; counts how often it was asked. */
function fetching(says: string): Fetcher & { asked: number } {
  return {
    name: "test source",
    asked: 0,
    async fetch(into) {
      this.asked += 1;
      const file = join(into, "unpacked");
      await writeFile(file, `#!/bin/sh\necho '${says}'\n`);
      return { kind: "fetched", file };
    },
  };
}

const without: Fetcher = {
  name: "unreachable source",
  fetch: async () => ({ kind: "unavailable", reason: "no route" }),
};

function ensure(env: NodeJS.ProcessEnv, ...fetchers: Fetcher[]): Promise<string> {
  return ensureNatsServer({ env, toolsDirectory, fetchers, report: () => undefined });
}

describe("NATS_SERVER", () => {
  test("is used when it is new enough, before any other source", async () => {
    const wished = await fakeServer("wished", "nats-server: v2.14.0");
    await fakeServer("on-path", "nats-server: v2.15.0");
    const env = { NATS_SERVER: wished, PATH: join(directory, "on-path") };
    expect(await ensure(env)).toBe(wished);
  });

  test("that is too old is refused with its value, its version and what is expected", async () => {
    const old = await fakeServer("old", "nats-server: v2.10.0");
    await expect(ensure({ NATS_SERVER: old }, fetching("nats-server: v2.15.0"))).rejects.toThrow(
      `NATS_SERVER: '${old}' is version 2.10.0; expected the path of a nats-server 2.14 or newer`,
    );
  });

  test("that names no file is refused", async () => {
    await expect(ensure({ NATS_SERVER: "/nowhere/nats-server" })).rejects.toThrow(
      "NATS_SERVER: '/nowhere/nats-server' is no executable file; expected the path of",
    );
  });

  test("that is another program is refused with what that said", async () => {
    const other = await fakeServer("other", "nats: 0.2.0");
    await expect(ensure({ NATS_SERVER: other })).rejects.toThrow("says 'nats: 0.2.0'");
  });
});

describe("PATH", () => {
  test("gives the first server that is new enough, past older ones", async () => {
    await fakeServer("a", "nats-server: v2.10.0");
    const newer = await fakeServer("b", "nats-server: v2.14.3");
    await fakeServer("c", "nats-server: v2.15.0");
    const path = ["a", "missing", "b", "c"].map((folder) => join(directory, folder));
    expect(await ensure({ PATH: path.join(delimiter) })).toBe(newer);
  });
});

describe("a fetched server", () => {
  test("is kept, and not fetched again the next time", async () => {
    const source = fetching("nats-server: v2.15.0");
    const first = await ensure({}, source);
    expect(first).toBe(join(toolsDirectory, "nats-server"));
    expect(await readFile(first, "utf8")).toContain("v2.15.0");
    expect(await ensure({}, source)).toBe(first);
    expect(source.asked).toBe(1);
  });

  test("is fetched anew when the kept one has become too old", async () => {
    await fakeServer("tools", "nats-server: v2.13.0");
    const kept = await ensure({}, fetching("nats-server: v2.15.0"));
    expect(await readFile(kept, "utf8")).toContain("v2.15.0");
  });

  test("comes from the next source when one is unreachable or has only an old one", async () => {
    const old = fetching("nats-server: v2.10.0");
    const good = fetching("nats-server: v2.15.0");
    const kept = await ensure({}, without, old, good);
    expect(await readFile(kept, "utf8")).toContain("v2.15.0");
    expect([old.asked, good.asked]).toEqual([1, 1]);
  });

  test("leaves nothing else behind", async () => {
    await ensure({}, fetching("nats-server: v2.10.0"), fetching("nats-server: v2.15.0"));
    expect(await readdir(toolsDirectory)).toEqual(["nats-server"]);
  });
});

test("when no source has one, the error lists all of them with their reasons", async () => {
  const onPath = await fakeServer("a", "nats-server: v2.10.0");
  const outcome = ensure({ PATH: join(directory, "a") }, without, fetching("nats-server: v2.9.1"));
  await expect(outcome).rejects.toThrow(
    [
      "No nats-server 2.14 or newer could be had. Tried, in this order:",
      "  - NATS_SERVER: not set",
      `  - PATH: ${onPath} is version 2.10.0`,
      `  - ${relative(".", join(toolsDirectory, "nats-server"))}: is no executable file`,
      "  - unreachable source: no route",
      "  - test source: is version 2.9.1",
      "Install nats-server 2.14 or newer",
    ].join("\n"),
  );
});
