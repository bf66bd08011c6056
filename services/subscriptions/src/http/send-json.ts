import type { Buffer } from "node:buffer";
import type { FastifyReply } from "fastify";

/** Answers with a text that is JSON already, such as one with a payload in it as it was stored. */
export const sendJson = (reply: Pick<FastifyReply, "type" | "send">, json: Buffer) =>
  reply.type("application/json; charset=utf-8").send(json);
