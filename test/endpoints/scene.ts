import type { Answer, ApiClient } from "../harness/api-client.ts";

/** Sends a request with a JSON body, or without any. */
export const send = (
  client: Pick<ApiClient, "raw">,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  client.raw(path, {
    method,
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** The fields that are wrong in an answer, by their paths. */
export const errorsIn = (answer: Answer): Record<string, string> =>
  Object.fromEntries(
    ((answer.body?.["errors"] ?? []) as { path: string; message: string }[]).map(
      ({ path, message }) => [path, message],
    ),
  );

export const CRM = {
  url: "https://crm.example.com/calls?token=secret-query",
  headers: { Authorization: "Bearer secret-header" },
} as const;
