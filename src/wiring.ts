import { freemem, homedir, userInfo } from "node:os";
import { join } from "node:path";
import { getuid } from "node:process";
import { agentService } from "./agent/agent-service.ts";
import { cronLoop } from "./workflows/crons/cron-loop.ts";
import { type PlannedCron, plannedCrons } from "./workflows/crons/planned-crons.ts";
import { diskGuardLoop } from "./agent/disk-guard-loop.ts";
import { environmentLoop } from "./agent/environment-loop.ts";
import { idleLoop } from "./agent/idle-loop.ts";
import { primingLoop } from "./agent/priming-loop.ts";
import { retentionLoop } from "./agent/retention-loop.ts";
import { wakeServer } from "./agent/wake-server.ts";
import { machineLimits } from "./engine/podman/machine-limits.ts";
import { AGENT_COMMAND, namespaceLock } from "./engine/podman/namespace-lock.ts";
import { podmanEngine } from "./engine/podman/podman-engine.ts";
import { podmanService } from "./engine/podman/podman-service.ts";
import { portHolder } from "./engine/podman/port-holder.ts";
import { wireBackups } from "./backup-wiring.ts";
import { wireClusters } from "./clusters-wiring.ts";
import { copiedVolumes } from "./copied-volumes-wiring.ts";
import { wireDatasets } from "./dataset-wiring.ts";
import { wireDatasetStorage } from "./dataset-storage-wiring.ts";
import { wireDrills } from "./drill-wiring.ts";
import { wireDatabaseMoves } from "./database-moves-wiring.ts";
import { wireFiles } from "./files-wiring.ts";
import type { HeldLock } from "./engine/lock.ts";
import { HowdahError } from "./kernel/howdah-error.ts";
import { Secret } from "./kernel/secret.ts";
import { SYSTEM_NAMESPACE } from "./kernel/own-names.ts";
import { localAuthority } from "./providers/certificates/local/local-authority.ts";
import { checkInImage } from "./providers/config-check/podman-config-check.ts";
import type { DatabaseServer } from "./providers/database/database-server.ts";
import type { ImageBuilder } from "./providers/image-builder.ts";
import type { ImageStore } from "./providers/image-store.ts";
import { gitRemote, gitState, gitTags } from "./providers/git/git-state.ts";
import { gitWorktrees } from "./providers/git/worktree.ts";
import { checkMachine } from "./providers/machine/machine-checks.ts";
import { run } from "./providers/process.ts";
import { fileSecretStore } from "./providers/secrets/file-secret-store.ts";
import type { Registry } from "./providers/registry/registry.ts";
import { documentStore } from "./providers/state/document-store.ts";
import { isProcessAlive, processIdentity } from "./host/process-identity.ts";
import { systemClock } from "./providers/system-clock.ts";
import { podmanTestBench } from "./providers/test-bench/podman-test-bench.ts";
import { wireRegistry } from "./registry-wiring.ts";
import { wireReviews } from "./review-wiring.ts";
import { renderEdge } from "./render/nginx/render-edge-config.ts";
import type { DiskGuardRecord } from "./workflows/disk-guard/disk-guard-record.ts";
import { withDatasets } from "./workflows/dataset/dataset-ports.ts";
import { watchedDisks } from "./workflows/disk-guard/watched-disks.ts";
import { backupLoop, binlogLoop } from "./workflows/backup/backup-loop.ts";
import { withBackups } from "./workflows/backup/backup-ports.ts";
import { purgeKept } from "./workflows/lifecycle/purge-kept.ts";
import { writerLoop } from "./agent/writer-loop.ts";
import { followWriters } from "./workflows/database-server/follow-writers.ts";
import type { DatabaseServerDocument } from "./workflows/database-server/database-server-document.ts";
import type { CronMemory, LockPort, MigrationRecord, Ports, RetainedData, Settings, SiteRecord } from "./workflows/ports.ts";
import type { EnvironmentRecord } from "./workflows/environment/environment.ts";
import type { WatchRecord } from "./workflows/watch/watch-record.ts";
import type { Release, ReleaseOutcome } from "./workflows/release/release.ts";
import type { RolloutJournal } from "./workflows/rollout/journal.ts";
import { recoveryLoop } from "./agent/recovery-loop.ts";
import { recoverCutOff } from "./workflows/rollout/recover-rollout.ts";
import { expireEnvironments, recoverEnvironments, sweepEnvironments } from "./workflows/environment/recover-environments.ts";
import { recoverTenants } from "./workflows/tenant/recover-tenants.ts";
import { activeRecords, type Tenant } from "./workflows/tenant/tenant.ts";
import type { KeptLock } from "./workflows/test/test-lock.ts";
import type { SharedImage } from "./workflows/up/keep-newest.ts";

/** What the process gives: its environment, and where the programs lie that go into images. */
export interface WiringInput {
  readonly environment: NodeJS.ProcessEnv;
  /** Directory with `php/` and `mariadb/`. */
  readonly entrypointDirectory: string;
  /** argv that starts this program again, for the agent. */
  readonly self: readonly string[];
}

type EdgeAddress = Pick<Settings, "httpPort" | "httpsPort" | "bind">;

const PORTS = [1, 65_535] as const;
/** A hundred years: later days have no date. */
const DAYS = [0, 36_500] as const;

/** A whole number that the environment gives; an empty variable is none. Error: `usage/invalid`, naming the variable. */
function numberFrom(environment: NodeJS.ProcessEnv, name: string, [least, most]: readonly [number, number]): number | undefined {
  const text = environment[name] ?? "";
  if (text === "") return undefined;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new HowdahError("usage/invalid", `${name} is ${JSON.stringify(text)}: it takes a whole number from ${least} to ${most}`, {
    hint: `Mend the environment variable ${name}, or unset it.`,
  });
}

/** Environment first, then what `up --port` kept, then the defaults. Error: `usage/invalid`. */
function settingsFrom(environment: NodeJS.ProcessEnv, kept: Partial<EdgeAddress>, stateDirectory: string): Settings {
  return {
    stateDirectory,
    httpPort: numberFrom(environment, "HOWDAH_HTTP_PORT", PORTS) ?? kept.httpPort ?? 8080,
    httpsPort: numberFrom(environment, "HOWDAH_HTTPS_PORT", PORTS) ?? kept.httpsPort ?? 8443,
    bind: environment["HOWDAH_BIND"] ?? kept.bind ?? "127.0.0.1",
    retentionDays: numberFrom(environment, "HOWDAH_RETENTION_DAYS", DAYS) ?? 7,
    signKey: nonEmpty(environment["HOWDAH_SIGN_KEY"]),
    signPassword: environment["COSIGN_PASSWORD"] === undefined ? undefined : new Secret(environment["COSIGN_PASSWORD"], "COSIGN_PASSWORD"),
    who: environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? userInfo().username,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/**
 * An adapter that is loaded when its first method is called: database drivers, HTTP clients and the image builder cost more
 * start-up time than most commands have (150 ms of CPU). Every method of the port must be asynchronous.
 */
function lazily<T extends object>(load: () => Promise<T>): T {
  let loaded: Promise<T> | undefined;
  return new Proxy({} as T, {
    get:
      (_target, name) =>
      async (...args: readonly unknown[]): Promise<unknown> => {
        const adapter = await (loaded ??= load());
        return (adapter[name as keyof T] as (...given: readonly unknown[]) => unknown)(...args);
      },
  });
}

/** A second agent is refused in less than that; nothing is purged before it is clear which one stays. */
const FIRST_PURGE_MS = 30_000;

/** Names of networks, pods and secrets begin with the instance and a dot: a dot in it would make one instance's names another's. */
function instanceFrom(given: string | undefined): string {
  if (given === undefined || given === "") return "howdah";
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(given)) return given;
  throw new HowdahError("usage/invalid", `HOWDAH_INSTANCE is ${JSON.stringify(given)}: small letters, digits and hyphens only, 63 at most`);
}

/** The one composition root: reads the environment and chooses every adapter. */
export async function wirePorts({ environment, entrypointDirectory, self }: WiringInput): Promise<Ports> {
  const stateDirectory = environment["HOWDAH_STATE_DIR"] ?? "/var/lib/howdah";
  const runDirectory = environment["HOWDAH_RUN_DIR"] ?? "/run/howdah";
  const instance = instanceFrom(environment["HOWDAH_INSTANCE"]);
  const cacheDirectory = environment["HOWDAH_CACHE_DIR"] ?? join(environment["HOME"] ?? homedir(), ".cache", "howdah");
  const machineSettings = documentStore<Partial<EdgeAddress>>(stateDirectory);
  const kept = await machineSettings.get("machine").catch(() => undefined);
  const settings = settingsFrom(environment, kept ?? {}, stateDirectory);
  const secrets = fileSecretStore(stateDirectory);
  const lock = namespaceLock(stateDirectory, runDirectory, systemClock);
  const authority = localAuthority(stateDirectory, systemClock);
  const podman = podmanService(runDirectory, systemClock, run);
  const datasetStorage = wireDatasetStorage({ stateDirectory, runDirectory }, environment);
  const engine = podmanEngine(
    { stateDir: stateDirectory, runDir: runDirectory, instance },
    {
      ...{ run: podman.run, clock: systemClock, lock, renderEdge, certificateFor: (hostnames) => authority.certificateFor(hostnames) },
      copies: copiedVolumes(datasetStorage),
    },
  );
  const service = agentService({
    argv: [...self, "agent"],
    environment: agentEnvironment(environment),
    stateDir: stateDirectory,
    runDir: runDirectory,
    run,
    clock: systemClock,
    lock,
  });
  const locks: LockPort = {
    hold: async (namespace, command, work) => {
      const held = await lock(namespace, `howdah ${command}`, { waitMs: namespace === SYSTEM_NAMESPACE ? 360_000 : 0 });
      try {
        return await work();
      } finally {
        await held.release();
      }
    },
  };
  if (getuid?.() === 0) podman.warmUp(); // anybody else has containers of their own, which are not ours
  const facts = { uid: getuid?.() ?? -1, searchPath: environment["PATH"] ?? "", nodeVersion: process.version, stateDirectory };
  const claimsDir = join(runDirectory, "image-claims");
  const registry = lazily<Registry>(() => wireRegistry(environment));
  const databaseServers = documentStore<DatabaseServerDocument>(join(stateDirectory, "database-servers"));
  const administratorOf = async (server: string): Promise<string | undefined> =>
    (await databaseServers.get(server))?.spec.external?.administrator.secret;
  const diskGuards = documentStore<DiskGuardRecord>(join(stateDirectory, "disk-guards"));
  const ports: Ports = {
    settings,
    clock: systemClock,
    engine,
    images: lazily<ImageBuilder>(async () => {
      const { createImageBuilder } = await import("./providers/image/create-image-builder.ts");
      return createImageBuilder({
        cacheDir: cacheDirectory,
        run: podman.run,
        entrypointDir: entrypointDirectory,
        instance,
        claimsDir,
        registry,
        mirror: environment["HOWDAH_DEBIAN_MIRROR"],
      });
    }),
    imageStore: lazily<ImageStore>(async () => {
      const { createImageStore } = await import("./providers/image/create-image-store.ts");
      return createImageStore({ cacheDir: cacheDirectory, entrypointDir: entrypointDirectory, instance, claimsDir });
    }),
    compiledCode: engine.compiledCode,
    databases: lazily<DatabaseServer>(async () =>
      (await import("./providers/database/mariadb/mariadb-server.ts")).mariadbServer(secrets, systemClock, undefined, administratorOf),
    ),
    databaseServers,
    databaseMoves: wireDatabaseMoves({ stateDirectory, secrets, engine, administratorOf }),
    probeDatabase: async (...given) => (await import("./providers/database/external/probe-address.ts")).probeAddress(...given),
    secrets,
    backups: wireBackups(stateDirectory, environment),
    datasetStorage,
    datasets: wireDatasets({ stateDirectory, runDirectory, instance, secrets, administratorOf }),
    drills: wireDrills(engine, secrets, administratorOf),
    records: documentStore<SiteRecord>(join(stateDirectory, "sites")),
    retained: documentStore<RetainedData>(join(stateDirectory, "retained")),
    tenants: documentStore<Tenant>(join(stateDirectory, "tenants")),
    environments: documentStore<EnvironmentRecord>(join(stateDirectory, "environments")),
    reviews: wireReviews(stateDirectory, systemClock),
    crons: documentStore<CronMemory>(join(stateDirectory, "crons")),
    migrations: documentStore<MigrationRecord>(join(stateDirectory, "migrations")),
    releases: documentStore<Release>(join(stateDirectory, "releases")),
    outcomes: documentStore<ReleaseOutcome>(join(stateDirectory, "release-outcomes")),
    rollouts: documentStore<RolloutJournal>(join(stateDirectory, "rollouts")),
    diskGuards,
    watches: documentStore<WatchRecord>(join(stateDirectory, "watches")),
    git: gitState,
    gitTags,
    gitRemote,
    worktrees: gitWorktrees,
    registry,
    clusters: wireClusters(environment),
    sharedImages: documentStore<SharedImage>(join(stateDirectory, "shared-images")),
    configCheck: { run: checkInImage },
    testBench: podmanTestBench({
      ...{ instance, runDir: runDirectory, limits: machineLimits() },
      closeNetworks: () => engine.closeNetworks(),
      withdrawNetwork: (...given) => engine.withdrawNetwork(...given),
    }),
    testLocks: documentStore<KeptLock>(join(cacheDirectory, "test-locks")),
    http: { get: async (...given) => (await import("./providers/http-probe/http-probe.ts")).httpGet(...given) },
    edge: { ensure: (wanted) => engine.edge.ensure(wanted), remove: () => engine.edge.remove() },
    locks,
    agent: {
      ensureRunning: () => service.ensureRunning(),
      status: () => service.status(),
      stop: () => service.stop(),
      run: async (signal, log) => {
        const line = (entry: object): void => {
          log(JSON.stringify({ time: new Date().toISOString(), ...entry }));
        };
        // Retention is only for the agent that holds the machine's lock: it starts and ends with it.
        const ended = new AbortController();
        const running = AbortSignal.any([signal, ended.signal]);
        const purge = (): ReturnType<typeof purgeKept> => purgeKept(ports, { emit: () => undefined, signal: running });
        const planned = async (): Promise<readonly PlannedCron[]> =>
          (await activeRecords(ports)).filter(({ serving }) => serving !== null).flatMap(plannedCrons);
        const crons = (): Promise<void> => cronLoop({ engine, crons: planned, memory: ports.crons, clock: systemClock, signal, log: line });
        const agentLock = (namespace: string): Promise<HeldLock> => lock(namespace, AGENT_COMMAND);
        const parts = { engine, lock: agentLock, clock: systemClock, signal: running, log: line };
        const beside = async (): Promise<void> => {
          const backups = { ports: withBackups(ports), clock: systemClock, signal: running, log: line };
          const waking = wakeServer({ ...parts, socket: engine.edge.wakeSocket });
          const { datasetLoop } = await import("./workflows/dataset/dataset-loop.ts"); // tables of names: only the agent needs them
          const datasets = datasetLoop({ ports: withDatasets(ports), clock: systemClock, signal: running, log: line });
          const { runReviews } = await import("./review-agent-wiring.ts");
          const reviews = runReviews({ ports, clock: systemClock, signal: running, log: line });
          await Promise.all([crons(), idleLoop(parts), waking, backupLoop(backups), binlogLoop(backups), datasets, reviews]);
        };
        const serving = service.serve({ engine, signal, random: Math.random, log: line, beside }).finally(() => {
          ended.abort();
        });
        const retention = retentionLoop({ purge, clock: systemClock, signal: running, log: line, after: FIRST_PURGE_MS });
        const priming = primingLoop({ prime: (stop) => engine.primeNext(stop), clock: systemClock, signal: running, log: line });
        const quiet = { emit: () => undefined, signal: running };
        const recover = async (): ReturnType<typeof recoverCutOff> => {
          const [rollouts, tenants] = [await recoverCutOff(ports, quiet), await recoverTenants(ports, quiet)];
          return { did: [...rollouts.did, ...tenants.did], failed: [...rollouts.failed, ...tenants.failed] };
        };
        const recovery = recoveryLoop({ recover, clock: systemClock, signal: running, log: line });
        const disks = watchedDisks({ ...ports, diskGuards, volumePath: (...given) => engine.volumePath(...given) });
        const guard = diskGuardLoop({ disks, clock: systemClock, signal: running, log: line });
        const follow = (): ReturnType<typeof followWriters> => followWriters(ports, { emit: () => undefined, signal: running });
        const writers = writerLoop({ follow, clock: systemClock, signal: running, log: line });
        const environments = environmentLoop({
          recover: () => recoverEnvironments(ports, quiet),
          clean: [() => expireEnvironments(ports, quiet), () => sweepEnvironments(ports)],
          ...{ clock: systemClock, signal: running, log: line },
        });
        const [code] = await Promise.all([serving, retention, recovery, priming, writers, guard, environments]);
        return code;
      },
    },
    files: wireFiles(),
    machine: { uid: facts.uid, check: () => checkMachine(facts), portHolder, processIdentity, isProcessAlive, freeMemory: freemem },
    operator: {
      run: async (...given) => {
        const { runWiredOperator } = await import("./operator-wiring.ts");
        const [start, signal, log] = given;
        await runWiredOperator(start, environment, signal, log);
      },
      breed: async (...given) => {
        const { runWiredBreed } = await import("./breed-job-wiring.ts");
        const [orders, signal, log] = given;
        return await runWiredBreed(orders, environment, signal, log);
      },
      program: async () => (await import("./operator-program.ts")).operatorProgram(),
    },
    saveSettings: ({ httpPort, httpsPort, bind }) => machineSettings.put("machine", { httpPort, httpsPort, bind }),
    close: async () => podman.close(),
  };
  return ports;
}

/** What the agent must know of this process's environment, and nothing else: no secret travels into a unit file. */
function agentEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const names = [
    "PATH",
    "HOME",
    "HOWDAH_STATE_DIR",
    "HOWDAH_RUN_DIR",
    "HOWDAH_INSTANCE",
    "HOWDAH_HTTP_PORT",
    "HOWDAH_HTTPS_PORT",
    "HOWDAH_BIND",
    "HOWDAH_RETENTION_DAYS",
    // Where images of merge requests are built from.
    "HOWDAH_CACHE_DIR",
    "HOWDAH_DEBIAN_MIRROR",
    // Where podman keeps containers: with another answer than `up` had, the agent would find none.
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "HOWDAH_DATASET_DIR",
    "HOWDAH_DATASET_DRIVER",
    "HOWDAH_DATASET_GIB",
  ];
  return Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));
}
