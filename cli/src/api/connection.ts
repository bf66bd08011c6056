import { isId } from "@ringback/contracts/id";
import { usageError } from "../cli-error.ts";

/** The API's address and key; an operator also names the workspace. */
export type Connection = {
  readonly url: string;
  readonly key: string;
  readonly workspace?: string;
};

export type ConnectionOptions = {
  readonly api?: string;
  readonly key?: string;
  readonly workspace?: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_API = "http://127.0.0.1:8080";
const BASE_PATH = "/ca/api/v0";

/** From the options, or from the environment; throws for a missing key or an invalid URL. */
export const connectionFrom = (options: ConnectionOptions, env: Environment): Connection => {
  const url = apiUrl(options.api ?? (env["RINGBACK_API_URL"] || DEFAULT_API));
  const key = options.key ?? env["RINGBACK_API_KEY"] ?? "";
  if (key === "") {
    throw usageError(
      "there is no API key: set RINGBACK_API_KEY (after `make up`: `. .run/up.env`), or give --key",
    );
  }
  if (/[^!-~]/.test(key)) {
    throw usageError("the API key has characters that no key has: a key is rb_<id>_<secret>");
  }
  const workspace = options.workspace ?? env["RINGBACK_WORKSPACE"] ?? "";
  if (workspace === "") return { url, key };
  if (workspace !== "*" && !isId(workspace)) {
    throw usageError(`the workspace is '${workspace}': expected 1 to 128 of A-Z a-z 0-9 _ -`);
  }
  return { url, key, workspace };
};

/** The base path may be left out: the service has only one. */
const apiUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError(`the API's URL is '${text}': expected one such as ${DEFAULT_API}`);
  }
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path === "" ? BASE_PATH : path}`;
};
