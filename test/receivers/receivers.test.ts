import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { exampleFolder, withEnvironment } from "./example-folder.ts";
import { asRequest, startExample } from "./node-receivers.ts";
import { differencesOf, newSecret, signedRequest } from "./signed-request.ts";

const SECRET = newSecret();
const logged: string[] = [];
beforeEach(() => {
  logged.length = 0;
  vi.spyOn(console, "error").mockImplementation((...words: unknown[]) => {
    logged.push(words.map(String).join(" "));
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const FILES = ["express.mjs", "fastify.mjs", "nextjs-route.mjs", "worker.mjs", "node-server.mjs"];

test.each(FILES)(
  "%s takes what was signed, refuses all else with 401, and responds 500 where its work fails",
  async (file) => {
    const { send, handled, stop } = await startExample(file, SECRET);
    try {
      const { wrong, toHandle } = await differencesOf(SECRET, send);
      expect(wrong).toEqual([]);
      expect(await handled()).toEqual(toHandle);
      expect(logged.filter((line) => line.startsWith("webhook refused"))).not.toEqual([]);
      expect(logged.filter((line) => line.includes("no disk"))).toHaveLength(1);
    } finally {
      await stop();
    }
  },
);

/** The response to a request that is right, and what was logged. */
const textOf = async (response: Response) => ({
  status: response.status,
  text: await response.text(),
});
const RAW_BODY = { status: 500, text: expect.stringContaining("raw body") as string };

const MISUSES: [string, string, (text: string) => string][] = [
  [
    "express.mjs with express.json() above its route",
    "express.mjs",
    (text) => text.replace("app = express();\n", "$&app.use(express.json());\n"),
  ],
  [
    "fastify.mjs without its own parser",
    "fastify.mjs",
    (text) => text.replaceAll(/^ {2}scope\.\w+ContentTypeParsers?\(.*$/gm, ""),
  ],
];

test.each(MISUSES)("%s refuses with the words 'raw body'", async (_, file, edit) => {
  const { send, handled, stop } = await startExample(file, SECRET, edit);
  try {
    expect(await textOf(await send(signedRequest(SECRET)))).toEqual(RAW_BODY);
    expect(logged).toEqual([expect.stringContaining("raw body")]);
    expect(await handled()).toEqual([]);
  } finally {
    await stop();
  }
});

test("a body that was read before is refused by Fetch handlers with the words 'raw body'", async () => {
  const { load } = await exampleFolder(["nextjs-route.mjs", "worker.mjs"]);
  const next = (await load("nextjs-route.mjs", SECRET)) as {
    POST: (r: Request) => Promise<Response>;
  };
  const worker = (await load("worker.mjs", SECRET)) as {
    default: { fetch: (r: Request, env: object) => Promise<Response> };
  };
  const env = { WEBHOOK_SECRET: SECRET };
  const handlers = [
    (request: Request) => withEnvironment(env, () => next.POST(request)),
    (request: Request) => worker.default.fetch(request, env),
  ];
  for (const handle of handlers) {
    const request = asRequest(signedRequest(SECRET));
    await request.json();
    expect(await textOf(await handle(request))).toEqual(RAW_BODY);
  }
});

test("a secret that is missing is a 500 that is logged, or ends the program at its start", async () => {
  for (const file of ["nextjs-route.mjs", "worker.mjs"]) {
    const { send } = await startExample(file, "");
    expect((await send(signedRequest(SECRET))).status).toBe(500);
  }
  expect(logged).toHaveLength(2);
  await expect(startExample("express.mjs", "")).rejects.toThrow("Secret can't be empty");
  await expect(startExample("fastify.mjs", "")).rejects.toThrow("Secret can't be empty");
});

test("verify-webhook.mjs says 'raw body' of a body that was parsed, and of one that was printed again", async () => {
  const { load } = await exampleFolder(["verify-webhook.mjs"]);
  const { verifyWebhook } = (await load("verify-webhook.mjs", SECRET)) as {
    verifyWebhook: (key: string, headers: object, body: unknown) => void;
  };
  const { headers, body } = signedRequest(SECRET);
  const parsed: unknown = JSON.parse(body.toString());
  expect(() => verifyWebhook(SECRET, headers, parsed)).toThrow("raw body");
  const printed = Buffer.from(JSON.stringify(parsed));
  expect(() => verifyWebhook(SECRET, headers, printed)).toThrow("raw body");
});
