import type { Api } from "../../http/api.ts";
import type { EndpointHistory } from "../endpoint-commands.ts";
import { deleteEndpointRoute } from "./delete-endpoint.ts";
import { endpointHistoryRoute } from "./endpoint-history.ts";
import { getEndpointRoute, listEndpointsRoute } from "./get-endpoint.ts";
import { matchEndpointsRoute, type MatchDeps } from "./match-endpoints.ts";
import { rotateEndpointSecretRoute } from "./rotate-endpoint-secret.ts";
import type { EndpointCommands } from "./run-endpoint-command.ts";
import {
  changeEndpointRoute,
  createEndpointRoute,
  putEndpointRoute,
  type SetEndpointDeps,
} from "./set-endpoint.ts";
import { switchOffRoutes } from "./switch-endpoint.ts";

export type EndpointsDeps = Pick<SetEndpointDeps, "eventTypes" | "callbackUrls"> & {
  readonly commands: EndpointCommands;
  readonly history: EndpointHistory;
  readonly list: MatchDeps["endpoints"];
} & Pick<MatchDeps, "upToDate" | "subscriptionsOf">;

/** The calls about endpoints that start no delivery, in the order of the API's document. */
export const endpointRoutes = (api: Api, deps: EndpointsDeps): void => {
  const { commands, history, list } = deps;
  const { store, now } = commands;
  const set = { ...deps, endpoints: commands };
  createEndpointRoute(api, set);
  listEndpointsRoute(api, { ...deps, endpoints: list });
  getEndpointRoute(api, { store, history, now });
  changeEndpointRoute(api, set);
  putEndpointRoute(api, set);
  deleteEndpointRoute(api, commands);
  switchOffRoutes(api, commands);
  rotateEndpointSecretRoute(api, commands);
  endpointHistoryRoute(api, history);
  matchEndpointsRoute(api, { ...deps, endpoints: list, now });
};
