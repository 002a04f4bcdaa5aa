import { Writable } from "node:stream";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { execGaleraNodes } from "../../workflows/galera/exec-galera-nodes.ts";
import type { GaleraNodes } from "../../workflows/galera/galera-nodes.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";

/** A node says one line; more is nobody's. */
const MOST_BYTES = 16_384;

/** The nodes of a cluster as pods of `howdah-system`. */
export function galeraPods(api: KubernetesApi, names: readonly string[]): GaleraNodes {
  return execGaleraNodes({
    names,
    async exec(pod, argv, signal) {
      const chunks: Buffer[] = [];
      let size = 0;
      const stdout = new Writable({
        write(chunk: Buffer, _encoding, done) {
          size += chunk.length;
          if (size <= MOST_BYTES) chunks.push(chunk);
          done();
        },
      });
      const request = { argv, stdin: undefined, stdout, stderr: undefined, tty: false };
      const code = await api.exec({ namespace: SYSTEM_NAMESPACE, pod, container: DATABASE_CONTAINER }, request, signal);
      return { code, output: Buffer.concat(chunks).toString("utf8") };
    },
    isDead: async (name, signal) => isDead(await api.get({ resource: resources.Pod, namespace: SYSTEM_NAMESPACE, name }, signal)),
  });
}

interface PodStatus {
  readonly phase?: string;
  readonly containerStatuses?: readonly { readonly state?: { readonly running?: object } }[];
}

/**
 * Proven: no pod, so that its kubelet or a person said that it is over; or one that its kubelet says does not run. A pod on a machine that is
 * lost stays "running" until somebody deletes it, and may really run.
 */
function isDead(pod: Readonly<Record<string, unknown>> | undefined): boolean {
  if (pod === undefined) return true;
  const { phase, containerStatuses = [] } = (pod["status"] as PodStatus | undefined) ?? {};
  return phase !== "Unknown" && containerStatuses.every(({ state }) => state?.running === undefined);
}
