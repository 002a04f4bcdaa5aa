import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { chartFiles, operatorManifest } from "./deploy-files.ts";
import { operatorObjects } from "./operator-objects.ts";
import { grantedOnRules, leaseRules, operatorRules } from "./operator-role.ts";

describe("the operator's rights", () => {
  const all = [...operatorRules, ...grantedOnRules, ...leaseRules];

  it("name every verb and resource", () => {
    expect(JSON.stringify(all)).not.toContain("*");
  });

  it.each(["escalate", "bind", "impersonate", "deletecollection", "approve"])("hold no %s", (verb) => {
    expect(all.flatMap(({ verbs }) => verbs)).not.toContain(verb);
  });

  it("read secrets one by one only", () => {
    const verbs = all.filter(({ resources }) => resources.includes("secrets")).flatMap((rule) => rule.verbs);
    expect(verbs).not.toContain("list");
    expect(verbs).not.toContain("watch");
  });

  it.each(["namespaces", "persistentvolumeclaims", "environments", "tenants"])("delete no %s", (resource) => {
    const verbs = all.filter(({ resources }) => resources.includes(resource)).flatMap((rule) => rule.verbs);
    expect(verbs).not.toContain("delete");
  });
});

describe("the installed operator", () => {
  const deployment = operatorObjects({ image: "example.org/operator@sha256:0", pullSecret: null }).find(
    ({ kind }) => kind === "Deployment",
  );

  it("is what Pod Security `restricted` admits, with a root that is read-only", () => {
    const text = JSON.stringify(deployment);
    for (const said of [
      '"runAsNonRoot":true',
      '"readOnlyRootFilesystem":true',
      '"allowPrivilegeEscalation":false',
      '"drop":["ALL"]',
      '"RuntimeDefault"',
    ])
      expect(text).toContain(said);
  });
});

describe("the chart", () => {
  const filled = (values: { readonly image: string; readonly pullSecret: string; readonly settings: string }): string =>
    (chartFiles("0.1.0")["templates/operator.yaml"] ?? "")
      .replace(/\{\{ required [^}]*\}\}/, JSON.stringify(values.image))
      .replace("{{ .Values.settings | toJson | quote }}", JSON.stringify(values.settings))
      .replace(/\{\{- with \.Values\.pullSecret \}\}\n/, "")
      .replace("{{ . | quote }}", JSON.stringify(values.pullSecret))
      .replace("{{- end }}\n", "");
  const objectsIn = (text: string): unknown[] => parseAllDocuments(text).map((document) => document.toJS() as unknown);

  it("is the plain objects, with values in three places", () => {
    const text = filled({ image: "example.org/o@sha256:0", pullSecret: "registry", settings: '{"a":1}' });
    expect(text).not.toContain("{{");
    const wanted = operatorObjects({ image: "example.org/o@sha256:0", pullSecret: "registry" });
    expect(objectsIn(text).slice(2)).toEqual(wanted.map((object) => JSON.parse(JSON.stringify(object)) as unknown));
  });

  it("has the same objects as the manifest for kubectl", () => {
    const kinds = (text: string): string[] => objectsIn(text).map((object) => (object as { kind: string }).kind);
    expect(kinds(operatorManifest())).toEqual(kinds(filled({ image: "x", pullSecret: "y", settings: "{}" })));
  });
});
