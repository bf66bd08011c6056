import { readFileSync } from "node:fs";

const DIST = "console/dist";

/** The built files of a page that its browser loads before it can show anything, as Vite's manifest has them. */
const firstLoad = (page) => {
  const manifest = JSON.parse(readFileSync(`${DIST}/.vite/manifest.json`, "utf8"));
  const files = new Set([page]);
  const add = (name) => {
    const { file, css = [], imports = [] } = manifest[name];
    for (const one of [file, ...css]) files.add(one);
    for (const one of imports) if (!files.has(manifest[one].file)) add(one);
  };
  add(page);
  return [...files].map((file) => `${DIST}/${file}`);
};

export default [
  { name: "portal, first load", path: firstLoad("portal.html"), limit: "120 KiB", gzip: true },
  { name: "console, first load", path: firstLoad("index.html"), limit: "130 KiB", gzip: true },
];
