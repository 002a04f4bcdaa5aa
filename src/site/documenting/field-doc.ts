import * as z from "zod";
import type { Path } from "../../kernel/diagnostic.ts";
import { defaultReasons } from "../defaults.ts";
import { shapeOf, unwrapped } from "../reading/schema-node.ts";
import { writeYaml } from "./write-yaml.ts";

type AnySchema = z.core.$ZodType;

/** What there is to say about one field. */
export interface FieldDoc {
  /** `spec.mounts.*.size`: `*` for free keys, `[]` for list items. */
  readonly field: string;
  readonly name: string;
  /** In words: "text", "list of texts", "one of `a`, `b`". */
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
  /** The rule of its form, when it has one. */
  readonly form: string | undefined;
  readonly fallback: string | undefined;
  readonly because: string | undefined;
  /** As one would write them, in YAML. */
  readonly examples: readonly string[];
  readonly children: readonly FieldDoc[];
}

/** The documentation of a schema at a path, with everything below it. */
export function fieldDoc(schema: AnySchema, path: Path): FieldDoc {
  const node = unwrapped(schema);
  const field = path.join(".").replaceAll(".[]", "[]");
  const reason = defaultReasons.find((entry) => entry.field === field);
  const name = String(path.at(-1) ?? "site file");
  return {
    field,
    name,
    type: typeInWords(schema),
    required: !node.optional,
    description: node.description ?? ownDescription(schema) ?? "",
    form: formOf(schema),
    fallback: reason?.value,
    because: reason === undefined ? undefined : reason.because + (reason.source === undefined ? "" : ` (${reason.source})`),
    examples: node.examples.map((example) => writeYaml({ [name === "*" || name === "[]" ? "value" : name]: example }).trimEnd()),
    children: childrenOf(schema, path),
  };
}

/** A record's or list's own words may stand on what it holds. */
function ownDescription(schema: AnySchema): string | undefined {
  const shape = shapeOf(schema);
  return shape.kind === "record" ? unwrapped(shape.value).description : undefined;
}

function childrenOf(schema: AnySchema, path: Path): FieldDoc[] {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "map":
      return Object.entries(shape.fields).map(([key, field]) => fieldDoc(field, [...path, key]));
    case "record":
      return childrenOf(shape.value, [...path, "*"]);
    case "list":
      return childrenOf(shape.item, [...path, "[]"]);
    case "choice":
      return shape.options.flatMap((option) => childrenOf(option, path)).filter(firstOfItsName);
    default:
      return [];
  }
}

function firstOfItsName(doc: FieldDoc, index: number, all: readonly FieldDoc[]): boolean {
  return all.findIndex((other) => other.field === doc.field) === index;
}

/** What may be written there, in words. */
export function typeInWords(schema: AnySchema): string {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "map":
      return "map";
    case "record":
      return `map of ${plural(shape.value)} by ${unwrapped(shape.key).description ?? "name"}`;
    case "list":
      return `list of ${plural(shape.item)}`;
    case "choice":
      return choiceInWords(shape.options);
    default:
      if (shape.values.length === 1) return `always \`${String(shape.values[0])}\``;
      if (shape.values.length > 1) return `one of ${shape.values.map((value) => `\`${String(value)}\``).join(", ")}`;
      return scalarInWords(shape.type, schema);
  }
}

/** Literals are one list; else each way of writing once. */
function choiceInWords(options: readonly AnySchema[]): string {
  const literals = options.map(shapeOf).flatMap((option) => (option.kind === "scalar" ? option.values : []));
  if (literals.length >= options.length) return `one of ${literals.map((value) => `\`${String(value)}\``).join(", ")}`;
  const ways = options.map((option) => (shapeOf(option).kind === "map" ? mapInWords(option) : typeInWords(option)));
  return [...new Set(ways)].join(", or ");
}

function mapInWords(schema: AnySchema): string {
  const shape = shapeOf(schema);
  return shape.kind === "map" ? `\`{${Object.keys(shape.fields).join(", ")}}\`` : "map";
}

function plural(schema: AnySchema): string {
  const type = typeInWords(schema);
  if (type.includes(", or ")) return `(${type})`;
  return /^(text|map|whole number)$/.test(type) ? `${type}s` : type;
}

function scalarInWords(type: "string" | "number" | "boolean", schema: AnySchema): string {
  if (type === "boolean") return "true or false";
  if (type === "string") return "text";
  const { minimum, maximum } = z.toJSONSchema(unwrapped(schema).schema);
  const bounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  return bounded ? `whole number, ${minimum} to ${maximum}` : "whole number";
}

/** The schema's own sentence about the form, got by showing it a text that no form allows. */
function formOf(schema: AnySchema): string | undefined {
  const shape = shapeOf(schema);
  const leaf = shape.kind === "list" ? shape.item : shape.kind === "record" ? shape.key : schema;
  if (shapeOf(leaf).kind !== "scalar") return undefined;
  const message = z.safeParse(leaf, "\u0001 ").error?.issues.find((issue) => issue.message.startsWith("must "))?.message;
  if (message === undefined || message === "must be one line without control characters") return undefined;
  const form = message.replace(/^must be /, "");
  return shape.kind === "list" ? `each is ${form}` : shape.kind === "record" ? `each key is ${form}` : form;
}
