import { Buffer } from "node:buffer";
import { runDispatcher } from "../../../services/dispatcher/src/run.ts";

/** A dispatcher that dies of the first attempt of the call `poison`, and of the second one of `poison-later`. */
await runDispatcher({
  wrapSteps: (steps) => ({
    ...steps,
    send: (request) => {
      const attempt = request.headers["ringback-attempt"];
      const call = attempt === "1" ? '"poison"' : '"poison-later"';
      const { body } = request;
      if (body instanceof Uint8Array && Buffer.from(body).includes(call))
        process.kill(process.pid, "SIGKILL");
      return steps.send(request);
    },
  }),
});
