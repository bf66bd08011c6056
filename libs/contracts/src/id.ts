import { z } from "zod";

/** The form of ids, as tokens of NATS subjects: no dots, wildcards or spaces. */
const ID_PATTERN = /^[A-Za-z0-9_-]{1,128}$/;

/** A workspace, agent or call id. */
export const idSchema = z
  .string()
  .regex(ID_PATTERN, "must be 1 to 128 characters of A-Z, a-z, 0-9, _ and -");

export const isId = (text: string): boolean => ID_PATTERN.test(text);
