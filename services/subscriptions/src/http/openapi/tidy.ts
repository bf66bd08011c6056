/** The parts of an OpenAPI document that `tidied` changes. */
export type ApiDocument = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly tags?: readonly { readonly name: string }[];
  readonly components: Components;
};

type Operation = {
  readonly tags?: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
};

type Components = {
  readonly schemas?: Readonly<Record<string, unknown>>;
  readonly responses?: Readonly<Record<string, unknown>>;
};

const OWN_STATUS = /^[23]/;

/**
 * Moves problems that several calls share to the components, and removes schemas and tags without a reference:
 * zod's registry has every schema with an id.
 */
export const tidied = (document: ApiDocument): ApiDocument => {
  const shared = new Map<string, unknown>();
  const { components, tags = [], paths: asMade, ...head } = document;
  const paths = mapOperations(asMade, (operation) => ({
    ...operation,
    responses: withSharedProblems(operation.responses, shared),
  }));
  const responses = Object.fromEntries([...shared].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const used = usedTags(asMade);
  return {
    ...head,
    tags: tags.filter(({ name }) => used.has(name)),
    paths,
    components: {
      ...components,
      schemas: usedSchemas({ paths, responses }, components.schemas ?? {}),
      responses,
    },
  };
};

const mapOperations = (
  paths: ApiDocument["paths"],
  change: (operation: Operation) => Operation,
): ApiDocument["paths"] =>
  Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, change(operation)]),
      ),
    ]),
  );

const withSharedProblems = (
  responses: Operation["responses"],
  shared: Map<string, unknown>,
): Operation["responses"] =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      if (OWN_STATUS.test(status)) return [status, response];
      // These responses differ only in their codes.
      const name = codesIn(response).join(".");
      shared.set(name, response);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );

const codesIn = (response: unknown): string[] => {
  const { content } = response as { content: Record<string, { examples: object }> };
  return Object.values(content).flatMap(({ examples }) => Object.keys(examples));
};

const usedTags = (paths: ApiDocument["paths"]): ReadonlySet<string> =>
  new Set(
    Object.values(paths).flatMap((operations) =>
      Object.values(operations).flatMap(({ tags = [] }) => tags),
    ),
  );

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
