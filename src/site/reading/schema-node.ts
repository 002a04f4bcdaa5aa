import * as z from "zod";
import type { Path } from "../../kernel/diagnostic.ts";
import { siteDocument } from "../schema/site-document.ts";

type AnySchema = z.core.$ZodType;

/** One field of the schema without its wrappers (optional, default). */
export interface SchemaNode {
  readonly schema: AnySchema;
  readonly description: string | undefined;
  readonly examples: readonly unknown[];
  /** False when leaving it out is an error. */
  readonly optional: boolean;
  /** The fixed default, when there is one. */
  readonly fallback: unknown;
}

/** Looks through optional, default and prefault; the outermost description wins. */
export function unwrapped(schema: AnySchema): SchemaNode {
  let current = schema;
  let optional = false;
  let fallback: unknown;
  let meta: { description?: string; examples?: readonly unknown[] } = {};
  for (;;) {
    meta = { ...(z.globalRegistry.get(current) as typeof meta | undefined), ...meta };
    const definition = current._zod.def as { type: string; innerType?: AnySchema; defaultValue?: unknown };
    if (definition.innerType === undefined) break;
    optional = true;
    if (definition.defaultValue !== undefined) fallback ??= definition.defaultValue;
    current = definition.innerType;
  }
  return { schema: current, description: meta.description, examples: meta.examples ?? [], optional, fallback };
}

/** The kinds of schema that the site file is made of. */
export type Shape =
  | { readonly kind: "map"; readonly fields: Readonly<Record<string, AnySchema>> }
  | { readonly kind: "record"; readonly key: AnySchema; readonly value: AnySchema }
  | { readonly kind: "list"; readonly item: AnySchema }
  | { readonly kind: "choice"; readonly options: readonly AnySchema[] }
  | { readonly kind: "scalar"; readonly type: "string" | "number" | "boolean"; readonly values: readonly unknown[] };

/** What a schema accepts, as one of five shapes. */
export function shapeOf(schema: AnySchema): Shape {
  const definition = unwrapped(schema).schema._zod.def as unknown as Record<string, unknown> & { type: string };
  switch (definition.type) {
    case "object":
      return { kind: "map", fields: definition["shape"] as Record<string, AnySchema> };
    case "record":
      return { kind: "record", key: definition["keyType"] as AnySchema, value: definition["valueType"] as AnySchema };
    case "array":
      return { kind: "list", item: definition["element"] as AnySchema };
    case "union":
      return { kind: "choice", options: (definition["options"] as AnySchema[]).flatMap(flattened) };
    case "enum":
      return { kind: "scalar", type: "string", values: Object.values(definition["entries"] as Record<string, unknown>) };
    case "literal": {
      const values = definition["values"] as unknown[];
      return { kind: "scalar", type: typeof values[0] === "number" ? "number" : "string", values };
    }
    case "number":
    case "boolean":
      return { kind: "scalar", type: definition.type, values: [] };
    default:
      return { kind: "scalar", type: "string", values: [] };
  }
}

/** A union within a union is one union to a person. */
function flattened(schema: AnySchema): readonly AnySchema[] {
  const shape = shapeOf(schema);
  return shape.kind === "choice" ? shape.options : [schema];
}

/** All schemas that a path may lead to (several below a union); none when the path leads nowhere. */
export function schemasAt(path: Path, from: readonly AnySchema[] = [siteDocument]): readonly AnySchema[] {
  return path.reduce<readonly AnySchema[]>((schemas, step) => schemas.flatMap((schema) => stepInto(schema, step)), from);
}

function stepInto(schema: AnySchema, step: string | number): readonly AnySchema[] {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "map": {
      const field = Object.hasOwn(shape.fields, step) ? shape.fields[step] : undefined;
      return field === undefined ? [] : [field];
    }
    case "record":
      return [shape.value];
    case "list":
      return typeof step === "number" ? [shape.item] : [];
    case "choice":
      return shape.options.flatMap((option) => stepInto(option, step));
    default:
      return [];
  }
}

/** Keys that a map at this path may have, in the schema's order; none where keys are free. */
export function keysAt(path: Path): readonly string[] {
  const shapes = schemasAt(path).map(shapeOf);
  const options = shapes.flatMap((shape) => (shape.kind === "choice" ? shape.options.map(shapeOf) : [shape]));
  return [...new Set(options.flatMap((shape) => (shape.kind === "map" ? Object.keys(shape.fields) : [])))];
}
