import type { NetworkPolicy } from "../objects.ts";
import { databaseLabels, databaseSelector, databaseServerName } from "./database-name.ts";
import { DATABASE_PORT } from "./server-options.ts";

/** Name of the policy that lets a site's namespace in. */
export function databaseAccessName(server: string, siteNamespace: string): string {
  return `${server}-from-${siteNamespace}`;
}

/**
 * Lets the pods of one site's namespace connect to the server of a version. Belongs to `howdah-system`, one for each site; without
 * it nobody can. The podman engine realizes it by joining the server to the site's network under the Service's name.
 */
export function renderDatabaseAccess(version: string, siteNamespace: string): NetworkPolicy {
  const policy = renderAccessTo({ name: databaseServerName(version), selector: databaseSelector(version) }, siteNamespace);
  return { ...policy, metadata: { ...policy.metadata, labels: databaseLabels(version) } };
}

/** The same for a server of any kind: its name, and what selects its pods. */
export function renderAccessTo(
  server: { readonly name: string; readonly selector: Readonly<Record<string, string>> },
  siteNamespace: string,
): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: databaseAccessName(server.name, siteNamespace),
      labels: { ...server.selector, "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/part-of": "howdah" },
    },
    spec: {
      podSelector: { matchLabels: server.selector },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [
            {
              podSelector: { matchLabels: {} },
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": siteNamespace } },
            },
          ],
          ports: [{ port: DATABASE_PORT }],
        },
      ],
    },
  };
}
