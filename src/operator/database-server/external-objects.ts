import { isIPv6 } from "node:net";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import { DATABASE_PORT } from "../../render/database/server-options.ts";

/** Where the healthy writer listens. */
export interface WriterPlace {
  readonly address: string;
  readonly port: number;
}

/** Service and slice have one name for the port: that is what puts them together. */
const PORT = "mysql";

/**
 * How sites reach an external server by one name: a Service that selects nothing, and an EndpointSlice of our own with the one healthy writer, or with
 * nobody. Both go with the DatabaseServer, which owns them.
 */
export function externalObjects(server: KubeObject, namespace: string, writer: WriterPlace | undefined): readonly KubeObject[] {
  const { name, uid = "" } = server.metadata;
  const owner = { apiVersion: apiVersionOf(resources.DatabaseServer), kind: resources.DatabaseServer.kind, name, uid };
  const labels = {
    "app.kubernetes.io/name": "external-database",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": "howdah",
  };
  const metadata = { name, namespace, labels, ownerReferences: [owner] };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { type: "ClusterIP", ports: [{ name: PORT, port: DATABASE_PORT, targetPort: writer?.port ?? DATABASE_PORT, protocol: "TCP" }] },
    },
    {
      apiVersion: apiVersionOf(resources.EndpointSlice),
      kind: "EndpointSlice",
      metadata: {
        ...metadata,
        labels: { ...labels, "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "howdah" },
      },
      addressType: writer !== undefined && isIPv6(writer.address) ? "IPv6" : "IPv4",
      endpoints: writer === undefined ? [] : [{ addresses: [writer.address], conditions: { ready: true } }],
      ports: [{ name: PORT, port: writer?.port ?? DATABASE_PORT, protocol: "TCP" }],
    },
  ];
}
