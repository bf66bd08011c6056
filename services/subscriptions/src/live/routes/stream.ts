import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";
import { addressIn } from "../../endpoints/endpoint-commands.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { MAX_PER_KEY, MAX_PER_WORKSPACE } from "../connections.ts";
import type { LiveStream, OpenedLive } from "../live-stream.ts";
import { DELIVERED_ATTEMPT, DELIVERED_EVENT } from "../../events/routes/event-examples.ts";
import { sseFrame } from "../decide/sse-frame.ts";
import { problemResponses, sendProblem, type Problem } from "../../http/problem.ts";
import type { Api } from "../../http/api.ts";

const INCLUDED = ["attempts", "events"] as const;

/** The query of `GET /stream`. */
const streamQuerySchema = z.strictObject({
  agent_id: idSchema.optional(),
  event_type: eventTypeSchema.optional(),
  endpoint_id: z
    .string()
    .max(128)
    .optional()
    .meta({ description: "Of attempts only those at this endpoint, by its id or its `uid`." }),
  include: z
    .string()
    .default("attempts")
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(INCLUDED, { error: "must be attempts, events, or both with a comma" })))
    .transform((names) => new Set(names))
    .meta({ description: "attempts (the default), events, or attempts,events" }),
});

const POSITION = "t9x3k0-t9x3k0.52310";

const { delivery_id: _, ...attempt } = DELIVERED_ATTEMPT;
// As ATTEMPTS has it: an event's first delivery has no id there.
const attemptRecord = {
  ...DELIVERED_EVENT,
  event_seq: 18_423,
  workspace_id: "acme",
  ...attempt,
};

const STREAM_EXAMPLES = {
  both: {
    summary: "With include=attempts,events: what is there at once, an event and its attempt",
    value: [
      sseFrame({ retryMs: 2_000, id: `${POSITION}.18422`, event: "ready", data: {} }),
      sseFrame({
        id: `${POSITION}.18423`,
        event: "event",
        data: {
          ...DELIVERED_EVENT,
          event_seq: 18_423,
          workspace_id: "acme",
          stored_at: "2026-03-02T10:17:41.302Z",
          size_bytes: 5_786,
        },
      }),
      sseFrame({
        id: "t9x3k0-t9x3k0.52311.18423",
        event: "attempt",
        data: attemptRecord,
      }),
    ].join(""),
  },
};

/** `GET /stream`: attempts, and events on request, as server-sent events. */
export const streamRoute = (api: Api, live: LiveStream): void => {
  api.addHook("preClose", async () => {
    live.stop();
  });
  api.get(
    "/stream",
    {
      exposeHeadRoute: false, // there is no end whose length a HEAD could tell
      config: {
        audited: "payloads",
        permission: "read",
        isEndless: true,
        documented: { problems: ["too_many_streams"], takes: ["Last-Event-ID"] },
      },
      schema: {
        operationId: "readStream",
        summary: "Read attempts and events as they happen",
        description:
          "Server-sent events: `attempt`, `event`, `missed`, `closing`; an `id` is a place to come back to.",
        tags: ["Events"],
        produces: ["text/event-stream"],
        querystring: streamQuerySchema,
        response: {
          200: z.string().meta({ "x-examples": STREAM_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { agent_id: agentId, event_type: eventType, include } = request.query;
      const { workspaceId } = caller;
      const { endpoint_id: named } = request.query;
      const endpointId = named && addressIn(workspaceId, named).endpointId;
      const query = { workspaceId, agentId, eventType, endpointId, include };
      const lastId = request.headers["last-event-id"];
      const lastEventId = typeof lastId === "string" && lastId !== "" ? lastId : undefined;
      const opened = await live.open(caller, request.headers, query, lastEventId);
      if (opened.kind !== "open") return sendProblem(reply, problemOf(opened));
      return reply
        .header("content-type", "text/event-stream; charset=utf-8")
        .header("x-accel-buffering", "no") // proxies of the nginx family would buffer it
        .header("connection", "close") // the stream ends with its connection
        .send(opened.body as unknown as string);
    },
  );
};

const problemOf = (opened: Exclude<OpenedLive, { kind: "open" }>): Problem => {
  switch (opened.kind) {
    case "invalid_position": {
      const errors = [
        { path: "Last-Event-ID", message: "is not an id of an event of this stream" },
      ];
      return { code: "validation_failed", detail: "See errors.", errors };
    }
    case "too_many_of_key": {
      const detail = `This key has ${MAX_PER_KEY} streams open here: close one first.`;
      return { code: "too_many_streams", detail };
    }
    case "too_many_of_workspace": {
      const detail = `This workspace has its share of the streams that are open here, at most ${MAX_PER_WORKSPACE}: close one first.`;
      return { code: "too_many_streams", detail };
    }
    case "too_many":
      return { code: "overloaded", detail: "Too many streams are open here: retry later." };
    default:
      return opened satisfies never;
  }
};
