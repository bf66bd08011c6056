import type { NatsConnection } from "@nats-io/transport-node";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startService } from "../../harness/process/service-process.ts";
import { outcomeOf } from "../../security/nats-privileges/refusal.ts";
import { type SecuredNats, startSecuredNats } from "../../security/nats-privileges/secured-nats.ts";
import { ROOT, RUNBOOKS, runbooks } from "../mixin.ts";

failOnLeaks();

/** What the command asks the JetStream API first, as NATS's command line (0.4) has it. */
const ASKED: readonly (readonly [command: RegExp, subject: string])[] = [
  [/^stream report$/, "STREAM.LIST"],
  [/^consumer info (\w+) (\w+)$/, "CONSUMER.INFO.$1.$2"],
  [/^stream (?:info|subjects) (\w+)$/, "STREAM.INFO.$1"],
  [/^stream get (\w+) "\$SEQ"$/, "STREAM.MSG.GET.$1"],
  [/^stream cluster step-down (\w+)$/, "STREAM.LEADER.STEPDOWN.$1"],
  [/^consumer resume (\w+) (\w+)$/, "CONSUMER.PAUSE.$1.$2"],
];

interface Command {
  readonly where: string;
  readonly context: "monitor" | "operator";
  readonly subject: string;
}

const commandsOf = (where: string, page: string): readonly Command[] =>
  [...page.matchAll(/(?:^|`)nats( --context operator)? ((?:stream|consumer) [^`\n#]+)/gm)].map(
    ([line, operator, command = ""]) => {
      const [pattern, subject] = ASKED.find(([known]) => known.test(command.trim())) ?? [];
      if (pattern === undefined || subject === undefined)
        throw new Error(`${where}: '${line}', expected one of the commands that are known here`);
      return {
        where: `${where}: ${line.trim()}`,
        context: operator === undefined ? "monitor" : "operator",
        subject: `ringback.API.${command.trim().replace(pattern, subject)}`,
      };
    },
  );

const list = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
const commands = [...runbooks].flatMap(([name, page]) => commandsOf(name, page));

let nats: SecuredNats;
let monitor: NatsConnection;

beforeAll(async () => {
  nats = await startSecuredNats();
  const dispatcher = await startService({
    entry: "services/dispatcher/src/main.ts",
    env: nats.env("dispatcher"),
  });
  await dispatcher.stop();
  monitor = await nats.connectAs("monitor");
});
afterAll(async () => {
  await monitor.close();
  await nats.stop();
});

test("there are commands for both contexts", () => {
  expect(new Set(commands.map(({ context }) => context))).toEqual(new Set(["monitor", "operator"]));
});

test("the user `monitor` of the shipped configuration may do what the runbooks ask without a context, and nothing else of it", async () => {
  const wrong: string[] = [];
  for (const { where, context, subject } of commands) {
    const outcome = await outcomeOf(monitor, subject);
    if (outcome !== (context === "monitor" ? "answered" : "refused"))
      wrong.push(`${where}: ${outcome}`);
  }
  expect(wrong).toEqual([]);
});

test("the context is made with the prefixes that the user has, and by the name of the certificate", () => {
  const config = readFileSync(join(ROOT, "deploy/nats/nats-server.conf"), "utf8");
  const prefix = /--js-api-prefix (\S+) --inbox-prefix (\S+)$/m.exec(list);
  expect(config).toContain(`"${prefix?.[1]}.STREAM.LIST"`);
  expect(config).toContain(`subscribe: { allow: [ "${prefix?.[2]}.>" ] }`);
  const [, host] = /--server tls:\/\/([\w.]+):4222/.exec(list) ?? [];
  expect(list).toContain(`127.0.0.1 ${host}`);
  expect(readFileSync(join(ROOT, "docs/operations.md"), "utf8")).toContain(`(\`${host}\`)`);
});
