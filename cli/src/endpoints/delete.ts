import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { endpointPath, namingEndpoint } from "./endpoint.ts";

/** `ringback endpoints delete`: events go there no more. */
export const deleteCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("delete")
    .description("remove an endpoint; what is under way to it ends as cancelled")
    .argument("<endpoint>", "its id or uid")
    .action((idOrUid: string) => deleteEndpoint(idOrUid, context()));
  withExamples(command, { "endpoints delete crm": "its history stays, and its uid is free again" });
};

const deleteEndpoint = async (idOrUid: string, context: CommandContext): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const path = endpointPath(idOrUid);
  await namingEndpoint(context, idOrUid, () => client.bytes({ method: "DELETE", path, signal }));
  terminal.line(terminal.isJson ? JSON.stringify({ deleted: idOrUid }) : `${idOrUid}: deleted`);
};
