import type { GeneratedFile } from "../generated-file.ts";
import { SETTING_GROUPS } from "./groups.ts";
import type { SettingRow } from "./rows.ts";

const COMMAND = "make settings";

const INTRO = `# Settings

<!-- Made by \`${COMMAND}\` from the descriptions in the services' schemas: change those. -->

All settings are environment variables. A service checks them together when it starts: one message names everything that
is wrong, also files that hold no certificate, and settings that contradict each other. An empty value counts as not set. A variable
that is no setting but has a name like one, such as \`MAX_INFLIGHT\`, is told in the log (\`settings.unknown\`, with the name that
was probably meant), as other programs have variables in the same environment. Durations are written \`500ms\`, \`10s\`, \`2m\`, \`1h\`, \`7d\`; sizes \`500MiB\`,
\`20GiB\`. [.env.example](../.env.example) has every setting with its default.

Give both services the same values for streams, event types, addresses and secrets. Each service brings the streams to the
values that it has. In a rollout, a process with the old values may start again: a dispatcher that has the values of its last start sets
none that another dispatcher has replaced, and the API's service never does (\`streams.newer_option_kept\` in the log). An old pod that comes
back under another name, as from a node that is drained, counts as new and may set a limit back, until the next pod with the new values starts. A change that you
take back takes effect at once.
`;

const defaultText = ({ default: text }: SettingRow): string => {
  if (text === null) return "required";
  return text === "" ? "no default" : `default \`${text}\``;
};

const settingsPage = (): string => {
  const groups = SETTING_GROUPS.map(({ title, rows }) =>
    [
      `## ${title}\n`,
      ...rows.map((row) => `- **\`${row.name}\`** (${defaultText(row)}): ${row.meaning}.`),
    ].join("\n"),
  );
  return [INTRO, ...groups].join("\n\n");
};

const COMMENT_WIDTH = 100;

/** The text as comments of at most `COMMENT_WIDTH` characters a line; of a link only what a reader sees. */
const commented = (markdown: string): string => {
  const text = markdown.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1");
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= COMMENT_WIDTH) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(`# ${word}`);
    }
  }
  return lines.join("\n");
};

/** Every default stands in it as it is, so that the copied file changes nothing until somebody edits it. */
const exampleEnvironment = (): string => {
  const groups = SETTING_GROUPS.map(({ title, rows }) =>
    [
      `## ${title}`,
      ...rows.map((row) => `${commented(`${row.meaning}.`)}\n${exampleOf(row)}`),
    ].join("\n\n"),
  );
  const intro = `# Every setting with its default, made by \`${COMMAND}\`. Copy what you change; an empty value counts as not set.`;
  return `${[intro, ...groups].join("\n\n")}\n`;
};

const defaultsOf = (name: string): ReadonlySet<string | null> =>
  new Set(
    SETTING_GROUPS.flatMap(({ rows }) => rows)
      .filter((row) => row.name === name)
      .map((row) => row.default),
  );

/** One file serves both services, so a setting whose defaults differ is left out of it as a comment. */
const exampleOf = ({ name, default: text }: SettingRow): string => {
  if (text === null) return `${name}=`;
  return defaultsOf(name).size > 1 ? `# ${name}=${text}` : `${name}=${text}`;
};

/** The documents that list settings. */
export const SETTINGS_FILES: readonly GeneratedFile[] = [
  { path: "docs/settings.md", command: COMMAND, text: () => Promise.resolve(settingsPage()) },
  { path: ".env.example", command: COMMAND, text: () => Promise.resolve(exampleEnvironment()) },
];
