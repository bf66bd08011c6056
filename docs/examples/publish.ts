// Publishes one event on NATS and waits until JetStream has stored it: `node docs/examples/publish.ts`.
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { eventMessage } from "@ringback/contracts/events/event";

const { subject, body, messageId } = eventMessage({
  workspaceId: "acme",
  callId: "c-42",
  agentId: "agent-7",
  eventType: "call_completed",
  body: '{"event_type": "call_completed", "call_id": "c-42", "call_duration": 61, "status": "completed"}',
});

const nats = await connect({ servers: process.env["NATS_URL"] ?? "nats://127.0.0.1:4222" });
const stored = await jetstream(nats).publish(subject, body, { msgID: messageId });
console.log(`${subject} is stored as message ${stored.seq} of ${stored.stream}`);
await nats.close();
