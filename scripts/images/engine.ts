import { failureOf, runCommand } from "../command.ts";

/** Programs that build a Dockerfile with the same arguments, and how each says that it works here. */
const ENGINES = [
  { name: "docker", probe: ["info"] },
  { name: "podman", probe: ["info"] },
  { name: "buildah", probe: ["info"] },
] as const;

export type EngineName = (typeof ENGINES)[number]["name"];

export type FoundEngine =
  | { readonly kind: "found"; readonly name: EngineName }
  | { readonly kind: "absent"; readonly reasons: readonly string[] };

/** The first engine that works, or the one that is wished for: a client without its daemon does not. */
export const findEngine = async (
  wish: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<FoundEngine> => {
  const reasons: string[] = [];
  const wanted = ENGINES.filter(({ name }) => wish === undefined || name === wish);
  if (wanted.length === 0) {
    const names = ENGINES.map(({ name }) => name).join(", ");
    return { kind: "absent", reasons: [`ENGINE: '${wish}' is none of ${names}`] };
  }
  for (const { name, probe } of wanted) {
    const result = await runCommand(name, probe, { timeoutMs: 30_000, env });
    if (result.kind === "exited" && result.code === 0) return { kind: "found", name };
    reasons.push(`${name}: ${failureOf(result)}`);
  }
  return { kind: "absent", reasons };
};
