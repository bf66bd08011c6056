import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/** A TCP server on a port of loopback, any free one for 0. */
export const listen = async (port: number) => {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
};

/**
 * `count` ports in a row that are free. From below the range that systems give to those who ask for any port,
 * so that tests beside this one cannot take them meanwhile.
 */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  for (let tries = 0; tries < 20; tries++) {
    const first = randomInt(20_000, 32_000);
    const ports = Array.from({ length: count }, (_, n) => first + n);
    const listening = await Promise.allSettled(ports.map(listen));
    const found = listening.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    await Promise.all(found.map(({ server }) => once(server.close(), "close")));
    if (found.length === count) return ports;
  }
  throw new Error(`no ${count} ports in a row are free between 20000 and 32000`);
};

/** Ports for `make up`, as its environment names them: `ADMIN_PORT` takes the next one, too. */
export const upPorts = async (): Promise<Record<string, string>> => {
  const [nats, http, receiver, admin] = await freePorts(5);
  const ports = { NATS_PORT: nats, HTTP_PORT: http, RECEIVER_PORT: receiver, ADMIN_PORT: admin };
  return Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
};
