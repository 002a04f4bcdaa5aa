import { nginxModulesFor } from "../../catalog/nginx-modules.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { block, directive } from "../nginx/directive.ts";
import { printNginx } from "../nginx/print-nginx.ts";
import { renderHead } from "../nginx/server-basics.ts";
import type { ConfigMap, Container, Manifest, Service, StatefulSet } from "../objects.ts";
import { digestOf } from "../rendered.ts";
import { SEALED } from "../sealed.ts";
import { CONFIG_DIGEST, DATABASE_CONTAINER } from "./database-name.ts";
import { DATABASE_PATHS, DATABASE_PORT } from "./server-options.ts";

/** The way of one machine's sites to a server outside of Howdah. */
export interface DatabaseWay {
  /** The server's name, which is the host name that sites know. */
  readonly name: string;
  /** nginx with its `stream` module. */
  readonly image: string;
  /** MariaDB's programs: what `howdah db` runs. */
  readonly clientImage: string;
  /** Where the writer listens: an IP address. */
  readonly writer: { readonly address: string; readonly port: number };
  /** Digest of the Secret with the programs' `client.cnf`. */
  readonly secretDigest: string;
}

/** Where programs in the pod find the server. */
export const WAY_INSIDE = { host: "127.0.0.1", port: DATABASE_PORT } as const;

/** As long as a query may be silent: whoever has enough of it is the server, not the way there. */
const SILENT_SECONDS = 86_400;

/** Names of the pods' files. */
const CONFIG = "/etc/howdah/nginx";

/** Labels of what leads to a server; all of them select its pod. */
export function wayLabels(name: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": "database-way", "app.kubernetes.io/instance": name };
}

/**
 * A pod that passes connections on to the writer of an external server, and has MariaDB's programs beside it: sites know one host name whatever server is
 * behind it, one that died included, and what runs programs `in the server's container` finds them here as in Howdah's own servers. Belongs to
 * `howdah-system`; who gets in is each site's policy.
 */
export function renderDatabaseWay(way: DatabaseWay): Manifest[] {
  const map: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(way.name),
    data: { "nginx.conf": wayConfig(way.writer) },
  };
  return [map, service(way.name), statefulSet(way, map)];
}

function metadata(name: string) {
  const common = {
    "app.kubernetes.io/component": "database",
    "app.kubernetes.io/managed-by": "howdah",
    "app.kubernetes.io/part-of": "howdah",
  };
  return { name, labels: { ...wayLabels(name), ...common } };
}

/** nginx.conf. Error: `render/unsafe` for an address that is none. */
export function wayConfig({ address, port }: DatabaseWay["writer"]): string {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(address) || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new HowdahError("render/unsafe", `${JSON.stringify(address)} is no address of a server`);
  const target = `${address.includes(":") ? `[${address}]` : address}:${String(port)}`;
  const modules = nginxModulesFor(["stream"]).flatMap(({ files }) => files);
  return printNginx([
    ...renderHead({ modules, workerProcesses: 1, drainSeconds: 60 }),
    block(
      "stream",
      [],
      [
        block(
          "server",
          [],
          [
            directive("listen", DATABASE_PORT, "so_keepalive=60s:10s:6"),
            directive("proxy_connect_timeout", "5s"),
            directive("proxy_timeout", `${String(SILENT_SECONDS)}s`),
            directive("proxy_socket_keepalive", "on"),
            directive("proxy_pass", target),
          ],
        ),
      ],
    ),
  ]);
}

function service(name: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(name),
    spec: { selector: wayLabels(name), ports: [{ name: "mysql", port: DATABASE_PORT, targetPort: DATABASE_PORT, appProtocol: "mysql" }] },
  };
}

function statefulSet(way: DatabaseWay, map: ConfigMap): StatefulSet {
  const { name, labels } = metadata(way.name);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, labels },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: wayLabels(name) },
      template: {
        metadata: { labels, annotations: { [CONFIG_DIGEST]: digestOf([map.data, way.secretDigest]) } },
        spec: {
          initContainers: [],
          containers: [passage(way.image), programs(way.clientImage)],
          volumes: [
            { name: "config", configMap: { name } },
            { name: "admin", secret: { secretName: name } },
            { name: "run", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
            { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
          ],
          terminationGracePeriodSeconds: 5, // connections to a writer that is none any more are worth nothing
          restartPolicy: "Always",
          automountServiceAccountToken: false,
        },
      },
    },
  };
}

function passage(image: string): Container {
  return {
    name: "way",
    image,
    command: ["nginx", "-c", `${CONFIG}/nginx.conf`, "-e", "stderr"],
    env: [],
    ports: [{ name: "mysql", containerPort: DATABASE_PORT }],
    volumeMounts: [
      { name: "config", mountPath: CONFIG, readOnly: true },
      { name: "run", mountPath: "/run" },
      { name: "tmp", mountPath: "/tmp" },
    ],
    resources: { limits: { memory: "128Mi" } },
    securityContext: SEALED,
    stopSignal: "SIGTERM",
  };
}

/** A first process that ends when it is told to: `sleep` by itself would be waited for until it is killed, and with it the way to another writer. */
const REST = ["sh", "-c", "trap 'exit 0' TERM; sleep 2147483647 & wait"] as const;

/** Does nothing until somebody runs a program in it. */
function programs(image: string): Container {
  return {
    name: DATABASE_CONTAINER,
    image,
    command: REST,
    env: [],
    ports: [],
    volumeMounts: [
      { name: "admin", mountPath: DATABASE_PATHS.secrets, readOnly: true },
      { name: "run", mountPath: DATABASE_PATHS.run },
      { name: "tmp", mountPath: DATABASE_PATHS.temporary },
    ],
    resources: { limits: { memory: "512Mi" } },
    securityContext: SEALED,
    stopSignal: "SIGTERM",
  };
}
