// npm install fastify standardwebhooks
import Fastify from "fastify";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { handleEvent } from "./handle-event.mjs";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
export const app = Fastify({ bodyLimit: 2 * 1024 * 1024 });

// A scope of its own: bodies stay raw in it, as the signature is that of the raw body.
await app.register(async (scope) => {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer" }, async (_request, body) => body);

  scope.post("/calls", async (request, reply) => {
    const id = request.headers["webhook-id"];
    const body = request.body ?? Buffer.alloc(0);
    let event;
    try {
      if (!Buffer.isBuffer(body)) throw new TypeError("no raw body: Fastify parsed it");
      event = webhook.verify(body, request.headers);
    } catch (error) {
      console.error("webhook refused", id, error);
      const status = error instanceof WebhookVerificationError ? 401 : 500;
      return reply.code(status).send(error.message);
    }
    try {
      await handleEvent(id, event);
      return reply.code(200).send();
    } catch (error) {
      console.error("event not handled", id, error);
      return reply.code(500).send(); // Ringback sends it again
    }
  });
});

await app.listen({ port: Number(process.env.PORT ?? 8000), host: "0.0.0.0" });
