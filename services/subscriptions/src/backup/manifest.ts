import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isStreamName } from "@ringback/contracts/streams/subjects";
import { z } from "zod";
import { jsonIn } from "./json-file.ts";
import { MANIFEST_FILE } from "./layout.ts";

const manifestSchema = z.object({
  began_at: z.iso.datetime(),
  streams: z.array(
    z.object({
      stream: z.string().refine(isStreamName),
      messages: z.number(),
      bytes: z.number(),
      sha256: z.string(),
    }),
  ),
});

/** What a backup should have, in the order in which it was copied. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A backup's manifest; undefined where it has none, as one that the `nats` program made. Throws where it is damaged. */
export const manifestOf = async (folder: string): Promise<Manifest | undefined> => {
  if (!(await readdir(folder)).includes(MANIFEST_FILE)) return undefined;
  const path = join(folder, MANIFEST_FILE);
  const manifest = manifestSchema.safeParse(await jsonIn(path));
  if (!manifest.success) throw new Error(`${path}: ${z.prettifyError(manifest.error)}`);
  return manifest.data;
};
