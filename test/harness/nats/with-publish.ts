import type { Nats } from "@ringback/runtime/nats/connection";

type Publish = Nats["js"]["publish"];

/** The same client, which publishes by `act`: what happens before, or what is published, is another. */
export function withPublish(
  nats: Nats,
  act: (publish: Publish, ...args: Parameters<Publish>) => ReturnType<Publish>,
): Nats {
  const { js } = nats;
  const publish: Publish = (...args) => act((...changed) => js.publish(...changed), ...args);
  const get = (_: typeof js, name: string | symbol): unknown =>
    name === "publish" ? publish : (Reflect.get(js, name, js) as unknown);
  return { ...nats, js: new Proxy(js, { get }) };
}
