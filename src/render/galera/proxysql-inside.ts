import { RUN_AS } from "../../kernel/label.ts";
import { Secret } from "../../kernel/secret.ts";
import { DATABASE_PORT } from "../database/server-options.ts";
import { digestOf } from "../rendered.ts";
import { FOLLOW_WRITER, FOLLOW_WRITER_ENV, FOLLOW_WRITER_PATHS } from "../router/proxysql/follow-writer.ts";
import { PROXYSQL_PATHS, proxysqlArguments, renderProxysql } from "../router/proxysql/render-proxysql.ts";
import { SEALED } from "../sealed.ts";
import { GALERA_PORTS } from "./galera-options.ts";
import { galeraNodeNames } from "./render-galera.ts";
import { FINISH_SECONDS, FORGET_SECONDS, galeraNodeHost, type GaleraRouter, type RouterInside, routerName } from "./render-router.ts";

/** Where a ProxySQL is administered: reached from the operator and from inside its pod, by nobody else. */
export const ROUTER_ADMIN_PORT = 6032;

/** Its administrator. No user of a database is called so: their names have no hyphen. */
export const ROUTER_ADMIN_USER = "howdah-router";

/** Clients of one pod. They share the connections to the nodes, which are far fewer. */
const CLIENTS = 2000;

/** What a router of ProxySQL needs besides. */
export interface ProxysqlParts {
  /** Image of the nodes: what follows the writer runs in it. */
  readonly nodeImage: string;
  /** Of its Secret (`proxysqlSecret`). */
  readonly secretDigest: string;
}

/** Its Secret: the first configuration, and what follows the writer logs in with. */
export function proxysqlSecret(password: Secret): Readonly<Record<string, Secret>> {
  const plan = {
    listen: { address: "*", port: DATABASE_PORT },
    health: { address: "*", port: ROUTER_ADMIN_PORT },
    maxConnections: CLIENTS,
  };
  const login = ["host=127.0.0.1", `port=${String(ROUTER_ADMIN_PORT)}`, `user=${ROUTER_ADMIN_USER}`, `password=${password.reveal()}`];
  return {
    "proxysql.cnf": renderProxysql(plan, { user: ROUTER_ADMIN_USER, password }),
    "client.cnf": new Secret(`${["[client]", "protocol=tcp", "skip-ssl", ...login].join("\n")}\n`, password.origin),
  };
}

/**
 * ProxySQL in a router's pods, and beside it what follows the writer that the nodes name. Its administration is let in from the operator alone: a tenant
 * that got there could read all hashes and lead others anywhere.
 */
export function proxysqlInside(router: GaleraRouter, { nodeImage, secretDigest }: ProxysqlParts): RouterInside {
  const data = { [fileOf(FOLLOW_WRITER_PATHS.program)]: FOLLOW_WRITER };
  const operator = { podSelector: { matchLabels: { "app.kubernetes.io/name": "howdah-operator" } } };
  return {
    data,
    digest: digestOf([data, secretDigest]),
    containers: [proxysql(router), follower(router, nodeImage)],
    volumes: [
      { name: "secret", secret: { secretName: routerName(router.server.name) } },
      { name: "data", emptyDir: { sizeLimit: "64Mi" } },
      { name: "run", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    ],
    security: { fsGroup: RUN_AS, fsGroupChangePolicy: "OnRootMismatch" },
    ingress: [{ from: [operator], ports: [{ protocol: "TCP", port: ROUTER_ADMIN_PORT }] }],
  };
}

/** It has no way to finish what runs when it is told to end: its end waits until those who are connected had their time. */
function proxysql({ image, sleeps }: GaleraRouter): object {
  const probe = { tcpSocket: { port: DATABASE_PORT } };
  return {
    ...containerOf("proxysql", image),
    command: [PROXYSQL_PATHS.program, ...proxysqlArguments()],
    ports: [
      { name: "mysql", containerPort: DATABASE_PORT, protocol: "TCP" },
      { name: "admin", containerPort: ROUTER_ADMIN_PORT, protocol: "TCP" },
    ],
    volumeMounts: [
      { name: "secret", mountPath: directoryOf(PROXYSQL_PATHS.config), readOnly: true },
      { name: "data", mountPath: PROXYSQL_PATHS.data },
    ],
    resources: { limits: { memory: "512Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
    ...(sleeps ? { lifecycle: { preStop: { sleep: { seconds: FORGET_SECONDS + FINISH_SECONDS } } } } : {}),
    readinessProbe: { ...probe, periodSeconds: 5 },
    livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6 },
  };
}

/** The pod is in the Service once this one has found the writer, and the operator has told the users. It ends after ProxySQL does. */
function follower(router: GaleraRouter, image: string): object {
  const { server, maxConnections, sleeps } = router;
  const hosts = galeraNodeNames(server).map((name) => galeraNodeHost(server.name, name));
  const told = {
    [FOLLOW_WRITER_ENV.nodes]: hosts.join(" "),
    [FOLLOW_WRITER_ENV.checkPort]: String(GALERA_PORTS.check),
    [FOLLOW_WRITER_ENV.sqlPort]: String(GALERA_PORTS.sql),
    [FOLLOW_WRITER_ENV.connections]: String(maxConnections),
  };
  return {
    ...containerOf("follow-writer", image),
    command: ["/bin/sh", FOLLOW_WRITER_PATHS.program],
    env: Object.entries(told).map(([name, value]) => ({ name, value })),
    volumeMounts: [
      { name: "config", mountPath: directoryOf(FOLLOW_WRITER_PATHS.program), readOnly: true },
      { name: "secret", mountPath: directoryOf(FOLLOW_WRITER_PATHS.client), readOnly: true },
      { name: "run", mountPath: FOLLOW_WRITER_PATHS.run },
    ],
    resources: { limits: { memory: "64Mi" }, requests: { cpu: "50m", memory: "32Mi" } },
    ...(sleeps ? { lifecycle: { preStop: { sleep: { seconds: FORGET_SECONDS + FINISH_SECONDS } } } } : {}),
    readinessProbe: { exec: { command: ["test", "-e", FOLLOW_WRITER_PATHS.ready] }, periodSeconds: 2, failureThreshold: 1 },
  };
}

function containerOf(name: string, image: string): object {
  return { name, image, imagePullPolicy: "IfNotPresent", securityContext: { ...SEALED, runAsNonRoot: true } };
}

function directoryOf(path: string): string {
  return path.replace(/\/[^/]*$/, "");
}

function fileOf(path: string): string {
  return path.replace(/^.*\//, "");
}
