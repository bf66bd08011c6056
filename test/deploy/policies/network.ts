import { isIP } from "node:net";
import { classifyAddress, deniedAddresses, isWithin } from "@ringback/contracts/address/address";
import type { INetworkPolicySpec } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicySpec";
import type { KubernetesObject } from "../kustomize.ts";
import {
  environmentOf,
  selects,
  serviceIn,
  type ServiceName,
  SERVICES,
  specsOf,
} from "../workloads.ts";
import { readSettings } from "./environment.ts";

type Objects = readonly KubernetesObject[];
type Egress = NonNullable<INetworkPolicySpec["egress"]>[number];

const egressOf = (objects: Objects, service: ServiceName): Egress[] => {
  const { workload } = serviceIn(objects, service);
  return specsOf<INetworkPolicySpec>(objects, "NetworkPolicy")
    .filter(({ spec }) => selects(spec.podSelector, workload.podLabels))
    .flatMap(({ spec }) => spec.egress ?? []);
};

const opens = (rules: readonly Egress[], port: number, protocol: string): boolean =>
  rules.some((rule) => rule.ports?.some((one) => one.port === port && one.protocol === protocol));

/** One address, such as that of a node's DNS cache, is no way out. */
const isOneAddress = (cidr: string): boolean => /\.\d+\/32$|:[0-9a-f]*\/128$/.test(cidr);

const isOpenToAddresses = (rule: Egress): boolean =>
  (rule.to ?? []).length === 0 ||
  (rule.to ?? []).some(({ ipBlock }) => ipBlock !== undefined && !isOneAddress(ipBlock.cidr));

/** Whether people sign in: the service then asks their provider. */
const signsIn = (objects: Objects): boolean =>
  objects.some(
    ({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === "ringback-sign-in",
  );

/** What a service cannot reach and has to, or can and should not. */
export const networkPolicyProblems = (objects: Objects): string[] =>
  SERVICES.flatMap((service) => {
    const { workload } = serviceIn(objects, service);
    const rules = egressOf(objects, service);
    const closed = specsOf<INetworkPolicySpec>(objects, "NetworkPolicy").some(
      ({ spec }) =>
        selects(spec.podSelector, workload.podLabels) &&
        spec.policyTypes?.join() === "Ingress,Egress" &&
        spec.ingress === undefined &&
        spec.egress === undefined,
    );
    const wide = rules.filter(isOpenToAddresses).length;
    const needed = service === "dispatcher" || signsIn(objects) ? 1 : 0;
    return [
      ...(closed ? [] : [`${service}: what no policy names is let through`]),
      ...(opens(rules, 53, "UDP") && opens(rules, 53, "TCP") ? [] : [`${service}: no DNS`]),
      ...(opens(rules, 4222, "TCP") ? [] : [`${service}: no NATS`]),
      ...(wide === needed ? [] : [`${service}: ${wide} ways out`]),
    ];
  });

/** Where a service's way out and the dispatcher's own judgement of addresses and ports differ. */
export const egressProblems = (objects: Objects, service: ServiceName): string[] => {
  const rule = egressOf(objects, service).find(isOpenToAddresses);
  const blocks = (rule?.to ?? []).flatMap(({ ipBlock }) =>
    ipBlock === undefined ? [] : [ipBlock],
  );
  const { container } = serviceIn(objects, "dispatcher");
  const settings = readSettings("dispatcher", environmentOf(container, objects));
  const ports = service === "dispatcher" ? settings.ALLOWED_PORTS : [{ first: 443, last: 443 }];
  const allowed = JSON.stringify(ports.map(({ first, last }) => [first, last]));
  const opened = JSON.stringify((rule?.ports ?? []).map(({ port }) => [port, port]));
  const denied = deniedAddresses({ allowedPrivateCidrs: [] });
  const lets = (address: string): boolean =>
    blocks.some(({ cidr, except = [] }) => isWithin(address, [cidr]) && !isWithin(address, except));
  return [
    ...(allowed === opened ? [] : [`ports ${opened}, expected ${allowed}`]),
    ...edges(denied.rules)
      .filter((address) => isOutside(address) === lets(address))
      .map((address) => `${address} is ${lets(address) ? "" : "not "}let through`),
  ];

  function isOutside(address: string): boolean {
    return classifyAddress(address, denied).kind === "denied";
  }
};

/** First and last address of every range that is denied, and some that are public. */
const edges = (rules: readonly string[]): string[] => [
  "1.1.1.1",
  "8.8.8.8",
  "172.15.255.255",
  "172.32.0.0",
  "2606:4700::1111",
  "2a00:1450::1",
  ...rules.flatMap((rule) => rule.match(/[0-9a-f:.]+/gi) ?? []).filter((text) => isIP(text) !== 0),
];
