import type { BaseRequest } from "./image-recipes.ts";
import type { NodeVersion } from "./node-versions.ts";
import { defaultPhp, type PhpVersion } from "./php-versions.ts";

const shells = new Set(["sh", "bash", "dash", "/bin/sh", "/bin/bash"]);
const nodePrograms = new Set(["node", "npm", "npx", "nodejs"]);

/**
 * Which builder runs a build hook: node's own tools beside Node, everything else beside PHP and composer. A shell's script goes
 * where its words lead; one that wants both is two hooks.
 */
export function builderOf(argv: readonly string[]): "php" | "node" {
  const [program = "", ...rest] = argv;
  if (!shells.has(program)) return nodePrograms.has(program) ? "node" : "php";
  const words = rest.join(" ").split(/[^\w.-]+/);
  return words.some((word) => nodePrograms.has(word)) && !words.some((word) => word === "php" || word === "composer") ? "node" : "php";
}

/** The builders that a site's build hooks need, to be locked with its base images. None without hooks. */
export function builderRequests(
  hooks: readonly (readonly string[])[],
  php: { readonly version: PhpVersion; readonly extensions: readonly string[]; readonly packages: readonly string[] } | null,
  node: NodeVersion,
): readonly BaseRequest[] {
  const kinds = new Set(hooks.map(builderOf));
  const requests: BaseRequest[] = [];
  if (kinds.has("php")) requests.push(phpBuilder(php));
  if (kinds.has("node")) requests.push({ kind: "node-builder", version: node });
  return requests;
}

/** The builder with PHP for a site; a static site's hooks run beside the default PHP. */
export function phpBuilder(
  php: { readonly version: PhpVersion; readonly extensions: readonly string[]; readonly packages: readonly string[] } | null,
): BaseRequest {
  return { kind: "php-builder", version: php?.version ?? defaultPhp, extensions: php?.extensions ?? [], packages: php?.packages ?? [] };
}
