import * as z from "zod";

/** A schema as a CustomResourceDefinition has it: OpenAPI 3.0, of which the API server takes only the structural part. */
export interface StructuralSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly required?: readonly string[];
  readonly [field: string]: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/** What a scalar may be limited by; each means the same to the API server as to zod. */
const LIMITS = ["minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "enum", "format"];

/**
 * The structural schema of a zod schema, from its input side: what a person may leave out is not required. It never refuses what zod takes; what it
 * can't say (rules between fields, forms with lookaheads, keys of maps) the operator says in a condition. No defaults: an object in the API stays as
 * it was written, so that a later version may choose better; a description names them instead. Error: TypeError for a schema that has no such form.
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { io: "input", target: "openapi-3.0", reused: "inline" }) as Json);
}

function structural(node: Json): StructuralSchema {
  const shared: Json = { ...(node["description"] === undefined ? {} : { description: describe(node) }), ...extensionsOf(node) };
  if (shared["x-kubernetes-preserve-unknown-fields"] === true) return { type: "object", ...shared };
  if (node["x-kubernetes-int-or-string"] === true) return { ...shared, ...limitsOf(node) };
  const options = optionsOf(node);
  if (options !== undefined) return { ...merged(options), ...shared };
  const type = node["type"];
  if (type === "object") return { type, ...shared, ...fieldsOf(node) };
  if (type === "array") return { type, ...shared, ...limitsOf(node), items: structural(node["items"] as Json) };
  if (typeof type !== "string") throw new TypeError(`no structural form: ${JSON.stringify(node)}`);
  return { type: integral(node), ...shared, ...limitsOf(node) };
}

/** Zod writes literals as numbers. */
function integral(node: Json): string {
  const values = node["enum"] as readonly unknown[] | undefined;
  return node["type"] === "number" && values?.every(Number.isInteger) === true ? "integer" : String(node["type"]);
}

function extensionsOf(node: Json): Json {
  return Object.fromEntries(Object.entries(node).filter(([key]) => key.startsWith("x-kubernetes-")));
}

function limitsOf(node: Json): Json {
  const limits = Object.fromEntries(
    LIMITS.flatMap((key) => (node[key] === undefined || Math.abs(Number(node[key])) === Number.MAX_SAFE_INTEGER ? [] : [[key, node[key]]])),
  );
  return typeof node["pattern"] === "string" ? { ...limits, pattern: goPattern(node["pattern"]) } : limits;
}

function fieldsOf(node: Json): Json {
  const properties = node["properties"] as Record<string, Json> | undefined;
  const rest = node["additionalProperties"];
  const required = node["required"] as readonly string[] | undefined;
  return {
    ...(properties === undefined || Object.keys(properties).length === 0
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, structural(field)])) }),
    ...(typeof rest === "object" && rest !== null ? { additionalProperties: structural(rest as Json) } : {}),
    ...(required === undefined || required.length === 0 ? {} : { required }),
  };
}

/** All ways of writing a field, unions in unions included; undefined when there is one. */
function optionsOf(node: Json): readonly Json[] | undefined {
  const options = (node["anyOf"] ?? node["oneOf"]) as readonly Json[] | undefined;
  return options?.flatMap((option) => optionsOf(option) ?? [option]);
}

/** A union in a form that the API server takes: the types of its options decide which. */
function merged(options: readonly Json[]): StructuralSchema {
  const types = new Set(options.map(integral));
  if (types.size > 1 || types.has("array")) return { "x-kubernetes-preserve-unknown-fields": true };
  const [type = ""] = types;
  if (type === "object") return mergedMaps(options);
  const values = options.map((option) => option["enum"] as readonly unknown[] | undefined);
  if (values.every((value) => value !== undefined)) return { type, enum: values.flat() };
  return { type, anyOf: options.map(limitsOf) };
}

/** Maps of which one is written: all their fields, and a rule that counts the fields which tell them apart. */
function mergedMaps(options: readonly Json[]): StructuralSchema {
  const fields = Object.assign({}, ...options.map((option) => option["properties"])) as Record<string, Json>;
  const telling = options.flatMap((option) => (option["required"] as readonly string[] | undefined) ?? []);
  const has = telling.map((name) => `has(self.${name})`);
  // A list costs more than the API server grants a rule in a map without a bound.
  const rule = has.length === 2 ? has.join(" != ") : `[${has.join(", ")}].exists_one(one, one)`;
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, structural(field)])),
    "x-kubernetes-validations": [{ rule, message: `exactly one of ${telling.join(", ")} must be given` }],
  };
}

/** `kubectl explain` shows nothing but this text: so the default and an example are in it. */
function describe(node: Json): string {
  const fallback = node["default"];
  const plain = ["string", "number", "boolean"].includes(typeof fallback) && fallback !== "";
  const [example] = (node["examples"] as readonly unknown[] | undefined) ?? [];
  return [
    String(node["description"]),
    ...(plain ? [`Default: ${asWritten(fallback)}`] : []),
    ...(example === undefined ? [] : [`Example: ${asWritten(example)}`]),
  ].join(" ");
}

function asWritten(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\`.`;
}

/**
 * A pattern for Go's RE2, which has no lookaheads and writes code points otherwise. Lookaheads are left out: what they refuse beyond the rest, the
 * operator refuses.
 */
export function goPattern(pattern: string): string {
  return withoutLookaheads(pattern)
    .replaceAll(/\\u([0-9a-fA-F]{4})/g, "\\x{$1}")
    .replaceAll("\\/", "/");
}

function withoutLookaheads(pattern: string): string {
  const start = pattern.search(/\(\?[!=]/);
  if (start < 0) return pattern;
  let depth = 0;
  let inClass = false;
  for (let at = start; at < pattern.length; at += 1) {
    const sign = pattern[at];
    if (sign === "\\") at += 1;
    else if (sign === "[") inClass = true;
    else if (sign === "]") inClass = false;
    else if (!inClass && sign === "(") depth += 1;
    else if (!inClass && sign === ")" && (depth -= 1) === 0) return withoutLookaheads(pattern.slice(0, start) + pattern.slice(at + 1));
  }
  throw new TypeError(`a lookahead does not end: ${pattern}`);
}
