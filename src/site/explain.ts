import type { Path } from "../kernel/diagnostic.ts";
import { type FieldDoc, fieldDoc } from "./documenting/field-doc.ts";
import { nearest } from "./reading/nearest.ts";
import { keysAt, schemasAt } from "./reading/schema-node.ts";
import { siteDocument } from "./schema/site-document.ts";
import { siteCatalog } from "./site-catalog.ts";

/** The documentation of a field, or what to ask for instead. */
export type Explanation =
  | { readonly found: true; readonly text: string }
  | { readonly found: false; readonly message: string; readonly hint: string };

/**
 * Documents any field of the site file: `spec.runtime.php`, `runtime.php` (below spec), `mounts["var/www"].size`, `hooks.install[0]`;
 * the whole file without a path.
 */
export function explain(path = ""): Explanation {
  const asked = steps(path);
  const full = asked.length === 0 || schemasAt(asked.slice(0, 1)).length > 0 ? asked : ["spec", ...asked];
  const [schema] = schemasAt(full);
  if (full.length === 0) return { found: true, text: render(fieldDoc(siteDocument, []), []) };
  if (schema === undefined) return unknown(path, full);
  return { found: true, text: render(fieldDoc(schema, generic(full)), generic(full)) };
}

/** Splits `a.b["c.d"][0]`. Numbers in brackets are list items. */
function steps(path: string): (string | number)[] {
  const result: (string | number)[] = [];
  for (const match of path.matchAll(/\[(\d*)\]|\["([^"]*)"\]|([^.[\]]+)/g)) {
    if (match[3] !== undefined) result.push(match[3]);
    else if (match[2] !== undefined) result.push(match[2]);
    else result.push(Number(match[1] ?? 0));
  }
  return result;
}

/** Free keys become `*` and items `[]`, as the documentation names them. */
function generic(path: Path): Path {
  return path.map((step, index) => {
    if (typeof step === "number") return "[]";
    const known = keysAt(path.slice(0, index));
    return known.length === 0 && index > 0 ? "*" : step;
  });
}

function unknown(asked: string, full: Path): Explanation {
  const depth = full.findIndex((_, index) => schemasAt(full.slice(0, index + 1)).length === 0);
  const parent = full.slice(0, depth);
  const keys = keysAt(parent);
  const near =
    nearest(String(full[depth]), keys) ??
    nearest(
      String(full.at(-1)),
      allFields().map((field) => field.name),
    );
  const elsewhere = near === undefined || keys.includes(near) ? undefined : allFields().find((field) => field.name === near)?.field;
  const suggestion = elsewhere ?? (near === undefined ? undefined : [...parent, near].join("."));
  const hint =
    suggestion === undefined
      ? `\`howdah explain ${parent.join(".")}\` lists what is there.`.replace("explain `", "explain`")
      : `Did you mean \`${suggestion}\`?`;
  return { found: false, message: `There is no field \`${asked.slice(0, 100)}\``, hint };
}

/** Every documented field, depth first. */
function allFields(): readonly FieldDoc[] {
  const flat = (doc: FieldDoc): FieldDoc[] => [doc, ...doc.children.flatMap(flat)];
  return fieldDoc(siteDocument, []).children.flatMap(flat);
}

function render(doc: FieldDoc, path: Path): string {
  const lines = [`${doc.field === "" ? "site file" : doc.field} (${doc.type}${doc.required && doc.field !== "" ? ", required" : ""})`, ""];
  lines.push(...wrapped(doc.description, "  "));
  if (doc.form !== undefined) lines.push("", ...wrapped(`Form: ${doc.form}.`, "  "));
  if (doc.fallback !== undefined) lines.push("", ...wrapped(`Default: ${doc.fallback}, because ${doc.because ?? ""}.`, "  "));
  for (const example of doc.examples) lines.push("", "  Example:", ...example.split("\n").map((line) => `    ${line}`));
  lines.push(...choices(path));
  if (doc.children.length > 0) lines.push("", "  Fields:", ...doc.children.flatMap((child) => childLines(child, doc)));
  return `${lines.join("\n")}\n`;
}

function childLines(child: FieldDoc, parent: FieldDoc): string[] {
  const name = child.field.slice(parent.field === "" ? 0 : parent.field.length).replace(/^\./, "");
  const notes = [
    child.type,
    ...(child.required ? ["required"] : []),
    ...(child.fallback === undefined ? [] : [`default ${child.fallback}`]),
  ];
  return [`    ${name} (${notes.join("; ")})`, ...wrapped(child.description, "      ")];
}

/** What the catalog offers for a field. */
function choices(path: Path): string[] {
  const list = (title: string, names: readonly string[]): string[] => ["", `  ${title}:`, ...wrapped(names.join(" "), "    ")];
  switch (path.join(".")) {
    case "spec.runtime.php":
      return list(
        "Versions",
        siteCatalog.php.map(({ version, secure }) => (secure ? version : `${version} (no complete security updates)`)),
      );
    case "spec.runtime.extensions":
      return siteCatalog.php.flatMap(({ version }) => list(`With PHP ${version}`, siteCatalog.extensionNames(version)));
    case "spec.web.modules":
      return list("Modules", siteCatalog.nginxModules);
    case "spec.database.version":
      return list("Versions", siteCatalog.mariadb);
    case "spec.builder.node":
      return list("Versions", siteCatalog.node);
    case "spec.configuration":
    case "spec.configuration.*":
    case "spec.configuration.*.preset":
      return list("Presets", Object.keys(siteCatalog.presets).sort());
    case "spec.dataset":
    case "spec.dataset.presets":
      return list("Presets", Object.keys(siteCatalog.datasetPresets).sort());
    default:
      return [];
  }
}

/** Breaks at blanks so that lines stay within 100 columns. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent.length + line.length + word.length + 1 > 100) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, indent + line];
}

/** Fields that can be asked for, without free keys: for shell completion. */
export function fieldNames(): readonly string[] {
  return allFields()
    .map((field) => field.field)
    .filter((field) => !field.includes("*") && !field.includes("["));
}
