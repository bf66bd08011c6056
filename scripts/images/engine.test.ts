import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findEngine } from "./engine.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "engines-"));
});

afterEach(() => rm(directory, { recursive: true }));

/** A program of this name that ends with this code, and says so. */
const program = async (name: string, code: number): Promise<void> => {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\necho "${name} says ${code}" >&2\nexit ${code}\n`);
  await chmod(path, 0o755);
};

const find = (wish?: string) => findEngine(wish, { PATH: directory });

test("a client whose daemon does not run is passed over for the next engine", async () => {
  await program("docker", 1);
  await program("podman", 0);
  await program("buildah", 0);
  expect(await find()).toEqual({ kind: "found", name: "podman" });
});

test("the engine that is wished for is taken, and no other in its place", async () => {
  await program("docker", 0);
  await program("buildah", 0);
  expect(await find("buildah")).toEqual({ kind: "found", name: "buildah" });
  expect(await find("podman")).toMatchObject({ kind: "absent" });
});

test("where none works, each is named with its reason", async () => {
  await program("docker", 1);
  const found = await find();
  const reasons = found.kind === "absent" ? found.reasons : [];
  expect(reasons).toEqual([
    "docker: docker says 1",
    expect.stringMatching(/^podman: .*does not run here/),
    expect.stringMatching(/^buildah: .*does not run here/),
  ]);
});

test("a wish for an engine that is not known is told with those that are", async () => {
  expect(await find("kaniko")).toEqual({
    kind: "absent",
    reasons: ["ENGINE: 'kaniko' is none of docker, podman, buildah"],
  });
});
