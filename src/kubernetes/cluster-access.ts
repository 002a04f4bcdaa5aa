import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import { HowdahError } from "../kernel/howdah-error.ts";

/** Where a cluster and the right to use it are described. The wiring reads the environment. */
export type ClusterAccess =
  | {
      readonly kind: "kubeconfig";
      /** Files of kubectl's form: the list of `KUBECONFIG`, or `~/.kube/config`. What two of them name alike, the first says. */
      readonly files: readonly string[];
      /** Undefined: the current one. */
      readonly context: string | undefined;
    }
  | {
      readonly kind: "in-cluster";
      /** `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
      readonly host: string;
      readonly port: string;
      /** With `token` and `ca.crt`: `/var/run/secrets/kubernetes.io/serviceaccount`. */
      readonly folder: string;
    };

/** A loaded context. `kube` knows how to authenticate; it runs credential plugins and keeps what they answered until that expires. */
export interface LoadedAccess {
  readonly kube: KubeConfig;
  readonly cluster: Cluster;
  /** The context's name; `in-cluster` without one. */
  readonly context: string;
  /** The context's namespace, if it names one. */
  readonly namespace: string | undefined;
}

/**
 * Loads a context by the client library, which costs half a second of CPU from its sources (0.06 s bundled): it is imported here and nowhere
 * else, when a cluster is really spoken to. Errors: `usage/invalid` for an unknown context or an unreadable file.
 */
export async function loadAccess(access: ClusterAccess): Promise<LoadedAccess> {
  const { KubeConfig } = await import("./kube-config.ts");
  const kube = new KubeConfig();
  if (access.kind === "in-cluster") {
    const host = access.host.includes(":") ? `[${access.host}]` : access.host;
    const tokenFile = join(access.folder, "token");
    const cluster: Cluster = {
      name: "in-cluster",
      server: `https://${host}:${access.port}`,
      caFile: join(access.folder, "ca.crt"),
      skipTLSVerify: false,
    };
    // the library reads the file again every minute: the kubelet renews the token
    kube.loadFromClusterAndUser(cluster, { name: "in-cluster", authProvider: { name: "tokenFile", config: { tokenFile } } });
    return { kube, cluster, context: "in-cluster", namespace: undefined };
  }
  const files = await Promise.all(access.files.map((file) => readOne(new KubeConfig(), file)));
  const found = files.filter((one) => one !== undefined);
  if (found.length === 0) {
    throw new HowdahError("usage/invalid", `There is no kubeconfig: looked for ${access.files.join(", ")}`, {
      hint: "Set KUBECONFIG to the file that the cluster's operator gave you, or put it at ~/.kube/config.",
    });
  }
  kube.loadFromOptions({
    clusters: firstOfEachName(found.flatMap((one) => one.clusters)),
    users: firstOfEachName(found.flatMap((one) => one.users)),
    contexts: firstOfEachName(found.flatMap((one) => one.contexts)),
    currentContext: access.context ?? found.map((one) => one.currentContext).find((name) => (name as string | undefined) !== undefined),
  });
  return { kube, ...chosen(kube, access.context) };
}

function chosen(kube: KubeConfig, wanted: string | undefined): Omit<LoadedAccess, "kube"> {
  const known = kube.contexts.map(({ name }) => name).sort();
  const context = kube.contexts.find(({ name }) => name === kube.currentContext);
  if (context === undefined) {
    const words =
      wanted === undefined ? "The kubeconfig has no current context" : `The kubeconfig has no context ${JSON.stringify(wanted)}`;
    throw new HowdahError("usage/invalid", words, {
      hint: known.length === 0 ? "It has none at all." : `Name one of its contexts: ${known.map((name) => `--context ${name}`).join(", ")}`,
    });
  }
  const cluster = kube.clusters.find(({ name }) => name === context.cluster);
  if (cluster === undefined)
    throw new HowdahError("usage/invalid", `The context ${context.name} names the cluster ${context.cluster}, which the kubeconfig lacks`);
  return { cluster, context: context.name, namespace: context.namespace };
}

async function readOne(kube: KubeConfig, file: string): Promise<KubeConfig | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined; // KUBECONFIG may name files that come later
    throw new HowdahError("usage/invalid", `The kubeconfig ${file} can't be read: ${error.message}`, { cause: error });
  });
  if (text === undefined || text.trim() === "") return undefined;
  try {
    kube.loadFromString(text);
  } catch (error) {
    throw new HowdahError("usage/invalid", `${file} is no kubeconfig: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  kube.makePathsAbsolute(dirname(file));
  for (const cluster of kube.clusters) allowLocalHttp(cluster);
  for (const user of kube.users) completePlugin(user, dirname(file), kube.clusters);
  return kube;
}

/** `kubectl proxy` serves plain http on this machine, where nobody listens in between; the library wants to be told. */
function allowLocalHttp(cluster: Cluster): void {
  if (!URL.canParse(cluster.server)) throw new HowdahError("usage/invalid", `${cluster.server} is no address of an API server`);
  const { protocol, hostname } = new URL(cluster.server);
  const local = hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
  if (protocol === "http:" && local) (cluster as { skipTLSVerify: boolean }).skipTLSVerify = true;
  if (protocol === "http:" && !local) {
    throw new HowdahError("usage/invalid", `${cluster.server} speaks plain http: credentials would be sent unencrypted`, {
      hint: "Use the https address of the API server; `kubectl proxy` on this machine may speak http.",
    });
  }
}

/** What a credential plugin (`exec`) may need, and the library does not give it: its command beside the file, and `KUBERNETES_EXEC_INFO`. */
function completePlugin(user: User, folder: string, clusters: readonly Cluster[]): void {
  const plugin = user.exec as
    | { command: string; apiVersion?: string; provideClusterInfo?: boolean; env?: { name: string; value: string }[] | null }
    | null
    | undefined;
  if (typeof plugin?.command !== "string") return;
  if (plugin.command.includes("/") && !isAbsolute(plugin.command)) plugin.command = join(folder, plugin.command);
  const [only] = clusters;
  const cluster =
    plugin.provideClusterInfo === true && only !== undefined && clusters.length === 1
      ? { server: only.server, "tls-server-name": only.tlsServerName, "certificate-authority-data": only.caData }
      : undefined;
  const info = {
    kind: "ExecCredential",
    apiVersion: plugin.apiVersion ?? "client.authentication.k8s.io/v1",
    spec: { interactive: false, ...(cluster === undefined ? {} : { cluster }) },
  };
  plugin.env = [...(plugin.env ?? []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }];
}

function firstOfEachName<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return [...new Map(all.toReversed().map((one) => [one.name, one])).values()].reverse();
}
