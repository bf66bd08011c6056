// KEY=rb_… API=https://hooks.example.com/ca/api/v0 node host.mjs
// Your backend: who is signed in here sees the webhooks of their agents in a frame. The API key stays on this side.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const { API, KEY, AGENTS = "agent-7", PORT = "3000" } = process.env;
const origin = `http://localhost:${PORT}`;
const page = await readFile(new URL("page.html", import.meta.url));

/** Makes a session of the portal for one of your customers: their agents, what they may do, and for how long. */
const portalSession = () =>
  fetch(`${API}/portal-sessions`, {
    method: "POST",
    headers: { "x-api-key": KEY, "content-type": "application/json" },
    body: JSON.stringify({
      agents: AGENTS.split(","),
      capabilities: ["read", "payloads", "redeliver"],
      expires_in: 3600,
      origin, // the one origin that the frame sends messages to
      theme: { accent: "#7a2dd1", mode: "auto" },
    }),
  });

export const server = createServer(async (request, response) => {
  if (request.url !== "/portal-session") return response.end(page);
  const made = await portalSession();
  response.writeHead(made.status, { "content-type": "application/json" });
  return response.end(await made.text());
}).listen(PORT, () => console.log(`open ${origin}`));
