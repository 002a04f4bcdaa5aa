import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { checkSite } from "../../site/check-site.ts";
import { parseSite } from "../../site/parse-site.ts";
import type { Findings } from "../load-site/load-site.ts";
import { planTests, versionsOf } from "./plan-tests.ts";

function findings(spec: string): Findings {
  const text = `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: shop}\nspec: ${spec}\n`;
  const parsed = parseSite(text);
  return { file: "/shop/howdah.yaml", text, parsed, ...checkSite(parsed, { environment: "production" }) };
}

function failure(work: () => unknown): HowdahError {
  try {
    work();
  } catch (error) {
    if (error instanceof HowdahError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("versionsOf", () => {
  it("sorts and takes each once", () => {
    expect(versionsOf("8.4, 7.4,8.4")).toEqual(["7.4", "8.4"]);
  });

  it.each(["8.3", "8", "", "8.2,,8.4", "8.2;8.4"])("refuses %j and names what there is", (list) => {
    const { code, hint } = failure(() => versionsOf(list));
    expect(code).toBe("usage/invalid");
    expect(hint).toContain("7.4, 8.2, 8.4");
  });
});

describe("planTests", () => {
  it("takes the site's own version when none is named", () => {
    const planned = planTests(findings('{runtime: {php: "8.2"}}'), undefined);
    expect(planned.map(({ php }) => php)).toEqual(["8.2"]);
  });

  it("gives each version the extensions that the site has, and an environment of its own", () => {
    const planned = planTests(findings('{runtime: {php: "8.2", extensions: [gd]}, database: {}}'), ["7.4", "8.4"]);
    expect(planned.map(({ runtime }) => [runtime.php, runtime.extensions.includes("gd")])).toEqual([
      ["7.4", true],
      ["8.4", true],
    ]);
    expect(planned[0]?.site.environment).toBe("test");
  });

  it("refuses an extension that one of the versions has not, at its place in the file", () => {
    const error = failure(() => planTests(findings('{runtime: {php: "8.2", extensions: [imap]}}'), ["8.2", "8.4"]));
    expect(error.code).toBe("site/invalid");
    expect(error.diagnostics).toMatchObject([{ code: "site/extension-not-in-php", message: "PHP 8.4 has no extension `imap`" }]);
    expect(error.diagnostics[0]).toHaveProperty("position.line", 4);
  });

  it.each(["{}", '{runtime: {php: "8.2", image: "docker.io/library/php:8.2-fpm"}}'])("has nothing to test on for %s", (spec) => {
    expect(failure(() => planTests(findings(spec), ["8.2"])).code).toBe("usage/invalid");
  });
});
