import { WHILE_OFF } from "@ringback/contracts/endpoints/endpoint";
import { Option } from "commander";
import { z } from "zod";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { endpointPath, endpointSchema, nameOf, namingEndpoint, paintState } from "./endpoint.ts";

const switchedSchema = endpointSchema.extend({
  events_were_held_since: z.string().nullish(),
});

type Switch = { readonly name: string; readonly body?: object };

/** `ringback endpoints pause`: its events are held. */
export const pauseCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("pause")
    .description("hold an endpoint's events, until it is resumed")
    .argument("<endpoint>", "its id or uid")
    .action((idOrUid: string) => switchEndpoint(idOrUid, { name: "pause" }, context()));
  withExamples(command, { "endpoints pause crm": "while the CRM is being updated" });
};

/** `ringback endpoints resume`: after a pause. */
export const resumeCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("resume")
    .description("send events to a paused endpoint again: those that come from now on")
    .argument("<endpoint>", "its id or uid")
    .action((idOrUid: string) => switchEndpoint(idOrUid, { name: "resume" }, context()));
  withExamples(command, { "endpoints resume crm": "when the CRM is back" });
};

/** `ringback endpoints disable`: nothing is sent to it. */
export const disableCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("disable")
    .description("send nothing to an endpoint; what is under way to it ends as cancelled")
    .argument("<endpoint>", "its id or uid")
    .addOption(
      new Option("--events <what>", "what becomes of events meanwhile (default: discard)").choices(
        WHILE_OFF,
      ),
    )
    .action((idOrUid: string, body: { events?: string }) =>
      switchEndpoint(idOrUid, { name: "disable", body }, context()),
    );
  withExamples(command, {
    "endpoints disable crm": "events meanwhile are not delivered there",
    "endpoints disable crm --events hold": "they are held",
  });
};

/** `ringback endpoints enable`: after a pause, or when it was disabled. */
export const enableCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("enable")
    .description("switch an endpoint on, whether it was paused or disabled")
    .argument("<endpoint>", "its id or uid")
    .action((idOrUid: string) => switchEndpoint(idOrUid, { name: "enable" }, context()));
  withExamples(command, { "endpoints enable crm": "events that come from now on are sent again" });
};

const switchEndpoint = async (
  idOrUid: string,
  { name, body = {} }: Switch,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const path = `${endpointPath(idOrUid)}/${name}`;
  const call = { method: "POST", path, body, signal } as const;
  const endpoint = await namingEndpoint(context, idOrUid, () => client.call(call, switchedSchema));
  if (terminal.isJson) return terminal.line(JSON.stringify(endpoint));
  const { state, state_since, held_since, events_were_held_since: wereHeldSince } = endpoint;
  const since = `${paintState(terminal, state)} since ${terminal.time(state_since)}`;
  const events =
    held_since === undefined
      ? state === "disabled"
        ? ": events meanwhile are discarded"
        : ""
      : `: events from ${terminal.time(held_since)} on are held`;
  terminal.line(`${nameOf(endpoint)}: ${since}${events}`);
  if (typeof wereHeldSince === "string") {
    terminal.note(
      `Events from ${terminal.time(wereHeldSince)} on were held, and are not sent by themselves.`,
    );
  }
};
