import { expect, it } from "vitest";
import { checkSite } from "../check-site.ts";
import { parseSite } from "../parse-site.ts";

function findings(web: object, mounts: object = {}): string[] {
  const text = JSON.stringify({
    apiVersion: "howdah.dev/v1alpha1",
    kind: "Site",
    metadata: { name: "x" },
    spec: { runtime: { php: "8.4" }, web, mounts },
  });
  return checkSite(parseSite(text), { environment: "production" }).diagnostics.map(({ code, path }) => `${code} ${path.join(".")}`);
}

it.each([
  {
    name: "refuses an expression that a hostile URL makes expensive",
    web: { rewrites: [{ from: "^/((a+)+)$", to: "/x.php" }] },
    mounts: {},
    found: ["site/risky-rewrite spec.web.rewrites.0.from"],
  },
  { name: "takes an ordinary expression", web: { rewrites: [{ from: "^/wiki/([^/]+)$", to: "/index.php?t=$1" }] }, mounts: {}, found: [] },
  {
    name: "refuses a front controller in a mount",
    web: { locations: { "/": { passthru: "/files/index.php" } } },
    mounts: { files: {} },
    found: ["site/front-controller spec.web.locations./.passthru"],
  },
  {
    name: "finds it below a web root too",
    web: { root: "public", locations: { "/": { passthru: "/files/a.php" } } },
    mounts: { "public/files": {} },
    found: ["site/front-controller spec.web.locations./.passthru"],
  },
  { name: "takes a front controller in the code", web: { locations: { "/": { passthru: true } } }, mounts: { files: {} }, found: [] },
])("$name", ({ web, mounts, found }) => {
  expect(findings(web, mounts)).toEqual(found);
});

it("ends an inherited front controller with `passthru: false`", () => {
  const text = JSON.stringify({
    apiVersion: "howdah.dev/v1alpha1",
    kind: "Site",
    metadata: { name: "x" },
    spec: { runtime: { php: "8.4" }, web: { locations: { "/": { passthru: true }, "/assets": { passthru: false } } } },
  });
  const { site } = checkSite(parseSite(text), { environment: "production" });
  expect(site?.web.locations.map(({ path, passthru }) => [path, passthru])).toEqual([
    ["/assets", false],
    ["/", "/index.php"],
  ]);
});

it.each(["howdah-system", "kube-system"])("refuses the platform's own name %s", (name) => {
  const text = JSON.stringify({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name } });
  expect(
    checkSite(parseSite(text), { environment: "production" }).diagnostics.map(({ severity, path }) => `${severity} ${path.join(".")}`),
  ).toEqual(["error metadata.name"]);
});
