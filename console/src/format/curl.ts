/** A call of the API that somebody could make from a shell. */
export type ShownCall = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the base path, such as `/events/evt_1/redeliver`. */
  readonly path: string;
  readonly body?: unknown;
};

/** The call as a curl command; the key and the workspace come from the shell, so the text can be shared. */
export const curlText = (
  { method, path, body }: ShownCall,
  { api, workspace }: { readonly api: string; readonly workspace?: string | undefined },
): string => {
  const parts = [`curl -sS${method === "GET" ? "" : ` -X ${method}`} ${quoted(api + path)}`];
  parts.push('-H "X-API-KEY: $KEY"');
  if (workspace !== undefined) parts.push(`-H ${quoted(`X-Workspace-Id: ${workspace}`)}`);
  if (body !== undefined) {
    parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  }
  return parts.join(" \\\n  ");
};

const quoted = (text: string): string =>
  /^[\w:/.?&=%-]+$/.test(text) && !text.includes("&")
    ? text
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
