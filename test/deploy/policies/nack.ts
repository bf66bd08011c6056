import { isDeepStrictEqual } from "node:util";
import { nackResources } from "../../../scripts/k8s/nack.ts";
import type { KubernetesObject } from "../kustomize.ts";
import { environmentOf, serviceIn, SERVICES } from "../workloads.ts";
import { readSettings } from "./environment.ts";

type Objects = readonly KubernetesObject[];

const STREAM_SETTINGS = [
  "STREAM_MANAGEMENT",
  "STREAM_REPLICAS",
  "EVENTS_MAX_AGE",
  "EVENTS_MAX_BYTES",
  "SUBSCRIPTIONS_MAX_BYTES",
  "ATTEMPTS_MAX_BYTES",
  "DEAD_LETTERS_MAX_BYTES",
  "ATTEMPTS_MAX_AGE",
  "DEAD_LETTERS_MAX_AGE",
];

/** Streams and consumers that are otherwise than a service with its settings here wants them. */
export const nackProblems = (objects: Objects): string[] =>
  SERVICES.flatMap((service) => {
    const environment = environmentOf(serviceIn(objects, service).container, objects);
    if (readSettings(service, environment).STREAM_MANAGEMENT !== "verify") {
      return [`${service}: makes the streams itself`];
    }
    const wanted = nackResources(
      Object.fromEntries(
        Object.entries(environment).filter(([name]) => STREAM_SETTINGS.includes(name)),
      ),
    ) as KubernetesObject[];
    return wanted
      .filter(({ kind, metadata, spec }) => {
        const found = objects.find(
          (one) => one.kind === kind && one.metadata.name === metadata.name,
        );
        return !isDeepStrictEqual(found?.["spec"], spec);
      })
      .map(({ kind, metadata }) => `${service}: ${kind} ${metadata.name} is not as wanted`);
  });
