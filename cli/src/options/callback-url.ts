import { usageError } from "../cli-error.ts";

/** A text that may be a callback URL; throws for what is no URL. The API has the last word. */
export const callbackUrlIn = (text: string): string => {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return text;
  throw usageError(`'${text}' is no URL: expected one such as https://crm.example.com/calls`);
};
