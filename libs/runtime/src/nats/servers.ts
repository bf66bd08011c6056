/** The servers of NATS in a setting, with the user, and whether TLS is required. */
export type NatsServers = {
  /** `nats://host:port` and so on, without the user. */
  readonly servers: readonly string[];
  readonly user?: { readonly name: string; readonly password: string };
  /** `tls:` or `wss:`: a server without TLS must not receive the password. */
  readonly wantsTls: boolean;
};

export type ReadServers =
  | { readonly kind: "servers"; readonly value: NatsServers }
  /** Names the part of the list, and repeats nothing of the text, which may hold a password. */
  | { readonly kind: "invalid"; readonly message: string };

const PROTOCOLS = ["nats:", "tls:", "ws:", "wss:"];

/**
 * The servers in a list such as `tls://user:password@one:4222,tls://user:password@two:4222`. The client itself ignores
 * the user in a URL, and does not insist on TLS for `tls:`.
 */
export const readNatsServers = (text: string): ReadServers => {
  const parts = text.split(",");
  const servers: string[] = [];
  const users = new Map<string, { readonly name: string; readonly password: string }>();
  let wantsTls = false;
  for (const [n, part] of parts.entries()) {
    const position = parts.length === 1 ? "" : `part ${n + 1} of ${parts.length} `;
    const url = URL.parse(part.trim());
    if (url === null || !PROTOCOLS.includes(url.protocol) || url.hostname === "") {
      return invalid(
        `${position}is not a URL such as nats://127.0.0.1:4222 (several: separated by commas)`,
      );
    }
    const user = userOf(url);
    if (user === "unreadable") {
      return invalid(`${position}has a user or password with a % that is not %25`);
    }
    if (user?.name === "" || user?.password === "") {
      return invalid(`${position}names a user without a password: expected user:password@`);
    }
    if (user !== undefined) users.set(JSON.stringify(user), user);
    wantsTls ||= url.protocol === "tls:" || url.protocol === "wss:";
    servers.push(`${url.protocol}//${url.host}`);
  }
  // The client sends the same user and password to all servers.
  if (users.size > 1) return invalid("names different users or passwords: expected one for all");
  const [user] = users.values();
  return { kind: "servers", value: { servers, wantsTls, ...(user === undefined ? {} : { user }) } };
};

const invalid = (message: string): ReadServers => ({ kind: "invalid", message });

const userOf = ({ username, password }: URL) => {
  if (username === "" && password === "") return undefined;
  try {
    return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    return "unreadable";
  }
};
