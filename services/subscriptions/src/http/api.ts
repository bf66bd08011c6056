import type { IncomingMessage, ServerResponse } from "node:http";
import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { AgentIndex } from "../agents/agent-index.ts";
import type { IfAbsent } from "../agents/decide/edit.ts";
import type { DefineDeps } from "../event-types/define-type.ts";
import type { OwnWarnings } from "../event-types/own-warnings.ts";
import type { OnceDeps } from "../agents/run-once.ts";
import type { IngestDeps } from "../publishing/publish-events.ts";
import type { LiveStream } from "../live/live-stream.ts";
import type { AgentHistory } from "../agents/history.ts";
import type { EventReader } from "../events/event-reader.ts";
import type { ListedMessages } from "../lists/load-records.ts";
import type { Projection } from "../projection/projection.ts";
import type { Redelivery } from "../redelivery/redelivery.ts";

/** Where the calls are. */
export const BASE_PATH = "/ca/api/v0";

/** Where the API's document and the page that shows it are; neither needs a key. */
export const DOCUMENT_PATH = "/openapi.json";
export const DOCS_PATH = "/docs";

/** A fastify instance whose requests and answers are typed by zod. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the calls work with. */
export type RouteDeps = {
  readonly commands: OnceDeps;
  readonly index: Pick<AgentIndex, "page" | "pageAt" | "applied">;
  readonly callbackUrls: CallbackUrlPolicy;
  readonly ifAbsent: IfAbsent;
  readonly events: EventReader;
  readonly history: AgentHistory;
  readonly ingest: IngestDeps;
  readonly eventTypes: DefineDeps;
  readonly ownWarnings: OwnWarnings;
  readonly live: LiveStream;
  readonly projection: Projection;
  readonly listed: ListedMessages;
  /** The id of the event with this sequence on EVENTS. */
  readonly eventId: (seq: number) => string;
  readonly redelivery: Redelivery;
};
