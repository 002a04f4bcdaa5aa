import { run } from "../../../src/providers/process.ts";
import type { Workshop } from "../addon.ts";
import { findGo } from "../go-toolchain.ts";

/** The directory of a dependency in Go's module cache, in the version that the module in `directory` pins: for the files that come with a program. */
export async function moduleDirectory({ settings, say }: Workshop, directory: string, dependency: string): Promise<string> {
  const { go } = await findGo(settings.cache, say);
  const said = await run([go, "mod", "download", "-json", dependency], { cwd: directory });
  return (JSON.parse(said.stdout) as { readonly Dir: string }).Dir;
}
