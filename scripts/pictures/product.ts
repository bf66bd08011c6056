import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Stage } from "./stage.ts";

const EXAMPLE = join(import.meta.dirname, "../../docs/examples/portal-embed/host.mjs");

/** The page of the example that frames the portal, as the lender's customers would see it. */
export const startProduct = async ({
  portal,
  key,
  productPort,
}: Stage): Promise<AsyncDisposable & { readonly url: string }> => {
  const env = {
    ...process.env,
    API: `${portal}/ca/api/v0`,
    KEY: key,
    AGENTS: "emi-reminder-hi,emi-reminder-en",
    PORT: String(productPort),
  };
  const host = spawn(process.execPath, [EXAMPLE], { env, stdio: ["ignore", "pipe", "inherit"] });
  await once(host.stdout, "data");
  return {
    url: `http://localhost:${productPort}`,
    [Symbol.asyncDispose]: async () => {
      host.kill();
      await once(host, "exit");
    },
  };
};
