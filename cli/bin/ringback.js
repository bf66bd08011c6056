#!/usr/bin/env node
// JavaScript that old versions of Node.js parse too: they cannot load the TypeScript behind it, and would print a stack.
import module from "node:module";
import { fileURLToPath } from "node:url";

const OLDEST_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) < OLDEST_MAJOR) {
  const bin = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
  process.stderr.write(
    `ringback needs Node.js ${OLDEST_MAJOR} or newer; this is ${process.version}: run \`export PATH="${bin}:$PATH"\`\n`,
  );
  process.exitCode = 1;
} else {
  // Types are stripped once, and not at every start.
  module.enableCompileCache();
  await import("../src/main.ts");
}
