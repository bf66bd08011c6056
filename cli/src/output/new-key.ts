import { parseDurationMs } from "@ringback/contracts/duration";
import { z } from "zod";
import type { Terminal } from "./terminal.ts";

/** What a response shows of a new signing key: a secret of scheme `v1`, or a public key. */
export const newKeyFields = {
  signing_secret: z.string().optional(),
  signing_public_key: z.string().optional(),
};

type NewKey = {
  readonly signing_secret?: string | undefined;
  readonly signing_public_key?: string | undefined;
};

/** The new key alone on stdout, so that it can go into a file; the rest on stderr. With `--json` all of `about`, too. */
export const showNewKey = (
  about: object,
  { signing_secret, signing_public_key }: NewKey,
  overlap: string,
  terminal: Terminal,
): void => {
  if (terminal.isJson) {
    return terminal.line(JSON.stringify({ ...about, signing_secret, signing_public_key }));
  }
  const isShared = signing_secret !== undefined;
  terminal.note(
    isShared
      ? "The new signing secret, shown this once:"
      : "The public key that receivers verify with:",
  );
  terminal.line(signing_secret ?? signing_public_key ?? "");
  terminal.note(
    parseDurationMs(overlap) === 0
      ? "Secrets from before sign no more."
      : `Secrets from before, where there are any, sign on for ${overlap}.`,
  );
};
