import { Buffer } from "node:buffer";

/** More than any document of a provider is large. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

type Fetch = (url: string, options: RequestInit) => Promise<Response>;

/**
 * `fetch` whose response is read here, up to `MAX_RESPONSE_BYTES`: a provider, or somebody in its place, does not fill our
 * memory. It follows no redirects.
 */
export const boundedFetch: Fetch = async (url, options) => {
  const response = await fetch(url, { ...options, redirect: "manual" });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_RESPONSE_BYTES) throw new Error(`${url} answers with more than 1 MiB`);
    chunks.push(chunk);
  }
  const { status, headers } = response;
  return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status, headers });
};
