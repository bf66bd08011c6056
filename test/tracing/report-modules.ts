// Loaded before a service, it says on stdout which modules of OpenTelemetry the process loads. Its API
// alone does nothing, and prom-client loads it in any case, for exemplars.
import { writeSync } from "node:fs";
import { registerHooks } from "node:module";

registerHooks({
  load: (url, context, nextLoad) => {
    if (/@opentelemetry\/(?!api\/)/.test(url)) {
      writeSync(1, `${JSON.stringify({ msg: "module.loaded", url })}\n`);
    }
    return nextLoad(url, context);
  },
});
