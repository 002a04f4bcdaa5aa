import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { HttpRoute, ObjectKey, Rendered } from "../../render/objects.ts";
import type { CompiledCodeStore } from "../compiled-code.ts";
import type { Engine, EngineContext, Target } from "../engine.ts";
import { hostnameTaken } from "../hostname-taken.ts";
import { takenBy } from "../hostnames-meet.ts";
import type { Jobs } from "../jobs.ts";
import type { Lock } from "../lock.ts";
import type { AttachProcess, RunProcess } from "../process-port.ts";
import { attachProcess } from "./attach-process.ts";
import { closedNetworks, closesWayOut, isShut } from "./closed-networks.ts";
import { type CopiedVolumes, noCopiedVolumes } from "./copied-volumes.ts";
import { deleteClaim, ensureClaim } from "./claims.ts";
import { type Edge, edge } from "./edge.ts";
import { compiledCode } from "./compiled-code.ts";
import { edgeDrained } from "./edge-drain.ts";
import type { CertificateFor } from "./edge-ports.ts";
import type { RenderEdge } from "./edge-routes.ts";
import { firewall } from "./firewall.ts";
import { forgetNamespace, forgetWhenEmpty } from "./forget-namespace.ts";
import { healer } from "./heal.ts";
import { ensureAwake, sleepNamespace, useOf } from "./idle.ts";
import type { Machine } from "./machine.ts";
import { holdNamespace } from "./hold.ts";
import { locatePod } from "./locate.ts";
import { machineLimits } from "./machine-limits.ts";
import { namesOf } from "./names.ts";
import { ensureNetwork, joinNetworks, joinNewPods, joinThoseLetIn, removeNetwork } from "./networks.ts";
import { observeNamespace } from "./observe.ts";
import { podVolumes } from "./pod-volumes.ts";
import { podmanCli } from "./podman-cli.ts";
import { podmanJobs } from "./podman-jobs.ts";
import { type Primed, primer } from "./prime-opcache.ts";
import { readLogs } from "./read-logs.ts";
import { readyMarks } from "./ready-marks.ts";
import { removeNamespace } from "./remove-namespace.ts";
import { deleteWorkload, rollWorkload } from "./roll-workload.ts";
import { execProgram, runProgramOnce } from "./run-program.ts";
import { scaleDown, scaleUp } from "./scale.ts";
import { secretStore } from "./secret-store.ts";
import { sendSignal } from "./send-signal.ts";
import { settleNamespace } from "./settle.ts";
import { visits } from "./visits.ts";
import { objectsOf, safeName, stateStore, withObject, withoutObject } from "./state-store.ts";

/** Where an instance keeps its things. */
export interface PodmanEngineSettings {
  /** Lasting state (`/var/lib/howdah`). */
  readonly stateDir: string;
  /** What a reboot takes away (`/run/howdah`). */
  readonly runDir: string;
  /** First part of every name of ours in podman (`howdah`). Two instances never touch each other's things. */
  readonly instance: string;
}

/** What the engine is built on; wiring.ts chooses. */
export interface PodmanEnginePorts {
  readonly run: RunProcess;
  readonly attach?: AttachProcess;
  readonly clock: Clock;
  readonly lock: Lock;
  readonly renderEdge: RenderEdge;
  readonly certificateFor: CertificateFor;
  /** Left out: no claim can be a copy. */
  readonly copies?: CopiedVolumes;
}

/** The podman engine and its way in. */
export interface PodmanEngine extends Engine {
  readonly kind: "podman";
  readonly edge: Edge;
  readonly compiledCode: CompiledCodeStore;
  /** Compiles the code of one site that serves without compiled code, for its next starts; undefined when there is none left to do. */
  primeNext(signal: AbortSignal): Promise<Primed | undefined>;
  /** Where the volume of a claim lies on this machine; undefined when it is not there. */
  volumePath(namespace: string, claim: string): Promise<string | undefined>;
  /** For drills: see send-signal.ts. */
  signal(target: Target | "edge", signal: "KILL" | "STOP" | "CONT" | "HUP"): Promise<string>;
  /** Closes all networks of the instance, also those that somebody else of ours made. */
  closeNetworks(): Promise<boolean>;
  /** Takes the rules of such a network away, and then the network, by `remove`. */
  withdrawNetwork(network: string, remove: () => Promise<void>): Promise<void>;
}

/** Makes the engine of one machine. Nothing runs until it is asked. */
export function podmanEngine(settings: PodmanEngineSettings, ports: PodmanEnginePorts): PodmanEngine {
  const names = namesOf(settings.instance);
  const podman = podmanCli(ports.run);
  const store = stateStore(settings.stateDir);
  const secrets = secretStore(settings.stateDir, store, names, podman);
  const marks = readyMarks(settings.runDir);
  const watch = visits(settings.runDir);
  const system: Machine["system"] = (argv) => ports.run(argv, { timeoutMs: 60_000 });
  const copies = ports.copies ?? noCopiedVolumes;
  const volumePath = async (volume: string): Promise<string | undefined> => {
    const { code, stdout } = await podman.run(["volume", "inspect", volume], { accept: "any" });
    if (code === 0) {
      const [found] = JSON.parse(stdout) as { readonly Mountpoint: string; readonly Options?: Readonly<Record<string, string>> | null }[];
      const bound = found?.Options?.["device"];
      if (bound !== undefined) await copies.open();
      return bound ?? found?.Mountpoint;
    }
    // "No such volume" is an answer; an engine that answers nothing is not.
    if (await podman.exists("volume", volume))
      throw new HowdahError("engine/unreachable", `podman can't say where the volume ${volume} lies`);
    return undefined;
  };
  const volumes = podVolumes({ ...settings, names, store, secrets, system, volumePath });
  const wayIn = edge({
    ...{ names, podman, store, secrets, marks, clock: ports.clock, lock: ports.lock },
    ...{ system, stateDir: settings.stateDir, runDir: settings.runDir, render: ports.renderEdge, certificateFor: ports.certificateFor },
  });
  const openPorts = async (): Promise<number[]> => {
    const { httpPort, httpsPort } = (await wayIn.settings()) ?? {};
    return [httpPort, httpsPort].filter((port) => port !== undefined);
  };
  const walls = firewall({
    ...{ names, podman, run: ports.run, lock: ports.lock, clock: ports.clock, openPorts },
    closedNetworks: () => closedNetworks(store, names),
    isShut: (network) => isShut(network.slice(names.network("").length), store),
  });
  const limits = machineLimits();
  const toEdge: Pick<Machine, "refreshEdge" | "checkRoute" | "edgeDrained"> = {
    refreshEdge: () => wayIn.refresh(),
    edgeDrained: (patienceMs) => edgeDrained({ podman, names, clock: ports.clock }, patienceMs),
    checkRoute: (namespace, route) => wayIn.check(namespace, route),
  };
  const jobs = podmanJobs({ names, podman, run: ports.run, store, secrets, marks, clock: ports.clock, runDir: settings.runDir });
  const machine: Machine = {
    names,
    podman,
    store,
    secrets,
    volumes,
    copies,
    marks,
    visits: watch,
    jobs,
    system,
    clock: ports.clock,
    firewall: walls,
    limits,
    ...toEdge,
  };
  const whole = engineOf(machine, { ...ports, jobs }, wayIn);
  return { ...whole, volumePath: (namespace, claim) => volumePath(names.volume(namespace, claim)) };
}

function engineOf(machine: Machine, ports: PodmanEnginePorts & { readonly jobs: Jobs }, wayIn: Edge): Omit<PodmanEngine, "volumePath"> {
  const attach = ports.attach ?? attachProcess;
  const heal = healer(machine, ports.lock);
  return {
    kind: "podman",
    edge: {
      ...wayIn,
      ensure: async (settings) => {
        const former = await wayIn.settings();
        await wayIn.ensure(settings);
        const same = former?.httpPort === settings.httpPort && former.httpsPort === settings.httpsPort;
        if (!same) await machine.firewall.sync(); // pods may reach its ports
      },
    },
    compiledCode: compiledCode(machine),
    primeNext: primer(machine),
    signal: (target, signal) => sendSignal(machine, target, signal),
    closeNetworks: () => machine.firewall.sync(),
    withdrawNetwork: (network, remove) => machine.firewall.withdraw(network, remove),
    prepare: async (namespace, context) => {
      const { memory, cpu, pids } = await machine.limits();
      if (!(memory && cpu && pids)) {
        context.emit({ type: "notice", level: "warning", message: "This machine's cgroups can't keep all limits: some are left out" });
      }
      const facts = await ensureNetwork(machine, safeName(namespace));
      await joinThoseLetIn(machine, namespace);
      return facts;
    },
    namespaces: () => machine.store.namespaces(),
    inventory: async (namespace) => {
      const { objects, down } = await machine.store.read(namespace);
      const entries = Object.entries(objects).map(
        ([key, { digest, settled }]) => [key as ObjectKey, settled ? digest : `${digest}-unsettled`] as const,
      );
      return { namespace, objects: new Map(entries), down };
    },
    putSecret: (namespace, name, data) => machine.secrets.put(safeName(namespace), name, data),
    deleteSecret: async (namespace, name) => {
      await machine.secrets.delete(namespace, name);
      await forgetWhenEmpty(machine, namespace);
    },
    apply: async (namespace, step, context) => {
      safeName(namespace);
      if (step.do === "keep") await machine.store.change(namespace, (state) => withoutObject(state, step.key));
      else if (step.do === "delete") await deleteObject(machine, namespace, step.key, context);
      else await applyObject(machine, namespace, step.desired, context);
    },
    settle: (namespace, context) => settleNamespace(machine, safeName(namespace), context),
    hold: (namespace, wanted, context) => holdNamespace(machine, safeName(namespace), wanted, context),
    locate: (namespace, workload) => locatePod(machine, safeName(namespace), workload),
    observe: (namespace) => observeNamespace(machine, namespace),
    jobs: ports.jobs,
    exec: (target, request, context) => execProgram(machine, attach, target, request, context),
    runOnce: (target, request, context) => runProgramOnce(machine, attach, target, request, context),
    logs: (namespace, options, context) => readLogs(machine, namespace, options, context),
    scaleDown: (namespace, context) => scaleDown(machine, namespace, context),
    scaleUp: (namespace, context) => scaleUp(machine, namespace, context),
    use: (namespace) => useOf(machine, namespace),
    sleep: (namespace, { force }, context) => sleepNamespace(machine, namespace, force, context),
    ensureAwake: (namespace, context, visitor) => ensureAwake({ machine, lock: ports.lock }, safeName(namespace), context, visitor),
    remove: async (namespace, context) => {
      await removeNamespace(machine, namespace, context);
      await removeNetwork(machine, namespace);
    },
    deleteVolume: async (namespace, claim) => {
      await deleteClaim(machine, namespace, claim);
      await forgetWhenEmpty(machine, namespace);
    },
    forget: (namespace) => forgetNamespace(machine, safeName(namespace)),
    heal: (context) => heal(context),
  };
}

async function applyObject(machine: Machine, namespace: string, desired: Rendered, context: EngineContext): Promise<void> {
  const { object } = desired;
  const remember = (): Promise<unknown> => machine.store.change(namespace, (state) => withObject(state, desired, true));
  switch (object.kind) {
    case "ConfigMap":
      await remember();
      return;
    case "PersistentVolumeClaim":
      await ensureClaim(machine, namespace, object, (await machine.store.read(namespace)).objects[desired.key] !== undefined);
      await remember();
      return;
    case "NetworkPolicy":
      await remember();
      if (closesWayOut(object)) await machine.firewall.sync();
      else await joinNetworks(machine, namespace);
      return;
    case "Service":
      await remember();
      await machine.refreshEdge();
      return;
    case "HTTPRoute":
      await refuseTakenHostnames(machine, namespace, object);
      await machine.checkRoute(namespace, object);
      await rememberRoute(machine, namespace, desired);
      return;
    case "Deployment":
    case "StatefulSet":
      await ensureNetwork(machine, namespace);
      await rollWorkload(machine, namespace, desired as Rendered<typeof object>, context);
      await joinNewPods(machine, namespace);
      return;
  }
}

/** A route that the edge does not take must not stay: it would keep the edge from every later change, of all sites. */
async function rememberRoute(machine: Machine, namespace: string, desired: Rendered): Promise<void> {
  const former = (await machine.store.read(namespace)).objects[desired.key];
  await machine.store.change(namespace, (state) => withObject(state, desired, true));
  try {
    await machine.refreshEdge();
  } catch (error) {
    await machine.store.change(namespace, (state) =>
      former === undefined ? withoutObject(state, desired.key) : withObject(state, { ...former, key: desired.key }, former.settled),
    );
    throw error;
  }
}

async function deleteObject(machine: Machine, namespace: string, key: ObjectKey, context: EngineContext): Promise<void> {
  if (key.startsWith("PersistentVolumeClaim/")) {
    throw new HowdahError("bug", `A plan tried to delete ${key}, which holds data`);
  }
  if (key.startsWith("Deployment/") || key.startsWith("StatefulSet/")) {
    await deleteWorkload(machine, namespace, key, context);
    return;
  }
  await machine.store.change(namespace, (state) => withoutObject(state, key));
  if (key.startsWith("HTTPRoute/") || key.startsWith("Service/")) await machine.refreshEdge();
  if (key.startsWith("NetworkPolicy/")) {
    await joinNetworks(machine, namespace);
    await machine.firewall.sync(); // it may have closed the way out
  }
}

/** A hostname belongs to one site of a machine: the second one is refused instead of silently winning or losing. */
async function refuseTakenHostnames(machine: Machine, namespace: string, route: HttpRoute): Promise<void> {
  for (const other of await machine.store.namespaces()) {
    if (other === namespace) continue;
    const routes = objectsOf(await machine.store.read(other), "HTTPRoute");
    const same = routes.map((one) => takenBy(route, one)).find((hostname) => hostname !== undefined);
    if (same !== undefined) throw hostnameTaken(same, other);
  }
}
