/** What registries.conf says about a registry, as far as we use it. */
export interface RegistryRule {
  /** The repository names that it is about: `docker.io`, `registry.example.org/team`, `*.example.org`. */
  readonly prefix: string;
  /** Where those lie instead. */
  readonly location: string;
  /** Plain http is allowed. */
  readonly insecure: boolean;
  readonly blocked: boolean;
  /** Asked in this order before the location itself. */
  readonly mirrors: readonly { readonly location: string; readonly insecure: boolean }[];
}

/**
 * Reads the `[[registry]]` and `[[registry.mirror]]` tables of containers-registries.conf(5): strings, booleans and comments are all that
 * they hold. Other tables and keys are podman's business and are passed over.
 */
export function parseRegistriesConf(text: string): readonly RegistryRule[] {
  const rules: { table: Record<string, string | boolean>; mirrors: Record<string, string | boolean>[] }[] = [];
  let current: Record<string, string | boolean> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const table = /^\s*(\[\[?[^\]]*\]?\])\s*(?:#.*)?$/.exec(line)?.[1]?.replaceAll(/\s/g, "");
    if (table === "[[registry]]") rules.push({ table: (current = {}), mirrors: [] });
    else if (table === "[[registry.mirror]]") rules.at(-1)?.mirrors.push((current = {}));
    else if (table !== undefined) current = undefined;
    else if (current !== undefined) {
      const [, key = "", basic, literal, flag] = /^\s*([a-z-]+)\s*=\s*(?:"([^"\\]*)"|'([^']*)'|(true|false))\s*(?:#.*)?$/.exec(line) ?? [];
      if (key !== "") current[key] = basic ?? literal ?? flag === "true";
    }
  }
  return rules.flatMap(({ table, mirrors }) => {
    const location = textOf(table["location"]) ?? textOf(table["prefix"]);
    if (location === undefined) return [];
    return {
      prefix: textOf(table["prefix"]) ?? location,
      location,
      insecure: table["insecure"] === true,
      blocked: table["blocked"] === true,
      mirrors: mirrors.flatMap((mirror) => {
        const where = textOf(mirror["location"]);
        return where === undefined ? [] : [{ location: where, insecure: mirror["insecure"] === true }];
      }),
    };
  });
}

/** A place where a repository may be read. */
export interface Place {
  /** `mirror.example.org/dockerhub/library/php`. */
  readonly name: string;
  readonly insecure: boolean;
}

/** Where a repository is to be read, in order: its mirrors, then itself; or that it is blocked. The longest prefix decides. */
export function placesOf(name: string, rules: readonly RegistryRule[]): { readonly blocked: boolean; readonly places: readonly Place[] } {
  const [rule] = rules.filter(({ prefix }) => covers(prefix, name)).sort((a, b) => b.prefix.length - a.prefix.length);
  if (rule === undefined) return { blocked: false, places: [{ name, insecure: false }] };
  const moved = (location: string): string => (rule.prefix.startsWith("*.") ? name : `${location}${name.slice(rule.prefix.length)}`);
  const places = [...rule.mirrors, { location: rule.location, insecure: rule.insecure }];
  return { blocked: rule.blocked, places: places.map(({ location, insecure }) => ({ name: moved(location), insecure })) };
}

function covers(prefix: string, name: string): boolean {
  if (prefix.startsWith("*.")) return (name.split("/")[0] ?? "").endsWith(prefix.slice(1));
  return name === prefix || name.startsWith(`${prefix}/`);
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
