import { describe, expect, test } from "vitest";
import {
  describeFailure,
  formatVersion,
  isNewEnough,
  packageSources,
  parseServerVersion,
  releaseArchive,
  sourcesListLine,
  tellsUnreachable,
} from "./sources.ts";

describe("the version of a nats-server", () => {
  test.each([
    ["nats-server: v2.15.0\n", "2.15.0"],
    ["nats-server: v2.14.10", "2.14.10"],
    ["nats-server: v2.15.0-RC.2\n", "2.15.0-RC.2"],
    ["a warning first\nnats-server: v2.9.0\n", "2.9.0"],
  ])("is read from %j as %s", (output, expected) => {
    const version = parseServerVersion(output);
    expect(version && formatVersion(version)).toBe(expected);
  });

  test.each([[""], ["v2.15.0"], ["nats-server: v2"], ["nats: v2.15.0"], ["command not found"]])(
    "is not made up from %j",
    (output) => {
      expect(parseServerVersion(output)).toBeUndefined();
    },
  );

  test.each([
    ["1.99.99", false],
    ["2.9.25", false],
    ["2.10.0", false],
    ["2.13.99", false],
    ["2.14.0-RC.1", false],
    ["2.14.0", true],
    ["2.14.1-RC.1", true],
    ["2.14.10", true],
    ["2.15.0", true],
    ["2.100.0", true],
    ["3.0.0", true],
  ])("%s is new enough: %s", (version, expected) => {
    const parsed = parseServerVersion(`nats-server: v${version}`);
    expect(parsed && isNewEnough(parsed)).toBe(expected);
  });
});

describe("the official release archive", () => {
  test.each([
    ["linux", "x64", "linux-amd64"],
    ["linux", "arm64", "linux-arm64"],
    ["darwin", "x64", "darwin-amd64"],
    ["darwin", "arm64", "darwin-arm64"],
  ])("for %s on %s is the one named %s, with its own checksum", (platform, arch, system) => {
    const archive = releaseArchive(platform, arch);
    expect(archive?.url).toMatch(new RegExp(`/v([\\d.]+)/nats-server-v\\1-${system}\\.tar\\.gz$`));
    expect(archive?.member).toMatch(new RegExp(`^nats-server-v[\\d.]+-${system}/nats-server$`));
    expect(archive?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("has a checksum for each system that no other system has", () => {
    const systems = ["linux", "darwin"].flatMap((platform) =>
      ["x64", "arm64"].map((arch) => releaseArchive(platform, arch)?.sha256),
    );
    expect(new Set(systems).size).toBe(4);
  });

  test.each([
    ["win32", "x64"],
    ["linux", "riscv64"],
    ["linux", "ia32"],
    ["freebsd", "x64"],
  ])("is not guessed for %s on %s", (platform, arch) => {
    expect(releaseArchive(platform, arch)).toBeUndefined();
  });
});

const chosen = (...uris: string[]) =>
  packageSources(uris).map(({ uri, suite, component }) => `${uri} ${suite} ${component}`);

describe("the distribution's newer package", () => {
  test.each([
    ["http://mirror.example/debian"],
    ["http://mirror.example/debian/"],
    ["https://user:secret@mirror.example/some/path/debian/"],
    ["mirror+file:/etc/apt/mirrors/debian.list"],
  ])("is asked of %s in Debian's next suites", (uri) => {
    expect(chosen(uri)).toEqual([`${uri} forky main`, `${uri} sid main`]);
  });

  test.each([["http://mirror.example/ubuntu/"], ["http://mirror.example/ubuntu-ports"]])(
    "is asked of %s in Ubuntu's suite in development",
    (uri) => {
      expect(chosen(uri)).toEqual([`${uri} devel universe`]);
    },
  );

  test.each([
    ["http://mirror.example/debian-security/"],
    ["mirror+file:/etc/apt/mirrors/debian-security.list"],
    ["http://mirror.example/archive/debian/20260101T000000Z/"],
    ["https://packages.example/notdebian/"],
    ["https://packages.example/apt/"],
    [""],
  ])("is not asked of %j", (uri) => {
    expect(chosen(uri)).toEqual([]);
  });

  test("is asked of each mirror once, Debian's before Ubuntu's", () => {
    const debian = "http://mirror.example/debian/";
    const ubuntu = "http://mirror.example/ubuntu/";
    expect(chosen(ubuntu, debian, "", debian, " ")).toEqual([
      `${debian} forky main`,
      `${debian} sid main`,
      `${ubuntu} devel universe`,
    ]);
  });

  test.each([
    [
      "E: Failed to fetch http://m.example/InRelease  Temporary failure resolving 'm.example'",
      true,
    ],
    ["E: Failed to fetch http://m.example/InRelease  Could not connect to m.example:80", true],
    ["E: Failed to fetch http://m.example/InRelease  Connection timed out", true],
    ["apt-get took longer than 180 s", true],
    ["E: The repository 'http://m.example forky Release' does not have a Release file.", false],
    ["E: The repository 'http://m.example forky InRelease' is not signed.", false],
    ["E: Unable to locate package nats-server", false],
  ])("%s: the mirror can't be reached: %s", (reason, expected) => {
    expect(tellsUnreachable(reason)).toBe(expected);
  });

  test("is bound to the distribution's own keys", () => {
    const [source] = packageSources(["http://mirror.example/debian/"]);
    expect(source?.keyrings[0]).toBe("/usr/share/keyrings/debian-archive-keyring.gpg");
    expect(source && sourcesListLine(source, "arm64", "/keys.gpg")).toBe(
      "deb [arch=arm64 target=Packages signed-by=/keys.gpg] http://mirror.example/debian/ forky main\n",
    );
  });
});

test("the message when nothing worked names every source, its reason and what to install", () => {
  const message = describeFailure([
    { name: "NATS_SERVER", reason: "not set" },
    { name: "official release", reason: "getaddrinfo ENOTFOUND" },
  ]);
  expect(message).toContain(
    "  - NATS_SERVER: not set\n  - official release: getaddrinfo ENOTFOUND",
  );
  expect(message).toContain("Install nats-server 2.14 or newer so that it is on PATH");
});
