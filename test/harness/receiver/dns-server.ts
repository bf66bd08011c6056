import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import { trackOpen } from "../process/open-resources.ts";

/** How one question is answered. */
export type DnsAnswer =
  /** Those of the family that was asked for; none of it: an empty answer. */
  | { readonly kind: "addresses"; readonly addresses: readonly string[]; readonly afterMs?: number }
  | { readonly kind: "no_such_name" }
  | { readonly kind: "server_failure" }
  /** Cut off: the rest is to be asked for over TCP, where nobody listens. */
  | { readonly kind: "truncated" }
  | { readonly kind: "garbage" }
  | { readonly kind: "silence" };

/** Decides for each question; `nth` counts those for the same name and family from 1. */
export type DnsScript = (name: string, family: 4 | 6, nth: number) => DnsAnswer;

export interface DnsServer {
  /** As resolvers take it: `127.0.0.1:5353`. */
  readonly address: string;
  /** The questions so far, such as `name.example A`. */
  readonly questions: readonly string[];
  stop(): Promise<void>;
}

type Question = { readonly name: string; readonly type: number; readonly end: number };

const TYPE_A = 1;
const TYPE_AAAA = 28;
const HEADER_BYTES = 12;
const RESPONSE = 0x8180; // an answer to a recursive question, no error
const TRUNCATED = 0x0200;
const CODES = { no_such_name: 3, server_failure: 2 } as const;

/** A name server (UDP) on this machine that answers by a script. */
export async function startDnsServer(
  script: DnsScript,
  { host = "127.0.0.1", port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const questions: string[] = [];
  const late = new Set<NodeJS.Timeout>();
  socket.on("message", (message, from) => {
    const question = questionOf(message);
    const family = question.type === TYPE_AAAA ? 6 : 4;
    const said = `${question.name} ${family === 6 ? "AAAA" : "A"}`;
    questions.push(said);
    const nth = questions.filter((one) => one === said).length;
    const answer = script(question.name, family, nth);
    const reply = replyTo(message, question, answer);
    if (reply === undefined) return;
    const send = (): void => {
      late.delete(timer);
      socket.send(reply, from.port, from.address);
    };
    const timer = setTimeout(send, "afterMs" in answer ? answer.afterMs : 0);
    late.add(timer);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, resolve);
  });
  const stopped = trackOpen(`name server on port ${socket.address().port}`, () => close(socket));
  return {
    address: `${host}:${socket.address().port}`,
    questions,
    async stop() {
      for (const timer of late) clearTimeout(timer);
      await close(socket);
      stopped();
    },
  };
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
  });
}

/** RFC 1035, 4.1.2: labels with their lengths, type, class. */
function questionOf(message: Buffer): Question {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join(".").toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function replyTo(message: Buffer, question: Question, answer: DnsAnswer): Buffer | undefined {
  if (answer.kind === "silence") return undefined;
  if (answer.kind === "garbage") return Buffer.from("not a message of the DNS");
  const all = answer.kind === "addresses" ? answer.addresses : [];
  const records = all
    .filter((address) => (question.type === TYPE_A) === isIPv4(address))
    .map((address) => recordOf(question.type, address));
  const code = answer.kind in CODES ? CODES[answer.kind as keyof typeof CODES] : 0;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(message.readUInt16BE(0), 0);
  header.writeUInt16BE(RESPONSE | code | (answer.kind === "truncated" ? TRUNCATED : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, message.subarray(HEADER_BYTES, question.end), ...records]);
}

/** RFC 1035, 4.1.3: the name as a pointer to the question, kept for no time. */
function recordOf(type: number, address: string): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split(".").map(Number)) : bytesOf(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytesOf(ipv6: string): Buffer {
  const [front = "", back = ""] = ipv6.split("::");
  const [first, last] = [groups(front), groups(back)];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
  const hex = [...first, ...zeros, ...last].map((group) => group.padStart(4, "0"));
  return Buffer.from(hex.join(""), "hex");
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
