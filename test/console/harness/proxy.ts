import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a proxy says itself, in place of the service behind it. */
type OwnResponse = { readonly status: number; readonly type: string; readonly body: string };

/** A proxy before the service, as many installations have one. */
export type Proxy = {
  readonly origin: string;
  /** What it says to calls of this path of the API and below; undefined: it passes them on. `silent`: nothing. */
  says: { readonly path: string; readonly response: OwnResponse | "silent" } | undefined;
  readonly stop: () => Promise<void>;
};

const API = "/ca/api/v0";

/** Starts a proxy before the service at this port of loopback. */
export const startProxy = async (servicePort: number): Promise<Proxy> => {
  const server = createServer((incoming, outgoing) => {
    const { says } = proxy;
    if (says === undefined || !(incoming.url ?? "").startsWith(API + says.path)) {
      passOn(incoming, outgoing, servicePort);
    } else if (says.response !== "silent") {
      const { status, type, body } = says.response;
      outgoing.writeHead(status, { "content-type": type }).end(body);
    }
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = {
    origin: `http://127.0.0.1:${port}`,
    says: undefined,
    stop: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
  return proxy;
};

const passOn = (incoming: IncomingMessage, outgoing: ServerResponse, port: number): void => {
  const { method, headers, url: path } = incoming;
  const asked = ask({ host: "127.0.0.1", port, method, headers, path }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  asked.on("error", () => outgoing.destroy());
  incoming.pipe(asked);
};
