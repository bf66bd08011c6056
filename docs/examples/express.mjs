// npm install express standardwebhooks
import express from "express";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { handleEvent } from "./handle-event.mjs";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
export const app = express();

// Above any app.use(express.json()): the signature is that of the raw body.
app.post("/calls", express.raw({ type: () => true, limit: "2mb" }), async (request, response) => {
  const id = request.get("webhook-id");
  const body = request.body ?? Buffer.alloc(0);
  let event;
  try {
    if (!Buffer.isBuffer(body)) throw new TypeError("no raw body: express.json() ran before");
    event = webhook.verify(body, request.headers);
  } catch (error) {
    console.error("webhook refused", id, error);
    const status = error instanceof WebhookVerificationError ? 401 : 500;
    return response.status(status).send(error.message);
  }
  try {
    await handleEvent(id, event);
    return response.sendStatus(200);
  } catch (error) {
    console.error("event not handled", id, error);
    return response.sendStatus(500); // Ringback sends it again
  }
});

export const server = app.listen(process.env.PORT ?? 8000);
