/** What a worker can be asked for: one argument in, one result out. */
export type Calls = Readonly<Record<string, (input: never) => unknown>>;

/** A call on its way to a worker. */
type Call = { readonly id: number; readonly name: string; readonly input: unknown };

/** What came of it. */
export type Answer =
  | { readonly id: number; readonly kind: "done"; readonly value: unknown }
  | { readonly id: number; readonly kind: "failed"; readonly message: string };

/**
 * Makes this process answer the calls of the one that started it, and end when that one is gone,
 * however it went: nothing of a benchmark is ever left over.
 */
export const answerCalls = (calls: Calls): void => {
  process.once("disconnect", () => process.exit(0));
  process.on("message", (message) => void answer(message as Call, calls));
};

const answer = async ({ id, name, input }: Call, calls: Calls): Promise<void> => {
  let result: Answer;
  try {
    const value = await calls[name]?.(input as never);
    result = { id, kind: "done", value };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    result = { id, kind: "failed", message };
  }
  // Whoever asked may be gone.
  if (process.connected) process.send?.(result);
};
