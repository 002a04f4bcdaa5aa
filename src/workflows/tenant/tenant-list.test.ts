import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseTenantList } from "./tenant-list.ts";

it("reads tenants with their sites, hostnames and comments", () => {
  const text = `# clients\nacme small ./shop shop.acme.example www.acme.example\n\nlibrary large "/srv/a b" # theirs\nacme small blog\nempty medium\n`;
  expect(parseTenantList(text, "/lists")).toEqual([
    {
      name: "acme",
      profile: "small",
      sites: [{ given: "/lists/shop", hostnames: ["shop.acme.example", "www.acme.example"] }, { given: "/lists/blog" }],
    },
    { name: "library", profile: "large", sites: [{ given: "/srv/a b" }] },
    { name: "empty", profile: "medium", sites: [] },
  ]);
});

it("names every wrong line, and does nothing", () => {
  const problems = ((): readonly string[] => {
    try {
      parseTenantList("Acme small\nacme huge\nb--c small\nx own\nok small .\nok large .\n'open small", "/");
      return [];
    } catch (error) {
      return error instanceof HowdahError ? error.output : [];
    }
  })();
  expect(problems.map((line) => line.split(":")[0])).toEqual(["line 1", "line 2", "line 3", "line 4", "line 6", "line 7"]);
});
