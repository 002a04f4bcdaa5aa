import { cp } from "node:fs/promises";
import { type BuildOptions, build } from "esbuild";

/** How Howdah's programs are bundled: every library inside, readable, for the oldest Node that is supported. */
export const bundling: BuildOptions = {
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

/** The storage driver, a program of its own, by itself: what it shared with the command line would become one more file that each start of that reads. */
export async function bundleDriver(out: string): Promise<void> {
  await build({ ...bundling, entryPoints: ["src/csi/main.ts"], outfile: `${out}/csi/main.js` });
  await cp("src/csi/proto", `${out}/csi/proto`, { recursive: true });
}
