import { join } from "node:path";
import { rebuildSites } from "../src/workflows/backup/rebuild-sites.ts";
import { wirePorts } from "../src/wiring.ts";

/** Rebuilds the sites of the machine's store from the code in a directory, as `rebuild.ts` asks: no command of people does this before it was proved here. */
const ports = await wirePorts({
  environment: process.env,
  entrypointDirectory: join(import.meta.dirname, "../src/entrypoint"),
  self: [process.execPath, join(import.meta.dirname, "../bin/howdah")],
});
const emit = (event: { readonly type: string }): void => {
  console.error(JSON.stringify(event));
};
const request = { code: process.argv[2] ?? "", names: [], store: undefined, backupsOnly: false };
console.log(JSON.stringify(await rebuildSites(request, ports, { emit, signal: new AbortController().signal })));
