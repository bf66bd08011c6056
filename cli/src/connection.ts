import { usageError } from "./cli-error.ts";

/** Where the API is, and the key to it. */
export type Connection = { readonly url: string; readonly key: string };

export type ConnectionOptions = { readonly api?: string; readonly key?: string };

type Environment = Readonly<Record<string, string | undefined>>;

const USUAL_API = "http://127.0.0.1:8080";
const BASE_PATH = "/ca/api/v0";

/** From the options, or from the environment; throws where there is no key or no such URL. */
export const connectionFrom = (options: ConnectionOptions, env: Environment): Connection => {
  const url = apiUrl(options.api ?? env["RINGBACK_API_URL"] ?? USUAL_API);
  const key = options.key ?? env["RINGBACK_API_KEY"] ?? "";
  if (key === "") throw usageError("there is no API key: give --key, or set RINGBACK_API_KEY");
  if (/[^!-~]/.test(key)) throw usageError("the API key has characters that no key has");
  return { url, key };
};

/** The base path may be left out, as the service has just the one. */
const apiUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError(`the API's URL is '${text}': expected one such as ${USUAL_API}`);
  }
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path === "" ? BASE_PATH : path}`;
};
