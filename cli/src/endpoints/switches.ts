import { WHILE_OFF } from "@ringback/contracts/endpoints/endpoint";
import { Option } from "commander";
import { z } from "zod";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { momentIn } from "../options/moment.ts";
import { endpointPath, endpointSchema, nameOf, namingEndpoint, paintState } from "./endpoint.ts";

const switchedSchema = endpointSchema.extend({
  events_were_held_since: z.string().nullish(),
  /** The job that brings what the endpoint did not get. */
  redelivery: z.object({ redelivery_id: z.string() }).nullish(),
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
    .description("send events to a paused endpoint again")
    .argument("<endpoint>", "its id or uid")
    .addOption(recoverOption())
    .action((idOrUid: string, { recover }: Recovering) =>
      switchEndpoint(idOrUid, { name: "resume", body: recovery(recover) }, context()),
    );
  withExamples(command, {
    "endpoints resume crm": "when the CRM is back: what was held is sent, too",
    "endpoints resume crm --recover none": "only what comes from now on",
  });
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
    .addOption(recoverOption())
    .action((idOrUid: string, { recover }: Recovering) =>
      switchEndpoint(idOrUid, { name: "enable", body: recovery(recover) }, context()),
    );
  withExamples(command, {
    "endpoints enable crm": "events are sent again, and what was held",
    "endpoints enable crm --recover 6h": "also all that it did not get in the last six hours",
  });
};

type Recovering = { readonly recover?: string };

const recoverOption = (): Option =>
  new Option(
    "--recover <what>",
    "held (default), none, or since when: all that it did not get from then on (2026-03-01, 6h)",
  );

/** The body of a request that switches an endpoint on. */
const recovery = (recover: string | undefined): object => {
  if (recover === undefined) return {};
  if (recover === "held" || recover === "none") return { recover };
  return { recover: { since: momentIn("--recover", recover, Date.now()) } };
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
  if (endpoint.redelivery) {
    const { redelivery_id: id } = endpoint.redelivery;
    return terminal.note(`The job ${id} sends what it did not get.`);
  }
  if (typeof wereHeldSince === "string") {
    const from = terminal.time(wereHeldSince);
    terminal.note(`Events from ${from} on were held, and are not sent.`);
  }
};
