import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { IMAGE_TARGETS } from "../../scripts/images/build.ts";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { startService, type ServiceProcess } from "../harness/process/service-process.ts";
import { buildContext, filesOfPackages, layOutImage } from "./build-context.ts";

failOnLeaks();

let server: NatsServer;
let image: string;

beforeAll(async () => {
  [server, image] = await Promise.all([startNatsServer(), layOutImage()]);
});

afterAll(() => server.stop());

test("of all files, a builder gets the packages without their tests, simulations and pages, and nothing else", () => {
  const sent = buildContext().filter(filesOfPackages());
  const wanted = filesOfPackages().filter((path) => !/\.test\.ts$|\.md$|\/simulation\//.test(path));
  expect(sent.toSorted()).toEqual(wanted.toSorted());
  const others = [
    "README.md",
    ".env",
    ".git/config",
    ".run/api-keys.json",
    "test/house.test.ts",
    "deploy/compose.yaml",
    "node_modules/x/index.js",
  ];
  expect(buildContext().filter(others)).toEqual([]);
});

test.each(IMAGE_TARGETS)(
  "%s starts with the files and packages that its image has",
  async (target) => {
    const keys = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["admin"] }]);
    const service = await startService({
      entry: join(image, `services/${target}/src/main.ts`),
      env: { NATS_URL: server.url, API_KEYS_FILE: keys.file },
    });
    expect((await service.get("/readyz")).status).toBe(200);
    // What its threads run is in the image, too; dispatchers judge no schemas.
    const judged = target === "subscriptions" ? await putType(service, keys.keys[0]) : NOT_ONE;
    expect(judged).toContain(NOT_ONE);
    expect(await service.stop()).toEqual({ code: 0, signal: null });
  },
);

const NOT_ONE = "is no JSON Schema";

/** The answer to a definition whose schema is none: the thread that judges schemas says so. */
const putType = async (service: ServiceProcess, key = ""): Promise<string> => {
  const answer = await fetch(service.httpUrl("/ca/api/v0/event-types/kyc_done"), {
    method: "PUT",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ schema: { type: "nothing" } }),
  });
  return answer.text();
};
