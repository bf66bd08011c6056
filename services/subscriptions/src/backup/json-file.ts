import { readFile } from "node:fs/promises";

/** What a file says; throws by its path where that is no JSON. */
export const jsonIn = async (path: string): Promise<unknown> => {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: is no JSON`, { cause: error });
  }
};
