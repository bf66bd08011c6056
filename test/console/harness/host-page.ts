import { createServer } from "node:http";

/** A page of another origin that frames the portal, and keeps what the frame tells it in `told`. */
const PAGE = `<!doctype html><html lang="en"><title>Somebody's product</title>
<h1>Somebody's product</h1>
<iframe title="Webhooks" referrerpolicy="no-referrer" style="width: 100%; height: 700px"></iframe>
<script>
  window.told = [];
  addEventListener("message", ({ data, origin }) => window.told.push({ type: data.type, origin }));
</script></html>`;

export type HostPage = { readonly stop: () => Promise<void> };

export const serveHostPage = async (port: number): Promise<HostPage> => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  });
  await new Promise<void>((ready) => server.listen(port, "127.0.0.1", ready));
  return {
    stop: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
};
