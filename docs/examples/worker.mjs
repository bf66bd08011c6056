// npm install standardwebhooks; npx wrangler secret put WEBHOOK_SECRET
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { handleEvent } from "./handle-event.mjs";

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const id = request.headers.get("webhook-id");
    let event;
    try {
      if (request.bodyUsed) throw new TypeError("no raw body: request.json() or the like took it");
      const body = await request.text();
      const webhook = new Webhook(env.WEBHOOK_SECRET);
      event = webhook.verify(body, Object.fromEntries(request.headers));
    } catch (error) {
      console.error("webhook refused", id, error);
      const status = error instanceof WebhookVerificationError ? 401 : 500;
      return new Response(error.message, { status });
    }
    try {
      await handleEvent(id, event, env);
      return new Response(null, { status: 200 });
    } catch (error) {
      console.error("event not handled", id, error);
      return new Response(null, { status: 500 }); // Ringback sends it again
    }
  },
};
