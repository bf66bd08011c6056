import { expect, test } from "vitest";
import { readNatsServers } from "./servers.ts";

const found = (text: string) => {
  const read = readNatsServers(text);
  return read.kind === "servers" ? read.value : read.message;
};

test("a server without a user is a server", () => {
  expect(found("nats://127.0.0.1:4222")).toEqual({
    servers: ["nats://127.0.0.1:4222"],
    wantsTls: false,
  });
});

test("user and password are taken out of the address, decoded", () => {
  expect(found("tls://dispatcher:p%40ss%2Fword%25@nats.example.com:4222")).toEqual({
    servers: ["tls://nats.example.com:4222"],
    wantsTls: true,
    user: { name: "dispatcher", password: "p@ss/word%" },
  });
});

test("one user is for all servers of a list", () => {
  const user = { name: "u", password: "p" };
  const servers = ["nats://a:1", "nats://b:2"];
  expect(found("nats://u:p@a:1, nats://u:p@b:2")).toMatchObject({ servers, user });
  expect(found("nats://a:1,nats://u:p@b:2")).toMatchObject({ servers, user });
});

test.each(["tls://a", "wss://a", "nats://a,tls://b"])("%s is not to go without TLS", (text) => {
  expect(found(text)).toMatchObject({ wantsTls: true });
});

test.each([
  ["http://a", "is not a URL such as nats://127.0.0.1:4222 (several: separated by commas)"],
  ["nats://a,", "part 2 of 2 is not a URL such as"],
  ["nats://secret@a", "names a user without a password: expected user:password@"],
  ["nats://:secret@a", "names a user without a password"],
  ["nats://u:secret%zz@a", "has a user or password with a % that is not %25"],
  ["nats://u:secret@a,nats://v:secret@b", "names different users or passwords"],
])("%s is refused without repeating it", (text, message) => {
  expect(found(text)).toEqual(expect.stringContaining(message));
  expect(found(text)).not.toEqual(expect.stringContaining("secret"));
});
