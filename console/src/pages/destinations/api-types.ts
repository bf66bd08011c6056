import type { paths } from "../../api/schema.gen.ts";

type Json<R> = R extends { content: { "application/json": infer Body } } ? Body : never;

/** An endpoint, as its own page has it. */
export type Endpoint = Json<paths["/endpoints/{endpoint_id}"]["get"]["responses"][200]>;

/** An endpoint in a list. */
export type EndpointRow = Json<paths["/endpoints"]["get"]["responses"][200]>["endpoints"][number];

/** An endpoint after it was switched on, with the job that brings what was held. */
export type SwitchedOn = Json<paths["/endpoints/{endpoint_id}/enable"]["post"]["responses"][200]>;

export type Agent = Json<paths["/agent/v1/{agent_id}"]["get"]["responses"][200]>;

export type Subscription = Agent["event_subscriptions"][number];

/** An agent in a list. */
export type AgentRow = Json<paths["/assistant"]["get"]["responses"][200]>["agents"][number];

/** What somebody sets for deliveries over the operator's settings. */
export type DeliveryPolicy = NonNullable<Subscription["delivery"]>;

export type Order = NonNullable<Subscription["order"]>;

/** A signing key without its secret. */
export type SigningKey = NonNullable<Endpoint["signing"]>[number];

/** The event types that there are; `open`: events of any other name are taken, too. */
export type Catalogue = Json<paths["/event-types"]["get"]["responses"][200]>;

export type EventType = Catalogue["event_types"][number];

/** What came of a test event. */
export type TestResult = Json<
  paths["/endpoints/{endpoint_id}/test-event"]["post"]["responses"][200]
>;
