import manifest from "../package.json" with { type: "json" };
import { reasonOf } from "./command.ts";
import { buildImage, buildLocalBases, imageSize, IMAGE_TARGETS, originOf } from "./images/build.ts";
import { findEngine } from "./images/engine.ts";
import { npmCli } from "./images/local-bases.ts";

/**
 * Builds both images, by the environment: ENGINE, IMAGE_PREFIX, TAG, BUILD_ARGS (more arguments of the
 * build, split at spaces), LOCAL_BASES=true.
 */
const main = async (): Promise<void> => {
  const { env } = process;
  const engine = await findEngine(env["ENGINE"] || undefined);
  if (engine.kind === "absent") {
    throw new Error(
      `no container engine works here; install docker, podman or buildah\n${engine.reasons.join("\n")}`,
    );
  }
  const more = (env["BUILD_ARGS"] ?? "").split(" ").filter((arg) => arg !== "");
  const building = { engine: engine.name, env, more };
  if (env["LOCAL_BASES"] === "true")
    more.push(...(await buildLocalBases(await npmCli(), building)));
  const origin = await originOf(manifest.version);
  for (const target of IMAGE_TARGETS) {
    const name = `${env["IMAGE_PREFIX"] || "ringback"}/${target}:${env["TAG"] || manifest.version}`;
    await buildImage(target, name, origin, building);
    const bytes = await imageSize(name, building);
    const size = Number.isNaN(bytes) ? "" : `  ${Math.round(bytes / 1e6)} MB unpacked`;
    console.log(`${name}  ${origin.revision}${size}`);
  }
};

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`images: ${reasonOf(error)}`);
    process.exit(1);
  }
}
