import { LABEL_PREFIX } from "../../kernel/label.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import type { HttpRoute, Service } from "../objects.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ClusterSettings, WayIn } from "./cluster-settings.ts";
import { companion } from "./companion.ts";

const ROUTE = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" } as const;
/** As renderSite writes it: the name of the site's own certificate, or `local`. */
const TLS_ANNOTATION = `${LABEL_PREFIX}/tls`;

/**
 * A site's route in the terms of the cluster's way in; nothing where visitors come to the Service itself. With TLS, HTTP leads to HTTPS when
 * the Gateway's listeners have names.
 */
export function completeRoute(route: HttpRoute, { wayIn }: ClusterSettings): readonly ClusterObject[] {
  switch (wayIn.kind) {
    case "gateway":
      return gatewayRoutes(route, wayIn);
    case "ingress":
      return [ingress(route, wayIn)];
    case "service":
    case "none":
      return [];
    default:
      return unreachable(wayIn);
  }
}

function gatewayRoutes(route: HttpRoute, gateway: Extract<WayIn, { kind: "gateway" }>): readonly ClusterObject[] {
  const parent = (sectionName: string | null): object => ({
    group: "gateway.networking.k8s.io",
    kind: "Gateway",
    namespace: gateway.namespace,
    name: gateway.name,
    ...(sectionName === null ? {} : { sectionName }),
  });
  const tls = route.metadata.annotations?.[TLS_ANNOTATION] !== undefined;
  const { hostnames } = route.spec;
  const rules = route.spec.rules.map(({ backendRefs }) => ({
    matches: [{ path: { type: "PathPrefix", value: "/" } }],
    backendRefs: backendRefs.map((reference) => ({ group: "", kind: "Service", weight: 1, ...reference })),
  }));
  const { name } = route.metadata;
  const parentRefs = [parent(tls ? gateway.https : gateway.http)];
  const [first = [], ...more] = inGroups(hostnames);
  const main = { ...route, spec: { parentRefs, hostnames: first, rules } };
  const others = more.map((group, index) =>
    companion(route, ROUTE, { name: `${name}-${String(index + 2)}`, spec: { parentRefs, hostnames: group, rules } }),
  );
  if (!tls || gateway.http === null || gateway.https === null) return [main, ...others];
  const redirect = {
    matches: [{ path: { type: "PathPrefix", value: "/" } }],
    filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https", statusCode: 301 } }],
  };
  const redirects = inGroups(hostnames).map((group, index) =>
    companion(route, ROUTE, {
      name: `${name}-to-https${index === 0 ? "" : `-${String(index + 1)}`}`,
      spec: { parentRefs: [parent(gateway.http)], hostnames: group, rules: [redirect] },
    }),
  );
  return [main, ...others, ...redirects];
}

/** An HTTPRoute takes 16 hostnames, a site may have 100. */
const MOST_HOSTNAMES = 16;

function inGroups(hostnames: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(hostnames.length / MOST_HOSTNAMES) }, (_, index) =>
    hostnames.slice(index * MOST_HOSTNAMES, (index + 1) * MOST_HOSTNAMES),
  );
}

function ingress(route: HttpRoute, wayIn: Extract<WayIn, { kind: "ingress" }>): ClusterObject {
  const { hostnames, rules } = route.spec;
  const tls = route.metadata.annotations?.[TLS_ANNOTATION];
  const backend = rules[0]?.backendRefs[0];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { ...route.metadata, annotations: { ...route.metadata.annotations, ...wayIn.annotations } },
    spec: {
      ...(wayIn.class === null ? {} : { ingressClassName: wayIn.class }),
      ...(tls === undefined ? {} : { tls: [{ hosts: hostnames, secretName: tls === "local" ? "web-tls" : tls }] }),
      rules: hostnames.map((host) => ({
        host,
        http: {
          paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: backend?.name, port: { number: backend?.port } } } }],
        },
      })),
    },
  };
}

/**
 * A Service of a cluster. Where it is the way in itself, the web server has the ports that browsers know (R-A14); named targets, since only
 * pods of sites with a certificate of their own have one for HTTPS.
 */
export function completeService(service: Service, { wayIn }: ClusterSettings): ClusterObject {
  const ports = service.spec.ports.map((port) => ({ ...port, protocol: "TCP" }));
  if (wayIn.kind !== "service" || service.metadata.name !== "web") return { ...service, spec: { ...service.spec, ports } };
  const outside = [
    { name: "http", port: 80, targetPort: "http", appProtocol: "http", protocol: "TCP" },
    { name: "https", port: 443, targetPort: "https", appProtocol: "https", protocol: "TCP" },
  ];
  return { ...service, spec: { ...service.spec, type: wayIn.type, ports: [...ports, ...outside] } };
}
