import { Ajv2020 } from "ajv/dist/2020.js";
import type { ApiDocument } from "../../services/subscriptions/src/http/openapi/tidy.ts";
import { BASE_PATH } from "../../services/subscriptions/src/http/api.ts";
import type { RecordedCall } from "./recording-proxy.ts";

/** What an answer is that the API's document does not allow; undefined for one that is as it says. */
export type AnswerCheck = (call: RecordedCall) => string | undefined;

/** Compares answers with an OpenAPI document. */
export const answerCheck = (document: ApiDocument): AnswerCheck => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, "openapi.json");
  return ({ method, path, status, contentType, body }) => {
    const [pathname = ""] = path.split("?");
    if (!pathname.startsWith(`${BASE_PATH}/`)) return undefined; // the document itself, and its page
    const template = templateOf(document, pathname.slice(BASE_PATH.length)) ?? "";
    const operation = document.paths[template]?.[method.toLowerCase()];
    if (operation === undefined) return `${method} ${pathname} is not in the document`;
    const answer = operation.responses[String(status)];
    if (answer === undefined) return `${method} ${template}: no answer ${status} in the document`;
    if (body === "") return undefined;
    const pointer = pointerTo(["paths", template, method.toLowerCase(), "responses", status]);
    const at = refIn(answer) ?? pointer;
    const content = contentOf(document, answer);
    if (content[contentType] === undefined) {
      return `${method} ${template} ${status}: no ${contentType} in the document`;
    }
    if (!contentType.endsWith("json")) return undefined;
    const $ref = `openapi.json${at}${pointerTo(["content", contentType, "schema"]).slice(1)}`;
    const isAsDocumented = ajv.compile({ $ref });
    if (isAsDocumented(JSON.parse(body))) return undefined;
    return `${method} ${template} ${status}: ${ajv.errorsText(isAsDocumented.errors)}`;
  };
};

/** `/agent/v1/{agent_id}` for `/agent/v1/agent-7`; a path without parameters comes first. */
const templateOf = ({ paths }: ApiDocument, pathname: string): string | undefined =>
  Object.keys(paths)
    .toSorted((a, b) => a.split("{").length - b.split("{").length)
    .find((path) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname));

const pointerTo = (steps: readonly (string | number)[]): string =>
  `#${steps.map((step) => `/${encodeURIComponent(escaped(String(step)))}`).join("")}`;

const escaped = (step: string): string => step.replaceAll("~", "~0").replaceAll("/", "~1");

const refIn = (answer: unknown): string | undefined => (answer as { $ref?: string }).$ref;

const contentOf = ({ components }: ApiDocument, answer: unknown): Record<string, unknown> => {
  const name = refIn(answer)?.split("/").at(-1);
  const found = name === undefined ? answer : components.responses?.[name];
  return (found as { content?: Record<string, unknown> }).content ?? {};
};
