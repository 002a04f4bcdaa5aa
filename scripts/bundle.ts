import { cp, rm } from "node:fs/promises";
import { build } from "esbuild";
import { bundleDriver, bundling } from "./bundle-driver.ts";

/**
 * Bundles the CLI and the worker that parses site files: one file each, so that a start reads few files, and `npm pack` needs no TypeScript. Every library is inside:
 * the package that people install has no dependencies, so nothing else can change under it. Write `import * as z from "zod"`: the object `z`
 * would bring fifty languages along, 15 ms of CPU of every start. Into `dist`, or the directory that is named.
 */
const out = process.argv[2] ?? "dist";
await rm(out, { recursive: true, force: true });
await build({
  ...bundling,
  entryPoints: {
    main: "src/main.ts",
    "parse-worker": "src/workflows/read-site-file/parse-worker.ts",
    "rsh-bridge": "src/workflows/data-move/rsh-bridge.ts",
  },
  outdir: out,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
await bundleDriver(out);
await cp("src/entrypoint", `${out}/entrypoint`, { recursive: true });
