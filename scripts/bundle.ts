import { cp, rm } from "node:fs/promises";
import { type BuildOptions, build } from "esbuild";

/**
 * Bundles the CLI and the worker that parses site files: one file each, so that a start reads few files, and `npm pack` needs no TypeScript. Every library is inside:
 * the package that people install has no dependencies, so nothing else can change under it. Write `import * as z from "zod"`: the object `z`
 * would bring fifty languages along, 15 ms of CPU of every start. Into `dist`, or the directory that is named.
 */
const out = process.argv[2] ?? "dist";
await rm(out, { recursive: true, force: true });
const common: BuildOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  minify: false,
  sourcemap: false,
  legalComments: "eof",
  banner: { js: 'import { createRequire as howdahRequire } from "node:module"; const require = howdahRequire(import.meta.url);' },
  logLevel: "warning",
};
await build({
  ...common,
  entryPoints: {
    main: "src/main.ts",
    "parse-worker": "src/workflows/read-site-file/parse-worker.ts",
    "rsh-bridge": "src/workflows/data-move/rsh-bridge.ts",
  },
  outdir: out,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
// A program of its own, by itself: what it shares with the command line would become one more file that each start of that reads.
await build({ ...common, entryPoints: ["src/csi/main.ts"], outfile: `${out}/csi/main.js` });
await cp("src/csi/proto", `${out}/csi/proto`, { recursive: true });
await cp("src/entrypoint", `${out}/entrypoint`, { recursive: true });
