/** The parts of an OpenAPI document that `tidied` changes. */
export type ApiDocument = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly webhooks?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: {
    readonly schemas?: Readonly<Record<string, unknown>>;
    readonly responses?: Readonly<Record<string, unknown>>;
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly requestBodies?: Readonly<Record<string, unknown>>;
  };
};

type Operation = {
  readonly tags?: readonly string[];
  readonly responses: Record<string, unknown>;
};

const OWN_STATUS = /^[23]/;

/**
 * Moves problems that several calls share to the components, and removes schemas and tags without a reference:
 * zod's registry has every schema with an id.
 */
export const tidied = (document: ApiDocument): ApiDocument => {
  const { components, tags = [], paths, ...head } = document;
  const operations = Object.values(paths).flatMap((ofPath) => Object.values(ofPath));
  const used = new Set(operations.flatMap((operation) => operation.tags ?? []));
  const responses = sharedProblems(operations);
  const schemas = usedSchemas({ paths, responses }, components.schemas ?? {});
  return {
    ...head,
    tags: tags.filter(({ name }) => used.has(name)),
    paths,
    components: { ...components, schemas, responses },
  };
};

/** Puts a reference in the place of each problem response; returns these responses by name. */
const sharedProblems = (operations: readonly Operation[]) => {
  const shared = new Map<string, unknown>();
  for (const { responses } of operations) {
    for (const [status, response] of Object.entries(responses)) {
      if (OWN_STATUS.test(status)) continue;
      // These responses differ only in their codes.
      const name = codesIn(response).join(".");
      shared.set(name, response);
      responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  return Object.fromEntries([...shared].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

const codesIn = (response: unknown): string[] => {
  const { content } = response as { content: Record<string, { examples: object }> };
  return Object.values(content).flatMap(({ examples }) => Object.keys(examples));
};

const usedSchemas = (from: unknown, schemas: Readonly<Record<string, unknown>>) => {
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ""] of JSON.stringify(value).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (used.has(name) || !Object.hasOwn(schemas, name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(from);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
};
