import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where `make console` finds the API. */
const API = process.env["API"] ?? "http://127.0.0.1:8080";

/** Writes each text of the build in two compressed forms beside it, so that the service compresses nothing. */
const compressed = (): Plugin => ({
  name: "compressed",
  apply: "build",
  async writeBundle({ dir = "" }, bundle) {
    const names = Object.keys(bundle).filter((name) => /\.(js|css|html|svg)$/.test(name));
    await Promise.all(
      names.map(async (name) => {
        const path = join(dir, name);
        const text = await readFile(path);
        await writeFile(`${path}.gz`, await promisify(gzip)(text, { level: 9 }));
        await writeFile(`${path}.br`, await promisify(brotliCompress)(text));
      }),
    );
  },
});

export default defineConfig({
  base: "/console/",
  plugins: [react(), compressed()],
  build: {
    outDir: "dist",
    manifest: true,
    target: "es2023",
    // Each file has a name of its own content; nothing is put into the page, which its security policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        console: resolve(import.meta.dirname, "index.html"),
        portal: resolve(import.meta.dirname, "portal.html"),
      },
    },
  },
  server: { proxy: { "/ca": API, "/docs": API, "/openapi.json": API } },
});
