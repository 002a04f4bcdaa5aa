import { join } from "node:path";
import { buildGoProgram } from "../cluster/go-program.ts";
import { settingsOf } from "../cluster/settings.ts";

/** Helm's path: built from its Go module once on a machine (84 s on two cores), and kept with the test cluster's programs. */
export function helmProgram(): Promise<string> {
  const module = join(import.meta.dirname, "../cluster/helm");
  return buildGoProgram({ name: "helm", module, package: "helm.sh/helm/v3/cmd/helm", static: true }, settingsOf().cache, () => undefined);
}
