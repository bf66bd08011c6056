// A customer's endpoint to try things with: prints every request, and answers with the status that its
// path ends in (/calls/503), otherwise 200.
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const status = Number(/\/([2-5]\d\d)$/.exec(request.url ?? "")?.[1] ?? 200);
    const { "webhook-id": id, "ringback-attempt": attempt } = request.headers;
    const body = Buffer.concat(chunks).toString("utf8");
    process.stdout.write(
      `${request.method} ${request.url} ${status} ${String(id)} attempt ${String(attempt)}\n  ${body}\n`,
    );
    response.writeHead(status).end();
  });
});
server.listen(9000);
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
