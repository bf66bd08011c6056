import { z } from "zod";
import { stringify } from "yaml";
import { asDocumented } from "../../services/subscriptions/src/http/openapi/schemas.ts";
import manifest from "../../package.json" with { type: "json" };
import type { GeneratedFile } from "../generated-file.ts";
import type { DocumentedChannel, DocumentedMessage } from "./channel.ts";
import { CHANNELS } from "./channels.ts";
import { PARAMETERS, parametersIn } from "./subjects.ts";

const DESCRIPTION = [
  "What is on the NATS streams of Ringback, as seen from Ringback itself: it receives events and sends the rest.",
  "Producers publish on `events.…`; who wants to know what became of them reads `attempts.…` and `dead_letters.…` with a consumer of their own.",
  "Nobody but the services publishes anywhere else.",
].join(" ");

/** The AsyncAPI document of the streams. */
const asyncApiDocument = () => {
  const messages = CHANNELS.flatMap((channel) => channel.messages);
  return {
    asyncapi: "3.1.0",
    info: {
      title: "Ringback on NATS",
      version: manifest.version,
      description: DESCRIPTION,
      tags: [{ name: "events" }, { name: "webhooks" }],
    },
    defaultContentType: "application/json",
    servers: {
      nats: {
        host: "nats.example.com:4222",
        protocol: "nats",
        description: "NATS with JetStream, 2.14 or newer",
      },
    },
    channels: Object.fromEntries(CHANNELS.map((one) => [one.name, channelOf(one)])),
    operations: Object.fromEntries(CHANNELS.flatMap(operationsOf)),
    components: {
      messages: Object.fromEntries(messages.map((one) => [one.name, messageOf(one)])),
      schemas: schemasOf(messages),
    },
  };
};

const refTo = (path: string) => ({ $ref: `#/${path}` });

const channelOf = (channel: DocumentedChannel) => ({
  address: channel.subject,
  title: channel.title,
  description: `${channel.description} Stream: \`${channel.stream}\`.`,
  parameters: Object.fromEntries(
    parametersIn(channel.subject).map((name) => [name, { ...PARAMETERS[name] }]),
  ),
  messages: Object.fromEntries(
    channel.messages.map(({ name }) => [name, refTo(`components/messages/${name}`)]),
  ),
});

const operationsOf = ({ name: channel, operations, messages }: DocumentedChannel) =>
  operations.map(({ name, action, summary }) => [
    name,
    {
      action,
      summary,
      channel: refTo(`channels/${channel}`),
      messages: messages.map((one) => refTo(`channels/${channel}/messages/${one.name}`)),
    },
  ]);

const messageOf = ({ name, summary, payload, headers, examples }: DocumentedMessage) => ({
  name,
  title: name.replaceAll(/(?<=[a-z])([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`),
  summary,
  ...(headers === undefined ? {} : { headers: headersOf(headers) }),
  ...(payload === undefined ? {} : { payload: refTo(`components/schemas/${name}`) }),
  examples,
});

const headersOf = (headers: NonNullable<DocumentedMessage["headers"]>) => {
  const required = Object.entries(headers).filter(([, { isRequired }]) => isRequired === true);
  return {
    type: "object",
    properties: Object.fromEntries(
      Object.entries(headers).map(([name, { description }]) => [
        name,
        { type: "string", description },
      ]),
    ),
    ...(required.length === 0 ? {} : { required: required.map(([name]) => name) }),
  };
};

/** The payloads as JSON Schema; one that is part of another is referred to. */
const schemasOf = (messages: readonly DocumentedMessage[]) => {
  const registry = z.registry<{ id: string }>();
  for (const { name, payload } of messages) {
    if (payload !== undefined) registry.add(payload, { id: name });
  }
  const { schemas } = z.toJSONSchema(registry, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    uri: (id) => `#/components/schemas/${id}`,
    override: asDocumented,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutIdentity(schema)]),
  );
};

/** What names a schema that stands alone; here its place does. */
const withoutIdentity = (schema: object): object =>
  Object.fromEntries(
    Object.entries(schema).filter(([key]) => !["$id", "$schema", "id"].includes(key)),
  );

export const ASYNCAPI_FILE: GeneratedFile = {
  path: "docs/asyncapi.yaml",
  command: "make asyncapi",
  text: async () => stringify(asyncApiDocument(), { aliasDuplicateObjects: false, lineWidth: 100 }),
};
