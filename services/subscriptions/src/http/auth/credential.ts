import type { Sight } from "../../sight/decide/sight.ts";
import type { Permission } from "./permissions.ts";

/** What a key or a session is known by: a digest, and until when it counts. */
type KnownDigest = {
  readonly sha256: string;
  /** A secret that was replaced: valid until then. */
  readonly untilMs?: number;
};

/** In which workspace somebody may do what. `*`: in any that a request names. */
export type Role = {
  readonly workspaceId: string;
  readonly permissions: ReadonlySet<Permission>;
};

/** A key, or a session of a portal or of a person, as it is known in memory. */
export type Credential = Role & {
  readonly kind: "key" | "portal" | "person";
  readonly id: string;
  readonly digests: readonly KnownDigest[];
  /** Undefined: all agents of the workspace. */
  readonly agents?: ReadonlySet<string>;
  /** Further workspaces of a person. */
  readonly roles?: readonly Role[];
  readonly expiresAtMs?: number;
  /** The key that made this session, which ends with it. */
  readonly madeByKey?: string;
  /** As what is changed names who did it. */
  readonly actor: string;
  /** The same in every instance and over rotations, and secret to everybody without the key. */
  readonly seed: string;
  readonly name?: string;
  /** Who signed in. */
  readonly subject?: string;
  readonly theme?: Readonly<Record<string, string>>;
  /** The one origin that a portal sends messages to. */
  readonly origin?: string;
};

/** All that is known, by id. */
export type Credentials = {
  /** A key of the file and one that was made may have the same id. */
  readonly keys: (id: string) => readonly Credential[];
  readonly session: (id: string) => Credential | undefined;
};

/** The sender of a request, and what it sees of the workspace that the request is about. */
export type Caller = Sight & {
  /** Of the key or session: what it does is counted and logged by it. */
  readonly keyId: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The same in every instance, and secret to everybody without the key. */
  readonly keyDigest: string;
  /** As configuration events name who changed something. */
  readonly actor: string;
  readonly credential: Credential;
};

export const hasEnded = ({ expiresAtMs }: Credential, nowMs: number): boolean =>
  expiresAtMs !== undefined && expiresAtMs <= nowMs;
