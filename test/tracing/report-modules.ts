// Loaded before a service, it writes down which modules of OpenTelemetry the process loads, a line each, in
// the file that LOADED_MODULES_FILE names. Its API alone does nothing, and prom-client loads it in any case.
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

const file = process.env["LOADED_MODULES_FILE"] ?? "";

registerHooks({
  load: (url, context, nextLoad) => {
    if (/@opentelemetry\/(?!api\/)/.test(url)) appendFileSync(file, `${url}\n`);
    return nextLoad(url, context);
  },
});
