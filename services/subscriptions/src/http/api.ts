import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";

/** Where the calls are. */
export const BASE_PATH = "/ca/api/v0";

/** Where the API's document and the page that shows it are; neither needs a key. */
export const DOCUMENT_PATH = "/openapi.json";
export const DOCS_PATH = "/docs";

/** A fastify instance whose requests and responses are typed by zod. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Adds the calls of a feature. */
export type Feature = (api: Api) => void;
