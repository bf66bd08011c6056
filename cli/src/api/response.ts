import { CliError } from "../cli-error.ts";

/** More than any response of the API has: an event has at most 1 MiB, a page of changes a few. */
const MAX_RESPONSE_MIB = 32;

/** A response's body, without its content coding; throws for one that is longer than the API's are. */
export const bytesIn = async (response: Response): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    // An error in this loop also ends the transfer.
    if (size > MAX_RESPONSE_MIB * 2 ** 20) {
      throw notTheApi(response.url, `more than ${MAX_RESPONSE_MIB} MiB`);
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
};

/** For a response that Ringback does not give. */
export const notTheApi = (url: string, came: string): CliError =>
  new CliError(
    `${url} answered ${came}, which is not Ringback's API: check RINGBACK_API_URL, or --api`,
  );

/** The value of a JSON text; undefined for any other text. */
export const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
