import type { Socket } from "node:net";
import type { Api } from "./api.ts";

/**
 * Ends connections when the port closes: one without a byte at once, the others with their response, and all
 * that are left after `withinMs`. Node itself would wait for them, however long a request takes to arrive.
 */
export const letConnectionsGo = (app: Api, withinMs: number): void => {
  const open = new Set<Socket>();
  let isClosing = false;
  app.server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    const cutOff = setTimeout(() => app.server.closeAllConnections(), withinMs);
    app.server.once("close", () => clearTimeout(cutOff));
  });
  app.addHook("onSend", async (_request, reply) => {
    if (isClosing) reply.header("connection", "close");
  });
};
