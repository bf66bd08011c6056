import { FAILURE_PAGES, type SignInFailure } from "../decide/sign-in-failure.ts";

/** The page that somebody sees who is not signed in: fixed words, no script, no style from elsewhere. */
export const failurePage = (failure: SignInFailure): string => {
  const { title, text } = FAILURE_PAGES[failure];
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${title} – Ringback</title></head>`,
    `<body><main><h1>${title}</h1><p>${text}</p>`,
    '<p><a href="/console/sign-in">Sign in again</a> or <a href="/console/">go back to the console</a>.</p>',
    "</main></body></html>\n",
  ].join("\n");
};
