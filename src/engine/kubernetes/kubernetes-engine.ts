import type { Engine } from "../engine.ts";
import { applyStep } from "./apply-step.ts";
import { clusterOf, type KubernetesEnginePorts, type KubernetesEngineSettings } from "./cluster.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { readState } from "./engine-state.ts";
import { editedByOthers } from "./drift.ts";
import { execProgram } from "./exec.ts";
import { contested } from "./hostname-claims.ts";
import { holdNamespace } from "./hold.ts";
import { inventoryOf } from "./inventory.ts";
import { kubernetesJobs } from "./jobs.ts";
import { readLogs } from "./logs.ts";
import { namespacesThatHold, prepareNamespace } from "./namespaces.ts";
import { observeNamespace } from "./observe.ts";
import { ownObjects } from "./own-objects.ts";
import { deleteVolume, forgetNamespace, forgetWhenEmpty, removeNamespace } from "./remove-namespace.ts";
import { runProgramOnce } from "./run-once.ts";
import { scaleDown, scaleUp } from "./scale.ts";
import { deleteSecret, putSecret } from "./secrets.ts";
import { settleNamespace } from "./settle.ts";
import { locatePod, NO_SLEEP, servingAt, useOf } from "./use.ts";

/** The engine of a cluster: the objects of a site, written by server-side apply. Nothing is asked until it is used. */
export interface KubernetesEngine extends Engine {
  readonly kind: "kubernetes";
}

/** Makes the engine of a cluster. It keeps nothing of its own: several processes may use one cluster, as long as each site has one who leads. */
export function kubernetesEngine(settings: KubernetesEngineSettings, ports: KubernetesEnginePorts): KubernetesEngine {
  const cluster = clusterOf(settings, ports);
  return {
    kind: "kubernetes",
    prepare: (namespace, context) => prepareNamespace(cluster, namespace, context),
    namespaces: () => namespacesThatHold(cluster),
    inventory: async (namespace, desired = []) => {
      const space = cluster.namespace(namespace);
      const [state, objects] = await Promise.all([readState(cluster, space), ownObjects(cluster, space)]);
      const edited = editedByOthers(cluster, { namespace: space, state }, desired, objects);
      return inventoryOf(namespace, objects, state, new Map([...edited, ...contested(cluster, space, desired, objects)]));
    },
    putSecret: (namespace, name, data) => putSecret(cluster, namespace, name, data),
    deleteSecret: async (namespace, name) => {
      await deleteSecret(cluster, namespace, name);
      await forgetWhenEmpty(cluster, cluster.namespace(namespace));
    },
    apply: (namespace, step, context) => applyStep(cluster, namespace, step, context),
    settle: (namespace, context) => settleNamespace(cluster, namespace, context),
    hold: (namespace, wanted, context) => holdNamespace(cluster, namespace, wanted, context),
    locate: (namespace, workload) => locatePod(cluster, namespace, workload),
    observe: (namespace) => observeNamespace(cluster, namespace),
    exec: (target, request, context) => execProgram(cluster, target, request, context),
    jobs: kubernetesJobs(cluster),
    runOnce: (target, request, context) => runProgramOnce(cluster, target, request, context),
    logs: (namespace, options, context) => readLogs(cluster, namespace, options, context),
    scaleDown: (namespace, context) => scaleDown(cluster, namespace, context),
    scaleUp: (namespace, context) => scaleUp(cluster, namespace, context),
    use: (namespace) => useOf(cluster, namespace),
    sleep: () => Promise.resolve(NO_SLEEP),
    ensureAwake: (namespace, context, visitor) => servingAt(cluster, namespace, context, visitor),
    remove: (namespace, context) => removeNamespace(cluster, namespace, context),
    deleteVolume: (namespace, claim) => deleteVolume(cluster, namespace, claim),
    forget: (namespace) => forgetNamespace(cluster, namespace),
    heal: () => collectGarbage(cluster),
  };
}
