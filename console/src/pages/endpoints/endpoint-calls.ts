import { api, dataOf } from "../../api/client.ts";
import { parseExact } from "../../format/exact-json.ts";
import type { Endpoint } from "../destinations/api-types.ts";
import type { Rotation } from "../destinations/signing.tsx";
import type { EndpointFields } from "./endpoint-draft.ts";

/** An endpoint, and the version of it that a change names, so that it is not made over somebody else's. */
export type Versioned = { readonly endpoint: Endpoint; readonly etag: string };

/** Reads an endpoint. The numbers of its filter keep every digit. */
export const readEndpoint = async (id: string, signal: AbortSignal): Promise<Versioned> => {
  const params = { path: { endpoint_id: id } };
  const { data, response } = await api.GET("/endpoints/{endpoint_id}", {
    params,
    signal,
    parseAs: "text",
  });
  return {
    endpoint: parseExact(String(data)) as Endpoint,
    etag: response.headers.get("etag") ?? "",
  };
};

const paramsOf = ({ endpoint, etag }: Versioned) => ({
  path: { endpoint_id: endpoint.endpoint_id },
  header: { "If-Match": etag },
});

/** Creates one. `requestKey` makes it safe to send again where the response was lost. */
export const createEndpoint = (fields: EndpointFields, requestKey: string) =>
  dataOf(
    api.POST("/endpoints", {
      params: { header: { "Idempotency-Key": requestKey } },
      body: fields as { url: string },
    }),
  );

export const changeEndpoint = (over: Versioned, fields: EndpointFields) =>
  dataOf(api.PATCH("/endpoints/{endpoint_id}", { params: paramsOf(over), body: fields }));

export const pauseEndpoint = (over: Versioned) =>
  dataOf(api.POST("/endpoints/{endpoint_id}/pause", { params: paramsOf(over), body: {} }));

export const disableEndpoint = (over: Versioned, events: "hold" | "discard") =>
  dataOf(
    api.POST("/endpoints/{endpoint_id}/disable", { params: paramsOf(over), body: { events } }),
  );

/** What an endpoint gets of the time before it was switched on. */
export type Recover = "held" | "none" | { readonly since: string };

/** Resumes one that is paused, and enables one that is disabled; sent again with `requestKey`, it starts no second job. */
export const switchOn = (over: Versioned, recover: Recover, requestKey: string) => {
  const { path, header } = paramsOf(over);
  const params = { path, header: { ...header, "Idempotency-Key": requestKey } };
  const given = { params, body: { recover } };
  return over.endpoint.state === "disabled"
    ? dataOf(api.POST("/endpoints/{endpoint_id}/enable", given))
    : dataOf(api.POST("/endpoints/{endpoint_id}/resume", given));
};

export const deleteEndpoint = async (over: Versioned): Promise<void> => {
  await api.DELETE("/endpoints/{endpoint_id}", { params: paramsOf(over) });
};

export const rotateSecret = (over: Versioned, rotation: Rotation) =>
  dataOf(
    api.POST("/endpoints/{endpoint_id}/rotate-secret", {
      params: paramsOf(over),
      body: rotation,
    }),
  );

/** Sends a sample of this type; "": of the first that it is for. */
export const testEndpoint = (id: string, eventType: string) =>
  dataOf(
    api.POST("/endpoints/{endpoint_id}/test-event", {
      params: { path: { endpoint_id: id } },
      body: eventType === "" ? {} : { event_type: eventType },
    }),
  );
