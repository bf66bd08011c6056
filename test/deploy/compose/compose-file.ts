import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";

/** A service of deploy/compose.yaml, as far as tests look at it. */
interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly build?: { readonly context: string; readonly target: string };
  readonly pull_policy?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly { readonly source: string; readonly target: string }[];
  readonly ports?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly profiles?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[]; readonly retries: number };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: object;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export const DEPLOY = resolve(import.meta.dirname, "../../../deploy");

/** The file as compose reads it with these variables in the shell of whoever starts it. */
export const composeFile = (shell: Readonly<Record<string, string>> = {}): ComposeFile => {
  const text = readFileSync(resolve(DEPLOY, "compose.yaml"), "utf8");
  const withVariables = text.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, otherwise: string) => JSON.stringify(shell[name] || otherwise),
  );
  return parse(withVariables, { merge: true }) as ComposeFile;
};
