/** Where a nats-server can come from, and which one will do: the pure part of nats-server.ts. */

/** Older servers accept stream options they do not know and ignore them (message schedules). */
export const minimumVersion: ServerVersion = { major: 2, minor: 14, patch: 0, prerelease: "" };

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** "" for a release, otherwise such as "RC.2" */
  readonly prerelease: string;
}

/** Reads what `nats-server --version` prints ("nats-server: v2.15.0"); undefined for anything else. */
export function parseServerVersion(output: string): ServerVersion | undefined {
  const match = /^nats-server: v(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?/m.exec(output);
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    prerelease: prerelease ?? "",
  };
}

/** True from 2.14.0 on. A pre-release of 2.14.0 itself came before it and does not count. */
export function isNewEnough(version: ServerVersion): boolean {
  const { major, minor, patch } = minimumVersion;
  if (version.major !== major) return version.major > major;
  if (version.minor !== minor) return version.minor > minor;
  if (version.patch !== patch) return version.patch > patch;
  return version.prerelease === "";
}

/** "2.15.0", "2.15.0-RC.2": as people write it, without the v. */
export function formatVersion({ major, minor, patch, prerelease }: ServerVersion): string {
  return `${major}.${minor}.${patch}${prerelease === "" ? "" : `-${prerelease}`}`;
}

const releaseVersion = "2.15.0";

/** From the release's own SHA256SUMS. A new releaseVersion needs all four again. */
const releaseSha256: Readonly<Record<string, string>> = {
  "darwin-amd64": "5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95",
  "darwin-arm64": "e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8",
  "linux-amd64": "5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92",
  "linux-arm64": "cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112",
};

/** The official image of the same release; its only file of interest is /nats-server. */
export const dockerImage = `nats:${releaseVersion}-scratch`;

export interface ReleaseArchive {
  readonly url: string;
  readonly sha256: string;
  /** path of the executable inside the archive */
  readonly member: string;
}

/** The official release archive for a system as Node names it (`process.platform`, `process.arch`). */
export function releaseArchive(platform: string, arch: string): ReleaseArchive | undefined {
  const system = `${platform}-${goArchitecture(arch)}`;
  const sha256 = releaseSha256[system];
  if (sha256 === undefined) return undefined;
  const name = `nats-server-v${releaseVersion}-${system}`;
  const releases = "https://github.com/nats-io/nats-server/releases/download";
  return {
    url: `${releases}/v${releaseVersion}/${name}.tar.gz`,
    sha256,
    member: `${name}/nats-server`,
  };
}

/** Node's name of an architecture in the words of Go, Docker and Debian, which agree on these two. */
export function goArchitecture(arch: string): string {
  return arch === "x64" ? "amd64" : arch;
}

/** Tells a person what is being done; a first run takes a while. */
export type Report = (line: string) => void;

/** What a way of fetching came to: an executable (still unchecked), or why there is none. */
export type Fetched =
  | { readonly kind: "fetched"; readonly file: string }
  | { readonly kind: "unavailable"; readonly reason: string };

/** A suite of a distribution that may hold a new enough nats-server, and whose signature it bears. */
export interface PackageSource {
  readonly name: string;
  readonly uri: string;
  readonly suite: string;
  readonly component: string;
  /** where the distribution keeps its archive keys; the name changed from .gpg to .pgp in Debian 13 */
  readonly keyrings: readonly string[];
}

const keyringDirectory = "/usr/share/keyrings";

/** `mirror` fits the archive itself and not its siblings (-security, -debug, snapshots of a day). */
const distributions = [
  {
    name: "Debian",
    mirror: /\/debian(\.list)?\/?$/,
    suites: ["forky", "sid"],
    component: "main",
    keyring: "debian-archive-keyring",
  },
  {
    name: "Ubuntu",
    mirror: /\/ubuntu(-ports)?(\.list)?\/?$/,
    suites: ["devel"],
    component: "universe",
    keyring: "ubuntu-archive-keyring",
  },
] as const;

/**
 * The suites worth asking, in order, out of the repository URIs that this machine's apt knows.
 * Only its own mirrors are used: what apt is set to reach is what the machine may reach.
 * (`mirror+file:…/debian.list` is how cloud images name a list of mirrors.)
 */
export function packageSources(repositoryUris: readonly string[]): PackageSource[] {
  const uris = [...new Set(repositoryUris.map((uri) => uri.trim()).filter((uri) => uri !== ""))];
  return distributions.flatMap(({ name, mirror, suites, component, keyring }) =>
    uris
      .filter((uri) => mirror.test(uri))
      .flatMap((uri) =>
        suites.map((suite) => ({
          name: `${name} ${suite}`,
          uri,
          suite,
          component,
          keyrings: ["gpg", "pgp"].map((ending) => `${keyringDirectory}/${keyring}.${ending}`),
        })),
      ),
  );
}

/**
 * One line of a sources.list. `target=Packages` leaves out everything but the package list, and
 * `signed-by` binds the source to the distribution's own keys.
 */
export function sourcesListLine(
  source: PackageSource,
  architecture: string,
  keyring: string,
): string {
  const options = `arch=${architecture} target=Packages signed-by=${keyring}`;
  return `deb [${options}] ${source.uri} ${source.suite} ${source.component}\n`;
}

/** True when apt's error is about reaching the mirror, and not about what the mirror has. */
export function tellsUnreachable(reason: string): boolean {
  return /resolv|connect|timed out|took longer/i.test(reason);
}

/** What to tell when nothing worked: everything that was tried, why it failed, what to install. */
export function describeFailure(
  tried: readonly { readonly name: string; readonly reason: string }[],
): string {
  const wanted = `nats-server ${minimumVersion.major}.${minimumVersion.minor} or newer`;
  return [
    `No ${wanted} could be had. Tried, in this order:`,
    ...tried.map(({ name, reason }) => `  - ${name}: ${reason}`),
    `Install ${wanted} so that it is on PATH, or set NATS_SERVER to the path of one:`,
    "  https://github.com/nats-io/nats-server/releases (on macOS also: brew install nats-server)",
  ].join("\n");
}
