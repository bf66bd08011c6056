import { parseDurationMs } from "@ringback/contracts/duration";
import { parseSigningSecret } from "@ringback/contracts/secrets/signing-secret";
import { Option, type Command } from "commander";
import { usageError } from "../cli-error.ts";
import type { Streams } from "../command-context.ts";
import { textOf } from "./read-input.ts";

export type RotationOptions = {
  readonly overlap: string;
  readonly scheme?: string;
  readonly secretStdin?: boolean;
};

/** Adds the options of `RotationOptions`. */
export const withRotationOptions = (command: Command): Command =>
  command
    .option("--overlap <duration>", "how long the secret before signs on: 0s to 7d", "24h")
    .addOption(
      new Option("--scheme <scheme>", "v1: a shared secret; v1a: a public key").choices([
        "v1",
        "v1a",
      ]),
    )
    .option("--secret-stdin", "take the new secret from stdin: whsec_… or whsk_…");

/** The fields of a request for a new signing secret; throws for an overlap or a secret that is none. */
export const rotationOf = async (
  { overlap, scheme, secretStdin }: RotationOptions,
  stdin: Streams["stdin"],
) => {
  if (parseDurationMs(overlap) === undefined) {
    throw usageError(`--overlap is '${overlap}': expected a duration such as 30m, 24h or 7d`);
  }
  const secret = secretStdin === true ? secretIn((await textOf(stdin)).trim()) : undefined;
  return {
    overlap,
    ...(scheme === undefined ? {} : { scheme }),
    ...(secret === undefined ? {} : { signing_secret: secret }),
  };
};

const secretIn = (text: string): string => {
  const read = parseSigningSecret(text);
  if (read.kind !== "refused") return text;
  throw usageError(`the secret on stdin ${read.message}`);
};
