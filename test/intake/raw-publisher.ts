import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInbox } from "@nats-io/nats-core";

/** Publishes bytes that no client would let through: the producer's end of the protocol, by hand. */
export interface RawPublisher {
  /** `headers` are all bytes before the body, beginning with `NATS/1.0`; they are sent as they are. */
  publish(subject: string, headers: string, body: Uint8Array): Promise<{ readonly seq: number }>;
  /** The same on a subject that no stream has. */
  say(subject: string, headers: string): void;
  close(): void;
}

interface Answer {
  readonly seq?: number;
  readonly error?: unknown;
}

export async function connectRaw({ port }: { readonly port: number }): Promise<RawPublisher> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const inbox = createInbox();
  const waiting: ((answer: Answer) => void)[] = [];
  readAnswers(socket, (answer) => waiting.shift()?.(answer));
  socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n`);
  socket.write(`SUB ${inbox} 1\r\n`);
  const send = (subject: string, headers: string, body: Uint8Array): void => {
    const head = Buffer.from(headers, "latin1");
    const sizes = `${head.byteLength} ${head.byteLength + body.byteLength}`;
    socket.write(`HPUB ${subject} ${sizes}\r\n`);
    socket.write(Buffer.concat([head, body, Buffer.from("\r\n")]));
  };
  return {
    say: (subject, headers) => send(subject, headers, Buffer.alloc(0)),
    publish: async (subject, headers, body) => {
      const answered = new Promise<Answer>((resolve) => waiting.push(resolve));
      send(`${subject} ${inbox}`, headers, body);
      const { seq, error } = await answered;
      if (seq === undefined || error !== undefined)
        throw new Error(`${subject}: not stored, ${JSON.stringify(error)}`);
      return { seq };
    },
    close: () => socket.destroy(),
  };
}

/** Answers of the stream come one for each message, in order: each is one line of JSON. */
function readAnswers(socket: Socket, take: (answer: Answer) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "PING") socket.write("PONG\r\n");
      if (line.startsWith("{")) take(JSON.parse(line) as Answer);
      if (line.startsWith("-ERR")) take({ error: line });
    }
  });
}
