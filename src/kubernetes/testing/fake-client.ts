import type { Clock } from "../../kernel/clock.ts";
import { type ConnectedCluster, connectCluster } from "../create-kubernetes-api.ts";
import type { ObjectName } from "../kubernetes-api.ts";
import { resources } from "../resources.ts";

/** A client by a kubeconfig, whose waits are never shortened by chance. */
export function connectFake(clock: Clock, file: string, context?: string): Promise<ConnectedCluster> {
  return connectCluster({
    access: { kind: "kubeconfig", files: [file], context },
    clock,
    random: () => 1,
    userAgent: "howdah/test",
  });
}

/** A ConfigMap of the namespace `blog`. */
export function named(name: string): ObjectName {
  return { resource: resources.ConfigMap, namespace: "blog", name };
}
