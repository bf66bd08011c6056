import { chmod } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../scripts/command.ts";
import {
  buildImage,
  type Building,
  buildLocalBases,
  IMAGE_TARGETS,
  imageSize,
  type ImageTarget,
  originOf,
} from "../../scripts/images/build.ts";
import { npmCli } from "../../scripts/images/local-bases.ts";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { spawnTracked, type TrackedChild } from "../harness/process/child-process.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { collectOutput, type ProcessOutput } from "../harness/process/output-lines.ts";
import { startReceiver } from "../harness/receiver/receiver.ts";
import { podmanEnvironment, whyNoPodman } from "./podman.ts";

failOnLeaks();

const whyNot = await whyNoPodman();
const PREFIX = "localhost/ringback";

describe.skipIf(whyNot !== undefined)(
  `images${whyNot === undefined ? "" : ` (skipped: ${whyNot})`}`,
  () => {
    let building: Building;
    let server: NatsServer;

    beforeAll(async () => {
      const env = await podmanEnvironment();
      building = { engine: "podman", env, more: [] };
      server = await startNatsServer();
      // One layer for each stage: every further one is a copy of all files with this driver.
      building = { ...building, more: ["--layers=false"] };
      const bases = await buildLocalBases(await npmCli(), building);
      building = { ...building, more: [...building.more, ...bases] };
      const origin = await originOf("0.1.0");
      for (const target of IMAGE_TARGETS) {
        await buildImage(target, `${PREFIX}/${target}`, origin, building);
      }
    }, 600_000);

    afterAll(async () => {
      await server.stop();
      // Its layers belong to root and are many: the engine removes them.
      await podman("system", "reset", "--force");
    });

    const podman = async (...args: string[]): Promise<string> => {
      const result = await runCommand("podman", args, { timeoutMs: 120_000, env: building.env });
      if (result.kind === "exited" && result.code === 0) return result.stdout;
      throw new Error(`podman ${args.join(" ")}: ${JSON.stringify(result)}`);
    };

    test.each(IMAGE_TARGETS)(
      "%s is no root, starts one program, tells where it comes from, and is small",
      async (target) => {
        const [image] = JSON.parse(await podman("image", "inspect", `${PREFIX}/${target}`)) as [
          { Config: { User: string; Entrypoint: string[]; Cmd: string[]; Labels: object } },
        ];
        expect(image.Config).toMatchObject({
          User: "65532:65532",
          Entrypoint: ["/nodejs/bin/node"],
          Cmd: [`services/${target}/src/main.ts`],
          Labels: {
            "org.opencontainers.image.title": `Ringback ${target}`,
            "org.opencontainers.image.version": "0.1.0",
          },
        });
        const own =
          (await imageSize(`${PREFIX}/${target}`, building)) -
          (await imageSize("localhost/ringback-base/runtime:local", building));
        console.log(`${target}: ${Math.round(own / 1e6)} MB on top of its base`);
        expect(own).toBeLessThan(60e6);
      },
    );

    test("both images, read-only and without any right, deliver an event and end at SIGTERM", async () => {
      const keys = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["write"] }]);
      await chmod(keys.file, 0o444); // the container's user is another
      const receiver = await startReceiver();
      const subscriptions = await startContainer(
        "subscriptions",
        server,
        [
          "--volume",
          `${keys.file}:/keys.json:ro`,
          "--env",
          "API_KEYS_FILE=/keys.json",
          "--env",
          "AGENT_REGISTRATION=automatic",
        ],
        building,
      );
      const dispatcher = await startContainer("dispatcher", server, [], building);
      const address = String((await listening(subscriptions))["http"]);
      await listening(dispatcher);
      const answer = await fetch(`${address}/ca/api/v0/agent/v1`, {
        method: "PATCH",
        headers: { "x-api-key": keys.keys[0] ?? "", "content-type": "application/json" },
        body: JSON.stringify({
          operation: "edit_event_subscriptions",
          agent_id: "a1",
          event_subscriptions: [{ event_type: "call_completed", callback_url: receiver.url("/") }],
        }),
      });
      expect(answer.status).toBe(200);
      const client = await connectTo(server);
      const event = { event_type: "call_completed", call_id: "c1" };
      await client.js.publish("events.w1.c1.a1.call_completed", JSON.stringify(event));
      const [request] = await receiver.received(1);
      expect(JSON.parse(request?.body.toString() ?? "")).toEqual(event);
      await client.close();
      const exits = await Promise.all(
        [subscriptions, dispatcher].map(({ child }) => child.kill("SIGTERM")),
      );
      expect(exits).toEqual([
        { code: 0, signal: null },
        { code: 0, signal: null },
      ]);
      await receiver.stop();
    }, 120_000);
  },
);

interface Container {
  readonly child: TrackedChild;
  readonly output: ProcessOutput;
}

/** Where deploy/k8s, too, lets the index of lists be written; nothing else of an image can be. */
const PROJECTION_DIR = "/var/lib/ringback";

/** Runs an image as Kubernetes would: nowhere else to write to, no capability, no new rights. */
async function startContainer(
  target: ImageTarget,
  server: NatsServer,
  more: readonly string[],
  { env }: Building,
): Promise<Container> {
  const settings = {
    NATS_URL: server.url,
    ALLOW_PLAINTEXT_HEADERS: "true",
    ALLOW_INSECURE_HTTP: "true",
    ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
    HTTP_HOST: "127.0.0.1",
    HTTP_PORT: "0",
    ADMIN_HOST: "127.0.0.1",
    ADMIN_PORT: "0",
    PROJECTION_DIR,
  };
  const args = [
    "run",
    "--rm",
    "--read-only",
    `--tmpfs=${PROJECTION_DIR}:rw,size=64m,mode=1777`,
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    ...Object.entries(settings).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...more,
    `${PREFIX}/${target}`,
  ];
  const child = await spawnTracked("podman", args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const { stdout, stderr } = child.child;
  if (stdout === null || stderr === null) throw new Error("no pipes");
  return { child, output: collectOutput(stdout, stderr) };
}

const listening = ({ child, output }: Container) =>
  eventually(() => output.logs.find((line) => line["msg"] === "listening") ?? null, {
    what: "the container listens",
    giveUpWhen: () => (child.exit() === null ? null : `it ended:\n${output.all()}`),
  });
