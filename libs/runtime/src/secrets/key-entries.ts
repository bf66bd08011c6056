import { z } from "zod";

type EntrySchema = z.ZodObject<{ id: z.ZodString }>;

/** The expected form of a file, for messages. `hidesFields`: an unknown field may be a secret itself. */
export type KeyFile = { readonly expected: string; readonly hidesFields?: boolean };

export type ReadEntries<T> =
  | { readonly kind: "entries"; readonly entries: readonly T[] }
  /** Names the entry and its problem, and repeats nothing that could be a secret. */
  | { readonly kind: "invalid"; readonly message: string };

/** The entries of a JSON file of keys, in its order, or all problems of it. */
export const readKeyEntries = <S extends EntrySchema>(
  text: string,
  schema: S,
  { expected, hidesFields = false }: KeyFile,
): ReadEntries<z.output<S>> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Not the parser's message: it quotes the file.
    const position = /\(line \d+ column \d+\)/.exec(String(error))?.[0];
    return invalid([`is not valid JSON${position === undefined ? "" : ` ${position}`}`]);
  }
  if (!Array.isArray(value)) return invalid([`is not a JSON array of ${expected}`]);
  const parsed = z.array(schema).safeParse(value);
  if (!parsed.success)
    return invalid(parsed.error.issues.map(issueText(value, schema, hidesFields)));
  const entries = parsed.data;
  const problems = entries.flatMap(({ id }, n) => {
    const isRepeated = entries.slice(0, n).some((other) => other.id === id);
    return isRepeated ? [`${nameOf(value, n, schema)}: id: is there twice`] : [];
  });
  return problems.length === 0 ? { kind: "entries", entries } : invalid(problems);
};

const invalid = (problems: readonly string[]) =>
  ({ kind: "invalid", message: problems.join("; ") }) as const;

const issueText =
  (entries: readonly unknown[], schema: EntrySchema, hidesFields: boolean) =>
  ({ path, code, message }: z.core.$ZodIssue): string => {
    const [index, ...rest] = path.map(String);
    const name = nameOf(entries, Number(index), schema);
    const parts = [name, rest.join(".")].filter((part) => part !== "");
    const fields = new Intl.ListFormat("en").format(Object.keys(schema.shape));
    const shown =
      hidesFields && code === "unrecognized_keys" ? `has fields other than ${fields}` : message;
    return `${parts.join(": ")}: ${shown}`;
  };

const nameOf = (entries: readonly unknown[], index: number, schema: EntrySchema): string => {
  const id = schema.shape.id.safeParse((entries[index] as { id?: unknown } | null)?.id);
  // A whole API key that was put here by mistake is not shown.
  const isShown = id.success && !id.data.startsWith("rb_");
  return isShown ? `entry ${index} ('${id.data}')` : `entry ${index}`;
};
