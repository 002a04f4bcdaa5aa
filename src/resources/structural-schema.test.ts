import { describe, expect, it } from "vitest";
import * as z from "zod";
import { goPattern, structuralSchema } from "./structural-schema.ts";

describe("a structural schema", () => {
  it("has no closed maps, no defaults, and no bounds that only mean a safe integer", () => {
    const schema = z.strictObject({ size: z.int().default(3).meta({ description: "How large." }) });
    expect(structuralSchema(schema)).toEqual({
      type: "object",
      properties: { size: { type: "integer", description: "How large. Default: `3`." } },
    });
  });

  it("names an example where `kubectl explain` shows it", () => {
    const schema = z.array(z.string()).meta({ description: "Names.", examples: [["a", "b"]] });
    expect(structuralSchema(schema)).toMatchObject({
      description: 'Names. Example: `["a","b"]`.',
      type: "array",
      items: { type: "string" },
    });
  });

  it.each<{ name: string; schema: z.ZodType; becomes: object }>([
    { name: "numbers to choose from", schema: z.union([z.literal(301), z.literal(302)]), becomes: { type: "integer", enum: [301, 302] } },
    {
      name: "texts of two forms",
      schema: z.union([z.literal("skip"), z.string().regex(/^[0-9]+s$/)]),
      becomes: { type: "string", anyOf: [{ enum: ["skip"] }, { pattern: "^[0-9]+s$" }] },
    },
    {
      name: "a text or a list",
      schema: z.union([z.string(), z.array(z.string())]),
      becomes: { "x-kubernetes-preserve-unknown-fields": true },
    },
    {
      name: "one of two maps",
      schema: z.union([z.strictObject({ a: z.string(), both: z.boolean().optional() }), z.strictObject({ b: z.string() })]),
      becomes: {
        type: "object",
        properties: { a: { type: "string" }, both: { type: "boolean" }, b: { type: "string" } },
        "x-kubernetes-validations": [{ rule: "has(self.a) != has(self.b)", message: "exactly one of a, b must be given" }],
      },
    },
  ])("takes $name", ({ schema, becomes }) => {
    expect(structuralSchema(schema)).toEqual(becomes);
  });
});

it.each([
  ["^\\/(?!.*(^|\\/)\\.{1,2}(\\/|$))[a-z]*$", "^/[a-z]*$"],
  ["^(\\.|(?!\\/)(?![(])[^\\u0000-\\u001f]+)$", "^(\\.|[^\\x{0000}-\\x{001f}]+)$"],
])("writes %s for Go, without what Go does not have", (pattern, go) => {
  expect(goPattern(pattern)).toBe(go);
});
