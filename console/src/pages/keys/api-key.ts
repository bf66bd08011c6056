import type { components } from "../../api/schema.gen.ts";

/** A key as `GET /api-keys` lists it, without its secret. */
export type ApiKey = components["schemas"]["ApiKey"];

export const SCOPES = ["read", "payloads", "write", "redeliver", "publish", "admin"] as const;

export type Scope = (typeof SCOPES)[number];
