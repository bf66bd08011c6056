import { headerProblems, type RequestHeaders } from "@ringback/contracts/agents/request-headers";
import { InvalidArgumentError } from "commander";

/** Takes one more `Name: value` of an option that may be repeated; throws for one that no request may have. */
export const headersIn = (text: string, before: RequestHeaders = {}): RequestHeaders => {
  const colon = text.indexOf(":");
  if (colon < 1) throw new InvalidArgumentError("Expected 'Name: value'.");
  const [name, value] = [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
  const headers = { ...before, [name]: value };
  const [problem] = headerProblems(headers);
  if (problem === undefined) return headers;
  throw new InvalidArgumentError(`${problem.name ?? "All together"} ${problem.message}.`);
};
