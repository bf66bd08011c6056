import { Buffer } from "node:buffer";

/** The JSON in these bytes; undefined when they are not JSON. */
export const jsonIn = (data: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
};
