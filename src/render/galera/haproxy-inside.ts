import { DATABASE_PORT } from "../database/server-options.ts";
import { digestOf } from "../rendered.ts";
import { HAPROXY_PATHS, renderHaproxy } from "../router/haproxy/render-haproxy.ts";
import { SEALED } from "../sealed.ts";
import { GALERA_PORTS } from "./galera-options.ts";
import { galeraNodeNames } from "./render-galera.ts";
import { FORGET_SECONDS, galeraNodeHost, type GaleraRouter, type RouterInside } from "./render-router.ts";

/** Where probes and statistics are answered. */
const ROUTER_HEALTH_PORT = 9201;

/** HAProxy in a router's pods: its configuration names the nodes, and its statistics are for Howdah's own pods. */
export function haproxyInside(router: GaleraRouter): RouterInside {
  const data = { "haproxy.cfg": configuration(router) };
  const tcp = [{ protocol: "TCP", port: ROUTER_HEALTH_PORT }];
  return {
    data,
    digest: digestOf(data),
    containers: [container(router)],
    volumes: [],
    ingress: [{ from: [{ podSelector: {} }], ports: tcp }],
  };
}

function configuration({ server, maxConnections, clusterDomain }: GaleraRouter): string {
  const nodes = galeraNodeNames(server).map((name) => ({
    ...{ name, host: galeraNodeHost(server.name, name, clusterDomain), port: GALERA_PORTS.sql, checkPort: GALERA_PORTS.check },
  }));
  return renderHaproxy({
    nodes,
    listen: { address: "*", port: DATABASE_PORT },
    health: { address: "*", port: ROUTER_HEALTH_PORT },
    maxConnections,
    resolve: true,
  });
}

/**
 * It starts when it has found the writer, so that a new pod refuses nobody. Later the writer's loss takes no pod out of the Service: all would go at
 * once, and a refused connection says the same sooner.
 */
function container(router: GaleraRouter): object {
  const probe = (path: string): object => ({ httpGet: { path, port: ROUTER_HEALTH_PORT } });
  return {
    name: "haproxy",
    image: router.image,
    imagePullPolicy: "IfNotPresent",
    command: [HAPROXY_PATHS.program],
    args: ["-W", "-db", "-f", HAPROXY_PATHS.config],
    ports: [
      { name: "mysql", containerPort: DATABASE_PORT, protocol: "TCP" },
      { name: "health", containerPort: ROUTER_HEALTH_PORT, protocol: "TCP" },
    ],
    volumeMounts: [{ name: "config", mountPath: HAPROXY_PATHS.config.replace(/\/[^/]*$/, ""), readOnly: true }],
    resources: { limits: { memory: "128Mi" }, requests: { cpu: "50m", memory: "64Mi" } },
    securityContext: { ...SEALED, runAsNonRoot: true },
    ...(router.sleeps ? { lifecycle: { preStop: { sleep: { seconds: FORGET_SECONDS } } } } : {}),
    // A cluster that begins takes its time; the probe only keeps the pod out of the Service, and starts it again after an hour.
    startupProbe: { ...probe(HAPROXY_PATHS.writerKnown), periodSeconds: 2, failureThreshold: 1800 },
    readinessProbe: { ...probe(HAPROXY_PATHS.alive), periodSeconds: 5 },
    livenessProbe: { ...probe(HAPROXY_PATHS.alive), periodSeconds: 10, failureThreshold: 6 },
  };
}
