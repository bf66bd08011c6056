/** One change of an agent or an endpoint, as the history shows it. */
export type Change = {
  readonly version: number;
  readonly at: string;
  readonly actor: string | null;
  /** What was done, in words. */
  readonly title: string;
  /** The settings that it set, by name; null: it took one away. */
  readonly set: Readonly<Record<string, unknown>>;
};

/** A setting that became another one; `before` is undefined where no older change that was read says it. */
export type Difference = {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string;
};

/** What the change at this place of a history, newest first, changed. A setting that stayed as it was is left out. */
export const differencesAt = (changes: readonly Change[], at: number): readonly Difference[] => {
  const older = changes.slice(at + 1);
  return Object.entries(changes[at]?.set ?? {}).flatMap(([name, value]) => {
    const last = older.find(({ set }) => name in set);
    const before = last === undefined ? undefined : valueText(last.set[name]);
    const after = valueText(value);
    const isNothing = before === undefined && value === null;
    return before === after || isNothing ? [] : [{ name, before, after }];
  });
};

const valueText = (value: unknown): string => {
  if (value === null || value === undefined) return "not set";
  if (typeof value === "string") return value;
  const isPlainList = Array.isArray(value) && value.every((one) => typeof one === "string");
  return isPlainList ? value.join(", ") : JSON.stringify(value);
};
