import * as z from "zod";
import { SCHEMA_URL } from "./print-site.ts";
import { siteDocument } from "./schema/site-document.ts";

/**
 * JSON Schema of the site file for editors: draft 7, which every YAML language server knows. Input side: what a person may leave out
 * is not required. Written to schemas/site.v1alpha1.json by `npm run generate`.
 */
export function siteJsonSchema(): string {
  const schema = z.toJSONSchema(siteDocument, {
    io: "input",
    target: "draft-7",
    reused: "inline",
    override: ({ jsonSchema }) => withoutNoise(jsonSchema),
  });
  const { $schema, ...rest } = schema;
  return `${JSON.stringify({ $schema, $id: SCHEMA_URL, title: "Howdah site file", ...rest }, null, 2)}\n`;
}

/** The bounds of safe integers say nothing to a person. */
function withoutNoise(schema: { minimum?: number; maximum?: number }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
