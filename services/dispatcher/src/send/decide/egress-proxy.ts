/** An HTTP proxy that every request goes through, by CONNECT: `http:` targets as well. */
export type EgressProxy = {
  readonly hostname: string;
  readonly port: number;
  /** The value of `proxy-authorization`. */
  readonly authorization: string | undefined;
};

const DEFAULT_PORT = 80;

/** The proxy that a URL such as `http://user:password@proxy:3128` names; undefined where it names none. */
export const egressProxyOf = (text: string): EgressProxy | undefined => {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "http:" || url.hostname === "") return undefined;
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") return undefined;
  const credentials = credentialsOf(url);
  if (credentials === null) return undefined;
  return {
    hostname: url.hostname.replaceAll(/[[\]]/g, ""),
    port: Number(url.port) || DEFAULT_PORT,
    authorization:
      credentials === ""
        ? undefined
        : `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`,
  };
};

/** `user:password` as they are meant, unescaped; null where that cannot be done. */
const credentialsOf = ({ username, password }: URL): string | null => {
  if (username === "" && password === "") return "";
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return null;
  }
};
