import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { explain, fieldNames } from "./explain.ts";
import { siteJsonSchema } from "./json-schema.ts";
import { siteReference } from "./reference.ts";

/** The text, or message and hint. */
function said(path?: string): string {
  const explanation = explain(path);
  return explanation.found ? explanation.text : `${explanation.message} | ${explanation.hint}`;
}

describe("explain", () => {
  it.each<{ path: string; says: RegExp[] }>([
    { path: "", says: [/^site file \(map\)/, /apiVersion/, /spec \(map\)/] },
    { path: "spec.runtime.php", says: [/^spec\.runtime\.php \(text, required\)/, /8\.2 8\.4/, /php: "8\.4"/] },
    {
      path: "runtime.memoryLimit",
      says: [/^spec\.runtime\.memoryLimit \(text\)/, /Form: a size in PHP's notation/, /Default: 256M, because/],
    },
    { path: "runtime.fpm", says: [/maxChildren \(whole number, 1 to 1000; default \(scale/] },
    { path: "runtime.extensions", says: [/With PHP 7\.4:/, /imagick/, /list of texts/] },
    { path: "web.modules", says: [/brotli/, /modsecurity/] },
    { path: "database.version", says: [/10\.11 11\.8/] },
    { path: "configuration", says: [/Presets:/, /wordpress/] },
    { path: 'mounts["wp-content/uploads"].size', says: [/^spec\.mounts\.\*\.size \(text\)/] },
    { path: "hooks.install[0]", says: [/^spec\.hooks\.install\[\]/] },
    { path: "web.rewrites[].to", says: [/^spec\.web\.rewrites\[\]\.to \(text, required\)/] },
    { path: "tls.mode", says: [/one of `off`, `local`, `secret`/] },
    { path: "web.locations./.redirect.status", says: [/one of `301`, `302`, `307`, `308`/] },
    { path: "apiVersion", says: [/always `howdah\.dev\/v1alpha1`/] },
  ])("documents '$path'", ({ path, says }) => {
    for (const pattern of says) expect(said(path)).toMatch(pattern);
  });

  it.each<{ path: string; says: RegExp }>([
    { path: "runtime.extnsions", says: /no field `runtime\.extnsions` \| Did you mean `spec\.runtime\.extensions`\?/ },
    { path: "maxChilden", says: /Did you mean `spec\.runtime\.fpm\.maxChildren`\?/ },
    { path: "spec.zzzzzzzzzz", says: /`howdah explain spec` lists what is there/ },
    { path: "zzzzzzzzzz.a", says: /`howdah explain spec` lists what is there/ },
  ])("suggests a field for '$path'", ({ path, says }) => {
    expect(said(path)).toMatch(says);
  });

  it("has a description and a text for every field", () => {
    for (const field of fieldNames()) expect(said(field), field).toMatch(/^\S.*\n\n {2}\S/);
    expect(fieldNames()).toContain("spec.web.root");
  });

  it("keeps within a terminal of 100 columns, but for types", () => {
    for (const line of said("spec")
      .split("\n")
      .filter((text) => !text.includes("(")))
      expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe("generated files", () => {
  it("schemas/site.v1alpha1.json is what the schema says (npm run generate)", () => {
    expect(readFileSync(new URL("../../schemas/site.v1alpha1.json", import.meta.url), "utf8")).toBe(siteJsonSchema());
  });

  it("the reference page names every field and is one table row each", () => {
    const page = siteReference();
    for (const field of fieldNames()) expect(page).toContain(field.split(".").at(-1));
    expect(page).not.toMatch(/\n{3}/);
  });
});
