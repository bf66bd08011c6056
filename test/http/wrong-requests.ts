/** Values of every kind that JSON has, none of which fits everywhere. */
const VALUES: readonly unknown[] = [
  7,
  -1.5,
  "x",
  "",
  "whsec_AAAA",
  "a\nb",
  "x".repeat(3_000),
  true,
  null,
  [],
  [7],
  [{}],
  [[]],
  {},
  { a: 1 },
];

type Operation = {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, WithExamples>> };
};

type WithExamples = {
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
};

export type ApiDocument = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

export type WrongRequest = {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
};

/** Evenly over all that there are: a call with large examples has thousands. */
const MAX_OF_CALL = 60;

/**
 * For every call of the API requests with something wrong: the body of each documented example with one part replaced,
 * and each parameter with other values.
 */
export const wrongRequests = (document: ApiDocument): WrongRequest[] =>
  Object.entries(document.paths).flatMap(([pattern, operations]) => {
    const path = pattern.replace(/^\/ca\/api\/v0/, "").replaceAll(/\{\w+\}/g, "nobody");
    return Object.entries(operations).flatMap(([verb, operation]) => {
      const method = verb.toUpperCase();
      const bodies = wrongBodies(operation).map((body) => ({ method, path, body }));
      const queries = queriesOf(operation).map((query) => ({
        method,
        path: `${path}?${query}`,
        body: undefined,
      }));
      return [...bodies, ...queries].filter(
        (_, n, { length }) => n % Math.ceil(length / MAX_OF_CALL) === 0,
      );
    });
  });

const queriesOf = ({ parameters = [] }: Operation): string[] => {
  const names = parameters.filter((one) => one.in === "query").map(({ name }) => name);
  return [...names, "unknown"].flatMap((name) =>
    WRONG_IN_QUERIES.map((value) => `${name}=${value}`),
  );
};

/** None is right for a parameter of `GET /stream`, whose answer has no end. */
const WRONG_IN_QUERIES = ["", "%00", "a.b,", "-1.5", "x".repeat(300)];

const wrongBodies = ({ requestBody }: Operation): string[] => {
  const content = requestBody?.content["application/json"];
  if (content === undefined) return [];
  const right = Object.values(content.examples ?? {}).map(({ value }) => value);
  const values = [...VALUES, ...right.flatMap(changed), ...right.map(withMore)];
  return [...values.map((value) => JSON.stringify(value)), "{", '{"a": }', ""];
};

/** The value with one of its parts replaced by each other value, or left out. */
const changed = (value: unknown): unknown[] => {
  if (Array.isArray(value)) {
    return value.flatMap((one, n) =>
      [...VALUES, ...changed(one)].map((other) => value.with(n, other)),
    );
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    [undefined, ...VALUES, ...changed(part)].map((other) => ({ ...value, [key]: other })),
  );
};

const withMore = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(withMore) : { ...(value as object), agent: 1, colour: "red" };
