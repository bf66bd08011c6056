import { startTcpLink } from "../harness/receiver/tcp-link.ts";

/** One message that a client published through the proxy. */
export interface ClientMessage {
  readonly subject: string;
  /** It asks for an answer: somebody waits for a round trip. */
  readonly asksForAnswer: boolean;
}

export interface NatsProxy {
  readonly url: string;
  /** What clients have published so far, in order. */
  readonly messages: readonly ClientMessage[];
  stop(): Promise<void>;
}

/** A TCP proxy in front of nats-server that notes every PUB and HPUB of its clients. */
export async function startNatsProxy(target: { readonly port: number }): Promise<NatsProxy> {
  const messages: ClientMessage[] = [];
  const link = await startTcpLink(() => clientReader((message) => messages.push(message)));
  link.setTarget(target.port);
  return { url: `nats://127.0.0.1:${link.port}`, messages, stop: () => link.stop() };
}

/** Reads the client's side of the NATS protocol: lines, and after a PUB or HPUB its bytes. */
function clientReader(onMessage: (message: ClientMessage) => void): (data: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let skip = 0;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const skipped = Math.min(skip, rest.length);
      rest = rest.subarray(skipped);
      skip -= skipped;
      const end = rest.indexOf("\r\n");
      if (skip > 0 || end === -1) return;
      const words = rest.subarray(0, end).toString("latin1").split(" ");
      rest = rest.subarray(end + 2);
      const [verb, subject = ""] = words;
      if (verb !== "PUB" && verb !== "HPUB") continue;
      skip = Number(words.at(-1)) + 2;
      onMessage({ subject, asksForAnswer: words.length === (verb === "PUB" ? 4 : 5) });
    }
  };
}
