import type { Clock } from "../../kernel/clock.ts";
import { type ConnectedCluster, connectCluster } from "../create-kubernetes-api.ts";
import type { KubernetesApi, ObjectName } from "../kubernetes-api.ts";
import { resources } from "../resources.ts";
import { type FakeApiServer, fakeApiServer } from "./fake-api-server.ts";
import { HastyClock } from "./manual-clock.ts";

/** A server for one test, and a client of it. */
export interface FakeRig {
  readonly fake: FakeApiServer;
  readonly clock: HastyClock;
  readonly api: KubernetesApi;
  close(): Promise<void>;
}

/** Starts a server and connects to it by its own kubeconfig; waits pass at once. */
export async function fakeRig(): Promise<FakeRig> {
  const fake = await fakeApiServer();
  const clock = new HastyClock();
  const { api } = await connectFake(clock, fake.kubeconfig);
  return {
    ...{ fake, clock, api },
    close: async () => {
      api.close();
      await fake.close();
    },
  };
}

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
