import { describe, expect, it } from "vitest";
import { crds } from "./crds.ts";

const all = crds();
const text = JSON.stringify(all);

describe("the CustomResourceDefinitions", () => {
  it("are sorted by name", () => {
    const names = all.map(({ metadata }) => metadata.name);
    expect(names).toEqual([
      ...[
        "backups.howdah.dev",
        "backupstores.howdah.dev",
        "databaseservers.howdah.dev",
        "datasets.howdah.dev",
        "environments.howdah.dev",
        "releases.howdah.dev",
        "sites.howdah.dev",
        "tenants.howdah.dev",
      ],
    ]);
  });

  it.each(['additionalProperties":false', "9007199254740991", '"examples":', "(?!", "\\\\u00"])("never say %s", (word) => {
    expect(text).not.toContain(word);
  });

  it("keep a database server what it is: as another kind it would lead its sites to an empty one", () => {
    const rules = JSON.stringify(all.find(({ metadata }) => metadata.name === "databaseservers.howdah.dev"));
    expect(rules).toContain("self.spec.kind == oldSelf.spec.kind");
    expect(rules).toContain("!self.metadata.name.endsWith('-node')");
  });

  it("describe every field, so that `kubectl explain` is useful", () => {
    const bare: string[] = [];
    const visit = (schema: Record<string, unknown>, path: string): void => {
      for (const [name, field] of Object.entries((schema["properties"] ?? {}) as Record<string, Record<string, unknown>>)) {
        const at = `${path}.${name}`;
        if (typeof field["description"] !== "string" && name !== "metadata") bare.push(at);
        visit(field, at);
      }
      for (const inner of ["items", "additionalProperties"])
        if (typeof schema[inner] === "object") visit(schema[inner] as Record<string, unknown>, path);
    };
    for (const crd of all) {
      const { versions } = crd.spec as { versions: { schema: { openAPIV3Schema: Record<string, unknown> } }[] };
      visit(versions[0]?.schema.openAPIV3Schema ?? {}, crd.metadata.name);
    }
    expect(bare).toEqual([]);
  });
});
