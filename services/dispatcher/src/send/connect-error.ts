/**
 * What connecting failed with, as a code alone: a message could tell a customer which internal address
 * or port it was. Never a code of undici's (`UND_ERR_…`): undici would connect again in a loop.
 */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Code of a request that was not begun, as this process stood still before it could be. */
export const STOOD_STILL = "STOOD_STILL";
