import type { NetworkPod } from "./network-model.ts";

interface ApiPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers?: readonly ApiContainer[];
    readonly initContainers?: readonly (ApiContainer & { readonly restartPolicy?: string })[];
  };
  readonly status?: { readonly phase?: string; readonly podIP?: string };
}

interface ApiContainer {
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string; readonly containerPort: number }[];
}

/** A pod as rules need it. `address` is "" until it is known. */
export type WatchedPod = NetworkPod & { readonly uid: string };

/**
 * Makes an API pod small. Undefined for pods that policies don't speak of: those on the host's network, those on no node of `nodes` (not yet,
 * or one that is only played), and those that have ended, whose address may be another pod's already.
 */
export function watchedPod(object: unknown, nodes: readonly string[]): WatchedPod | undefined {
  const { metadata, spec = {}, status = {} } = object as ApiPod;
  const ended = status.phase === "Succeeded" || status.phase === "Failed";
  if (spec.nodeName === undefined || !nodes.includes(spec.nodeName) || spec.hostNetwork === true || ended) return undefined;
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels ?? {},
    node: spec.nodeName,
    address: status.podIP ?? "",
    ports: [...(spec.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
      ports.flatMap(({ name, protocol = "TCP", containerPort }) => (name === undefined ? [] : [{ name, protocol, port: containerPort }])),
    ),
  };
}
