import type { Path } from "../kernel/diagnostic.ts";
import { writeYaml } from "./documenting/write-yaml.ts";
import { keysAt } from "./reading/schema-node.ts";
import type { SiteDocument } from "./schema/site-document.ts";

/** Where editors find the schema. */
export const SCHEMA_URL = "https://howdah.dev/schemas/site.v1alpha1.json";

/** How a site file is printed. */
export interface PrintOptions {
  /** A comment above a field, by its dotted path (`spec.runtime.php`): `howdah init` puts its evidence there. */
  readonly comments?: Readonly<Record<string, string>>;
}

/**
 * A site file's text from its data: an editor header, fields in the order of the schema, free keys (mounts, variables) sorted, so the
 * same site is always the same text. Reading it again gives the same data, with YAML 1.1 as with 1.2.
 */
export function printSite(document: SiteDocument, options: PrintOptions = {}): string {
  const body = writeYaml(document, { order: inSchemaOrder, comments: options.comments ?? {} });
  return `# yaml-language-server: $schema=${SCHEMA_URL}\n${body}`;
}

/** Known keys first, as the schema lists them; the rest by code point. */
function inSchemaOrder(path: Path, keys: readonly string[]): readonly string[] {
  const known = keysAt(path);
  const rank = (key: string): number => (known.includes(key) ? known.indexOf(key) : known.length);
  return [...keys].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}
