import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { chartFiles, operatorManifest } from "./deploy-files.ts";
import { OPERATOR_NAME, operatorObjects, settingsDigest } from "./operator-objects.ts";
import { ENVIRONMENT_ROLE, environmentRules, grantedOnRules, operatorRules, ownRules } from "./operator-role.ts";

describe("the operator's rights", () => {
  const all = [...operatorRules, ...grantedOnRules, ...ownRules];

  it("name every verb and resource", () => {
    expect(JSON.stringify(all)).not.toContain("*");
  });

  it.each(["escalate", "impersonate", "deletecollection", "approve"])("hold no %s", (verb) => {
    expect(all.flatMap(({ verbs }) => verbs)).not.toContain(verb);
  });

  it("bind nobody to anything but the rights on copies in namespaces of environments", () => {
    const binding = all.filter(({ verbs }) => verbs.includes("bind"));
    expect(binding).toEqual([
      { apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"], verbs: ["bind"], resourceNames: [ENVIRONMENT_ROLE] },
    ]);
    expect(environmentRules).toEqual([{ apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: ["delete"] }]);
  });

  it("read secrets of other names, and service accounts, one by one only", () => {
    const inCluster = [...operatorRules, ...grantedOnRules].filter(({ verbs }) => verbs.includes("list") || verbs.includes("watch"));
    const named = (resource: string) => inCluster.filter(({ resources }) => resources.includes(resource)).map((rule) => rule.resourceNames);
    expect(named("secrets")).toEqual([["database", "generated", "session-server", "howdah-pull", "tenant-keys"]]);
    expect(named("serviceaccounts")).toEqual([["default"]]);
  });

  it("read the operator's own service account, with whose Secret database servers pull", () => {
    const named = ownRules.filter(({ resources }) => resources.includes("serviceaccounts"));
    expect(named.map(({ verbs, resourceNames }) => [verbs, resourceNames])).toEqual([[["get"], [OPERATOR_NAME]]]);
  });

  // Namespaces only of a deleted Tenant that says when its data goes (ADR 37; release-tenant.test.ts).
  it.each(["persistentvolumeclaims", "tenants"])("delete no %s", (resource) => {
    const verbs = all.filter(({ resources }) => resources.includes(resource)).flatMap((rule) => rule.verbs);
    expect(verbs).not.toContain("delete");
  });
});

describe("the installed operator", () => {
  const deployment = operatorObjects({ image: "example.org/operator@sha256:0", pullSecret: null, settings: "{}" }).find(
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

describe("the operator's pods", () => {
  const digest = (settings: string): unknown =>
    operatorObjects({ image: "o", pullSecret: null, settings }).flatMap(({ kind, ...object }) =>
      kind === "Deployment" ? [(object["spec"] as { template: { metadata: { annotations: object } } }).template.metadata.annotations] : [],
    );

  it("are others when the settings are: they are read at the start only", () => {
    expect(digest('{"a":1}')).not.toEqual(digest('{"a":2}'));
    expect(digest('{"a":1}')).toEqual(digest('{"a":1}'));
  });
});

describe("the chart", () => {
  const filled = (values: { readonly image: string; readonly pullSecret: string; readonly settings: string }): string =>
    (chartFiles("0.1.0")["templates/operator.yaml"] ?? "")
      .replace(/\{\{ required [^}]*\}\}/, JSON.stringify(values.image))
      .replace("{{ .Values.settings | toJson | quote }}", JSON.stringify(values.settings))
      .replace("{{ .Values.settings | toJson | sha256sum | quote }}", JSON.stringify(settingsDigest(values.settings)))
      .replace(/\{\{- with \.Values\.pullSecret \}\}\n/, "")
      .replace("{{ . | quote }}", JSON.stringify(values.pullSecret))
      .replace("{{- end }}\n", "");
  const objectsIn = (text: string): unknown[] => parseAllDocuments(text).map((document) => document.toJS() as unknown);

  it("is the plain objects, with values in their places", () => {
    const text = filled({ image: "example.org/o@sha256:0", pullSecret: "registry", settings: '{"a":1}' });
    expect(text).not.toContain("{{");
    const wanted = operatorObjects({ image: "example.org/o@sha256:0", pullSecret: "registry", settings: '{"a":1}' });
    expect(objectsIn(text).slice(2)).toEqual(wanted.map((object) => JSON.parse(JSON.stringify(object)) as unknown));
  });

  it("keeps the namespace, where databases are, and the settings when Helm uninstalls", () => {
    const kept = parseAllDocuments(chartFiles("0.1.0")["templates/operator.yaml"]?.replaceAll(/^.*\{\{.*$/gm, "") ?? "").flatMap(
      (document) => {
        const { kind, metadata } = document.toJS() as { kind: string; metadata: { annotations?: Record<string, string> } };
        return metadata.annotations?.["helm.sh/resource-policy"] === "keep" ? [kind] : [];
      },
    );
    expect(kept).toEqual(["Namespace", "ConfigMap"]);
  });

  it("has the same objects as the manifest for kubectl", () => {
    const kinds = (text: string): string[] => objectsIn(text).map((object) => (object as { kind: string }).kind);
    expect(kinds(operatorManifest())).toEqual(kinds(filled({ image: "x", pullSecret: "y", settings: "{}" })));
  });
});
