import { defaultMariadb } from "../catalog/mariadb-versions.ts";
import { canonicalExtension } from "../catalog/php-extensions.ts";
import { isPhpVersion } from "../catalog/php-versions.ts";
import { type Diagnostic, hasErrors } from "../kernel/diagnostic.ts";
import { alwaysExtensions, defaultHostnames, defaultMaxChildren, defaultRolloutSeconds } from "./defaults.ts";
import { bytesOf, secondsOf } from "./resolving/quantity.ts";
import { byName, resolveCommands } from "./resolving/resolve-commands.ts";
import { resolveVariables } from "./resolving/resolve-variables.ts";
import { resolveWeb } from "./resolving/resolve-web.ts";
import { volumeName } from "./resolving/volume-name.ts";
import { checkRules } from "./rules.ts";
import type { DeclaredSite } from "./schema/site-document.ts";
import type { Mount, Runtime, Site } from "./site.ts";
import { type SiteCatalog, siteCatalog } from "./site-catalog.ts";

type Spec = DeclaredSite["spec"];

/** For which environment a site is resolved. */
export interface ResolveOptions {
  /** `production`, or a branch's environment. */
  readonly environment: string;
  /** Tests put their own in its place. */
  readonly catalog?: SiteCatalog;
}

/** A site with nothing left to choose, when nothing is wrong with it; and what the rules find in either case. */
export interface ResolvedSite {
  readonly site?: Site;
  readonly diagnostics: readonly Diagnostic[];
}

/** Applies the rules and every default that depends on other fields (`defaults.ts`). The same declaration gives the same site, in whatever order its keys stand. */
export function resolveSite(declared: DeclaredSite, options: ResolveOptions): ResolvedSite {
  const { environment, catalog = siteCatalog } = options;
  const { spec, metadata } = declared;
  const diagnostics = checkRules(declared, catalog);
  const commands = resolveCommands(spec, diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  const site: Site = {
    stage: "resolved",
    name: metadata.name,
    environment,
    source: spec.source,
    runtime: resolveRuntime(spec),
    web: resolveWeb(spec),
    database: spec.database === undefined ? null : { ...spec.database, version: spec.database.version ?? defaultMariadb },
    relationships: byName(spec.relationships).map(([name, { host, port }]) => ({ name, host, port })),
    mounts: byName(spec.mounts).map(([path, mount]): Mount => ({ path, ...mount, volume: volumeName(path) })),
    code: spec.code,
    configuration: resolveConfiguration(spec, catalog),
    variables: resolveVariables(spec),
    ...commands,
    builder: spec.builder,
    hostnames: spec.hostnames === undefined || spec.hostnames.length === 0 ? defaultHostnames(metadata.name, environment) : spec.hostnames,
    tls: resolveTls(spec),
    image: { repository: spec.image.repository ?? null, secret: spec.image.secret ?? null },
    scale: resolveScale(spec),
    rollout: resolveRollout(spec, commands.hooks),
    releases: spec.releases,
    ...(spec.environments === undefined ? {} : { environments: spec.environments }),
    ...(spec.dataset === undefined ? {} : { dataset: spec.dataset }),
    topology: spec.topology,
    recipe: spec.recipe ?? null,
  };
  return { site, diagnostics };
}

function resolveRuntime(spec: Spec): Runtime | null {
  const { runtime } = spec;
  if (runtime === undefined) return null;
  if (!isPhpVersion(runtime.php)) throw new TypeError(`the rules let PHP ${runtime.php} through`);
  const extensions = [...alwaysExtensions(spec.database !== undefined), ...runtime.extensions.map(canonicalExtension)];
  return {
    php: runtime.php,
    extensions: [...new Set(extensions)].sort(),
    ini: Object.fromEntries(byName(runtime.ini).map(([name, value]) => [name, iniText(value)])),
    memoryLimit: runtime.memoryLimit,
    fpm: {
      maxChildren: runtime.fpm.maxChildren ?? defaultMaxChildren(bytesOf(spec.scale.memory)),
      requestTimeoutSeconds: secondsOf(runtime.fpm.requestTimeout),
      maxRequests: runtime.fpm.maxRequests,
    },
    flavour: runtime.packages.length > 0 ? "shell" : runtime.flavour,
    packages: [...new Set(runtime.packages)].sort(),
    image: runtime.image ?? null,
  };
}

/** PHP's notation: On and Off for booleans. */
function iniText(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "On" : "Off";
  return String(value);
}

function resolveConfiguration(spec: Spec, catalog: SiteCatalog): Site["configuration"] {
  return byName(spec.configuration).map(([path, file]) => {
    const content = "preset" in file ? (catalog.presets[file.preset]?.content ?? "") : file.content;
    return file.replace === undefined ? { path, content } : { path, content, replace: file.replace };
  });
}

function resolveRollout({ rollout }: Spec, hooks: Site["hooks"]): Site["rollout"] {
  const { strategy, message, timeout } = rollout;
  return { strategy, message, timeoutSeconds: timeout === undefined ? defaultRolloutSeconds(hooks) : secondsOf(timeout) };
}

function resolveScale({ scale }: Spec): Site["scale"] {
  const { replicas, max, web, memory, cpu = null, idle } = scale;
  return {
    replicas,
    ...(max === undefined ? {} : { max }),
    ...(web === undefined ? {} : { web: { replicas: web.replicas ?? replicas, ...(web.max === undefined ? {} : { max: web.max }) } }),
    memoryBytes: bytesOf(memory),
    cpu,
    idle: idle === undefined ? null : { afterSeconds: secondsOf(idle.after), wakes: idle.wakes },
  };
}

function resolveTls(spec: Spec): Site["tls"] {
  const { mode, secret } = spec.tls;
  return mode === "secret" ? { mode, secret: secret ?? "" } : { mode };
}
