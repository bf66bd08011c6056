import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { trackOpen } from "../harness/process/open-resources.ts";

/** A call that went through, and what it was answered. */
export interface RecordedCall {
  readonly label: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  /** What of it has come so far. */
  readonly body: string;
}

export interface RecordingProxy {
  /** The service's origin for calls that are to be recorded under this label. */
  origin(label: string): string;
  readonly calls: readonly RecordedCall[];
  stop(): Promise<void>;
}

/** Passes requests on to a service and keeps what it answered: the path's first part is the label. */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const calls: RecordedCall[] = [];
  const server = createServer((incoming, outgoing) => {
    const [, label = "", path = "/"] = /^\/([^/]+)(\/.*)$/.exec(incoming.url ?? "") ?? [];
    const { method = "GET", headers } = incoming;
    const forwarded = httpRequest(new URL(path, target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
      outgoing.flushHeaders(); // a stream's first event may be long in coming
      calls.push(recorded({ label, method, path }, answer));
      answer.pipe(outgoing);
    });
    // The reader of a stream goes when it has seen enough.
    outgoing.on("close", () => forwarded.destroy());
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const stopped = trackOpen(`recording proxy on port ${port}`, close);
  return {
    origin: (label) => `http://127.0.0.1:${port}/${label}`,
    calls,
    async stop() {
      await close();
      stopped();
    },
  };
}

/** Kept from its beginning on: a stream that is broken off was answered too. */
function recorded(
  asked: Pick<RecordedCall, "label" | "method" | "path">,
  answer: IncomingMessage,
): RecordedCall {
  const chunks: Buffer[] = [];
  answer.on("data", (chunk: Buffer) => chunks.push(chunk));
  const { statusCode: status = 0, headers } = answer;
  const [contentType = ""] = (headers["content-type"] ?? "").split(";");
  return {
    ...asked,
    status,
    contentType,
    get body() {
      return Buffer.concat(chunks).toString("utf8");
    },
  };
}
