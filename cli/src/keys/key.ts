import { z } from "zod";
import type { Terminal } from "../output/terminal.ts";

/** A key in the API's responses; `key` is in those that made it. */
export const keySchema = z.looseObject({
  key_id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  agents: z.array(z.string()).nullable(),
  source: z.string(),
  state: z.string(),
  created_by: z.string().nullable(),
  created_at: z.string().nullable(),
  expires_at: z.string().nullable(),
  previous_valid_until: z.string().nullable(),
  key: z.string().optional(),
});

export const keyPath = (keyId: string): string => `/api-keys/${encodeURIComponent(keyId)}`;

/** The key alone on stdout, so that it can go into a file; the rest on stderr. With `--json` all of it. */
export const showKey = (made: z.infer<typeof keySchema>, terminal: Terminal): void => {
  if (terminal.isJson) return terminal.line(JSON.stringify(made));
  terminal.note(`Key ${made.key_id} (${made.scopes.join(", ")}), shown this once:`);
  terminal.line(made.key ?? "");
};
