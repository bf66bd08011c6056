// Node.js 22.13 or newer, nothing to install
import { createServer } from "node:http";
import { handleEvent } from "./handle-event.mjs";
import { verifyWebhook, WebhookError } from "./verify-webhook.mjs";

const secret = process.env.WEBHOOK_SECRET;
if (!secret) throw new Error("set WEBHOOK_SECRET: whsec_…, from rotate_signing_secret");

export const server = createServer(async (request, response) => {
  const id = request.headers["webhook-id"];
  try {
    const body = Buffer.concat(await request.toArray());
    verifyWebhook(secret, request.headers, body);
    const event = JSON.parse(body);
    await handleEvent(id, event);
    response.writeHead(200).end();
    console.log("webhook verified", id, event.event_type);
  } catch (error) {
    const isRefused = error instanceof WebhookError;
    console.error(isRefused ? "webhook refused" : "event not handled", id, error);
    response.writeHead(isRefused ? 401 : 500).end(isRefused ? error.message : "");
  }
}).listen(process.env.PORT ?? 8000);
