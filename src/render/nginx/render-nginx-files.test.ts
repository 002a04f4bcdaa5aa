import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderNginxFiles } from "./render-nginx-files.ts";
import { apartFacts, exampleFacts, exampleSite, exampleSpecs } from "./testing/example-sites.ts";

const names = Object.keys(exampleSpecs) as (keyof typeof exampleSpecs)[];
const facts = (name: string) => (name === "apart" ? apartFacts : exampleFacts);

describe("renderNginxFiles", () => {
  it.each(names)("%s is rendered as committed", async (name) => {
    const { "nginx.conf": text = "" } = renderNginxFiles(exampleSite(name), facts(name));
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "expected", `${name}.conf`));
  });
});
