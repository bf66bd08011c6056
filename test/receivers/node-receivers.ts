import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ExampleFolder, exampleFolder, withEnvironment } from "./example-folder.ts";
import { type ReceiverRequest, sendTo } from "./signed-request.ts";

/** An example for a JavaScript runtime, in this process. */
export interface NodeReceiver {
  /** Where it listens; nowhere, where a runtime calls it. */
  readonly url: string;
  readonly send: (request: ReceiverRequest) => Promise<Response>;
  readonly handled: () => Promise<string[]>;
  readonly stop: () => Promise<unknown>;
}

/** What docs/examples/*.mjs export. */
interface Exports {
  readonly server?: Server;
  readonly app?: RequestListener & { readonly server: Server; close(): Promise<unknown> };
  readonly POST?: (request: Request) => Promise<Response>;
  readonly default?: { fetch(request: Request, env: object): Promise<Response> };
}

const NEEDED = { "node-server.mjs": ["verify-webhook.mjs"] } as Record<string, string[]>;

/** The receiver of docs/examples/`file`, at a port of its own where it listens. */
export const startExample = async (
  file: string,
  secret: string,
  edit?: (text: string) => string,
): Promise<NodeReceiver> => {
  const folder = await exampleFolder([file, ...(NEEDED[file] ?? [])], edit);
  return startIn(folder, file, secret);
};

/** The same where its files are already. */
export const startIn = async (
  { load, handled }: ExampleFolder,
  file: string,
  secret: string,
): Promise<NodeReceiver> => {
  const { server, app, POST, default: worker } = (await load(file, secret)) as Exports;
  const env = { WEBHOOK_SECRET: secret };
  if (POST !== undefined) return { url: "", handled, send: (one) => inNext(POST, one, env), stop };
  if (worker !== undefined) {
    return { url: "", handled, send: (one) => worker.fetch(asRequest(one), env), stop };
  }
  const listening = server ?? app?.server;
  if (listening === undefined) throw new Error(`${file}: exports no server`);
  const { port } = (await listeningAt(listening)) as AddressInfo;
  const close = async (): Promise<unknown> => {
    listening.closeAllConnections();
    return server === undefined ? app?.close() : new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${port}/calls`, handled, send: sendTo(port), stop: close };
};

const stop = (): Promise<void> => Promise.resolve();

const listeningAt = async (server: Server) => {
  if (!server.listening) await new Promise((listening) => server.once("listening", listening));
  return server.address();
};

const inNext = (
  post: (request: Request) => Promise<Response>,
  one: ReceiverRequest,
  env: Record<string, string>,
): Promise<Response> => withEnvironment(env, () => post(asRequest(one)));

/** The request as Fetch handlers get it. */
export const asRequest = ({ headers, body }: ReceiverRequest): Request =>
  new Request("https://crm.example.com/calls", {
    method: "POST",
    headers,
    body: new Uint8Array(body),
  });
