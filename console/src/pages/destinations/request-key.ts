import { useRef } from "react";
import { ProblemError } from "../../api/problem.ts";

/** As random as a UUID, also where the page is no secure context. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

/**
 * Runs a request with an `Idempotency-Key` that stays the same until there was a response: where the first response was
 * lost, sending it again does nothing twice.
 */
export const useRequestKey = () => {
  const key = useRef<string>(undefined);
  return async <Result>(request: (key: string) => Promise<Result>): Promise<Result> => {
    key.current ??= newKey();
    try {
      const result = await request(key.current);
      key.current = undefined;
      return result;
    } catch (error) {
      if (error instanceof ProblemError) key.current = undefined;
      throw error;
    }
  };
};
