/** Why somebody is not signed in. */
export type SignInFailure =
  /** The provider does not answer, or not as one. */
  | "provider_unavailable"
  /** Too many people sign in at once. */
  | "busy"
  /** The browser has no sign-in under way: it took too long, began in another browser, or was used before. */
  | "not_begun"
  /** The provider's response does not belong to this sign-in, or is not valid. */
  | "response_not_valid"
  /** The provider has refused, or the person has. */
  | "denied"
  /** The provider says neither who this is nor which groups they are in. */
  | "no_groups"
  /** The person is in no group that may do anything here. */
  | "no_role"
  | "too_many_sessions"
  /** NATS takes no writes: nobody's session can be stored. */
  | "unavailable";

type Page = { readonly status: number; readonly title: string; readonly text: string };

/** What somebody sees who is not signed in: what it means for them, and nothing of what the provider sent. */
export const FAILURE_PAGES: Readonly<Record<SignInFailure, Page>> = {
  provider_unavailable: {
    status: 503,
    title: "The sign-in service does not answer",
    text: "Your organisation's sign-in service cannot be reached now. Try again in a moment.",
  },
  busy: {
    status: 503,
    title: "Too many people sign in at once",
    text: "Try again in a moment.",
  },
  not_begun: {
    status: 400,
    title: "This sign-in is over",
    text: "It took longer than ten minutes, was used before, or began in another browser. Sign in again.",
  },
  response_not_valid: {
    status: 400,
    title: "You are not signed in",
    text: "The response of your organisation's sign-in service is not valid for this sign-in. Sign in again; if this stays, tell whoever runs this service.",
  },
  denied: {
    status: 403,
    title: "You are not signed in",
    text: "Your organisation's sign-in service has refused. Sign in again, or ask your administrator.",
  },
  no_groups: {
    status: 403,
    title: "Your groups are not known",
    text: "Your organisation's sign-in service does not say which groups you are in. Tell whoever runs this service.",
  },
  no_role: {
    status: 403,
    title: "You have no access",
    text: "You are signed in at your organisation, and none of your groups has access here. Ask your administrator.",
  },
  too_many_sessions: {
    status: 503,
    title: "Too many people are signed in",
    text: "The workspace has as many sessions as it may. Try again later.",
  },
  unavailable: {
    status: 503,
    title: "You cannot be signed in now",
    text: "The service cannot store your session at the moment. Try again.",
  },
};
