import { z } from "zod";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { rotationOf, withRotationOptions, type RotationOptions } from "../options/rotation.ts";
import { newKeyFields, showNewKey } from "../output/new-key.ts";
import { endpointPath, namingEndpoint } from "./endpoint.ts";

const responseSchema = z.looseObject({
  endpoint_id: z.string(),
  uid: z.string().optional(),
  ...newKeyFields,
});

/** `ringback endpoints rotate`: gives an endpoint a new signing secret, and prints it once. */
export const rotateEndpointCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("rotate")
    .description("sign with a new secret, which is printed this once; the one before signs on")
    .argument("<endpoint>", "its id or uid");
  withRotationOptions(command).action((idOrUid: string, options: RotationOptions) =>
    rotateEndpoint(idOrUid, options, context()),
  );
  withExamples(command, {
    "endpoints rotate crm > secret.txt": "a new secret, into a file",
    "endpoints rotate crm --overlap 0s": "the one before signs no more",
  });
};

const rotateEndpoint = async (
  idOrUid: string,
  options: RotationOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal, stdin } = context;
  const path = `${endpointPath(idOrUid)}/rotate-secret`;
  const body = await rotationOf(options, stdin);
  const call = { method: "POST", path, body, signal } as const;
  const response = await namingEndpoint(context, idOrUid, () => client.call(call, responseSchema));
  const { endpoint_id, uid } = response;
  showNewKey({ endpoint_id, uid }, response, options.overlap, terminal);
};
