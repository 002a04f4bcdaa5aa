import { databaseVariables } from "../defaults.ts";
import type { DeclaredSite } from "../schema/site-document.ts";
import type { Variable } from "../site.ts";
import { byName } from "./resolve-commands.ts";

type Spec = DeclaredSite["spec"];
type Declared = Spec["variables"][string];

/**
 * The environment, sorted by name: what the file names, the DB_ variables with a database, NAME_HOST and NAME_PORT of each
 * relationship. What the file names wins.
 */
export function resolveVariables(spec: Spec): readonly Variable[] {
  const derived = new Map<string, Variable>();
  for (const [name, server] of byName(spec.relationships)) {
    const prefix = name.toUpperCase().replaceAll("-", "_");
    derived.set(`${prefix}_HOST`, { name: `${prefix}_HOST`, from: "literal", value: server.host });
    derived.set(`${prefix}_PORT`, { name: `${prefix}_PORT`, from: "literal", value: String(server.port) });
  }
  if (spec.database !== undefined) {
    for (const [name, field] of Object.entries(databaseVariables)) derived.set(name, { name, from: "database", field });
  }
  for (const [name, value] of Object.entries(spec.variables)) derived.set(name, resolveVariable(name, value));
  return byName(Object.fromEntries(derived)).map(([, variable]) => variable);
}

function resolveVariable(name: string, value: Declared): Variable {
  if (typeof value !== "object") return { name, from: "literal", value: String(value) };
  if ("secret" in value) {
    const [secret = "", key = "value"] = value.secret.split("/");
    return { name, from: "secret", secret, key };
  }
  if ("generate" in value) return { name, from: "generated", ...value.generate };
  return "database" in value ? { name, from: "database", field: value.database } : { name, from: "site", field: value.site };
}
