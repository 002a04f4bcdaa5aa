import type { Tree } from "../detect/tree.ts";
import type { Engine, EngineContext } from "../engine/engine.ts";
import type { CompiledCodeStore } from "../engine/compiled-code.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Secret } from "../kernel/secret.ts";
import type { ConnectedCluster } from "../kubernetes/create-kubernetes-api.ts";
import type { DatabaseServer, FoundDatabase } from "../providers/database/database-server.ts";
import type { DatasetStorageKeeper } from "../providers/dataset-storage/dataset-storage-keeper.ts";
import type { Administrator, ProbedAddress } from "../providers/database/external/probe-address.ts";
import type { GitState } from "../providers/git/git-state.ts";
import type { ImageBuilder, WatchedFiles } from "../providers/image-builder.ts";
import type { ImageStore } from "../providers/image-store.ts";
import type { MachineCheck } from "../providers/machine/machine-checks.ts";
import type { Registry } from "../providers/registry/registry.ts";
import type { TestBench } from "../providers/test-bench/test-bench.ts";
import type { Worktrees } from "../providers/git/worktree.ts";
import type { SecretStore } from "../providers/secrets/secret-store.ts";
import type { CronMark } from "../schedule/due.ts";
import type { Site } from "../site/site.ts";
import type { DatabaseMovePorts } from "./database-move/move-journal.ts";
import type { KeptRouters } from "./database-server/keep-routers.ts";
import type { ClusterDatasets } from "./dataset/dataset-document-kinds.ts";
import type { Datasets } from "./dataset/dataset-ports.ts";
import type { DatabaseServerDocument } from "./database-server/database-server-document.ts";
import type { DiskGuardRecord } from "./disk-guard/disk-guard-record.ts";
import type { BackupStores } from "./backup/backup-ports.ts";
import type { DrillPorts } from "./drill/drill-ports.ts";
import type { EnvironmentRecord } from "./environment/environment.ts";
import type { Release, ReleaseOutcome } from "./release/release.ts";
import type { RolloutJournal } from "./rollout/journal.ts";
import type { ReviewPorts } from "./review/review.ts";
import type { Tenant } from "./tenant/tenant.ts";
import type { KeptLock } from "./test/test-lock.ts";
import type { SharedImage } from "./up/keep-newest.ts";
import type { BreedOrders } from "../render/dataset/breed-job.ts";
import type { WatchRecord } from "./watch/watch-record.ts";

/** Where a site's database is, and whose: all but its password. */
export interface SiteDatabase {
  readonly server: string;
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly uid: string;
  /** Where programs in the server's pod find it, when it is not in there; left out: by its socket. */
  readonly client?: { readonly host: string; readonly port: number };
  /** Of a server outside of a cluster: its addresses (`10.0.0.5:3306`), which policies must let the site's pods reach. */
  readonly behind?: readonly string[];
  /** Of a cluster's server of several nodes: what is at its host are routers, in which no program of MariaDB is. */
  readonly routed?: true;
  /**
   * Of a cluster's server in whose pods no program of MariaDB is (`behind`, `routed`): the image with these that the site's release brought, for dumps before
   * migrations.
   */
  readonly programs?: string;
}

/** What is remembered of a site that runs on this machine, so that verbs work without its file. Holds no secret. */
export interface SiteRecord {
  readonly site: Site;
  readonly namespace: string;
  /** Absolute path of the site file. */
  readonly file: string;
  readonly url: string;
  readonly images: { readonly web: string; readonly php: string | null };
  readonly releaseId: string;
  /** Identity of the migration's inputs. */
  readonly migration: string;
  /** The files that it is made of, when the site file names them. */
  readonly watched: WatchedFiles;
  /** As the engine answered it: changes when a secret does. Tells nothing about values. */
  readonly secretsDigest: string;
  readonly database: SiteDatabase | null;
  /** RFC 3339. */
  readonly updatedAt: string;
  /** What passed its health check last; null until the first time. The fields above are what was asked for last. */
  readonly serving: {
    readonly releaseId: string;
    readonly images: readonly string[];
    readonly since: string;
    /** The release's record (`r12`); null when an older Howdah started the site. */
    readonly release: string | null;
  } | null;
  /** The release whose post-deploy hook ran to its end. */
  readonly postDeployed: string | null;
  /** Whether a person has seen the generated administrator's password. */
  readonly credentialsShown: boolean;
}

/** What became of the last migration that a command had run for a site. */
export interface MigrationRecord {
  /** Identity of its inputs. */
  readonly step: string;
  readonly state: "running" | "done" | "failed" | "interrupted";
  /** The database as it was before; null without a dump. */
  readonly dump: string | null;
  /** RFC 3339. */
  readonly at: string;
  /** Why it is not done. */
  readonly reason: string | null;
}

/** Data of a destroyed site, kept until a day. */
export interface RetainedData {
  readonly namespace: string;
  readonly record: SiteRecord;
  readonly volumes: readonly string[];
  readonly destroyedAt: string;
  /** RFC 3339: from then on the agent deletes it. */
  readonly keptUntil: string;
}

/** A database on one of a cluster's servers. */
export interface NamedDatabase extends FoundDatabase {
  readonly server: string;
}

/** One whose environment is gone. */
export interface KeptDatabase extends NamedDatabase {
  /** Whose namespace it was: nobody else's of that name gets it. Null: it was no tenant's. */
  readonly tenant: string | null;
  /** RFC 3339: from then on the operator deletes it. Null while its namespace is there, where only a person deletes data. */
  readonly keptUntil: string | null;
}

/** What environments of a namespace have left, one for each version of MariaDB that had data. */
export interface KeptDatabases {
  readonly namespace: string;
  readonly databases: readonly KeptDatabase[];
}

/** What is remembered of a cron between its runs. Times are RFC 3339 for people, but for the mark. */
export interface CronMemory {
  readonly namespace: string;
  readonly cron: string;
  /** What of its schedule is dealt with. */
  readonly mark: CronMark;
  readonly last: CronOutcome | null;
  /** The last time that was left out, and why. */
  readonly left: { readonly planned: string; readonly because: string } | null;
}

/** How a run ended. */
export interface CronOutcome {
  readonly run: string;
  /** When it was due; null: a person started it. */
  readonly planned: string | null;
  readonly startedAt: string;
  readonly seconds: number | null;
  readonly exitCode: number | null;
  readonly result: "succeeded" | "failed" | "stopped" | "lost" | "not started";
  /** Why it was stopped or not started. */
  readonly why?: string;
}

/** By namespace, in a namespace of Howdah's own: on a cluster a database may outlive the namespace that its site was in. */
export interface KeptDatabaseStore extends DocumentStore<KeptDatabases> {
  /** Whose a namespace is; null: no tenant's, or there is none. */
  tenantOf(namespace: string): Promise<string | null>;
}

/** JSON documents by name, written atomically. A damaged one is machine/state-unreadable, naming the file. */
export interface DocumentStore<T> {
  get(name: string): Promise<T | undefined>;
  /** With a prefix: those whose names begin with it. */
  list(prefix?: string): Promise<readonly T[]>;
  put(name: string, document: T): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Runs a program once in an image with files in place: how nginx and PHP-FPM judge a rendered configuration before it replaces anything. */
export interface ConfigCheck {
  /** Answers the exit code and the program's last lines. Files are absolute path to text, read-only in the container. */
  run(
    request: { readonly image: string; readonly argv: readonly string[]; readonly files: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<{ readonly code: number; readonly output: readonly string[] }>;
}

/** One HTTP answer, for health checks; redirects are not followed. */
export interface HttpProbe {
  get(
    url: string,
    options: {
      readonly host: string;
      readonly connect: { readonly address: string; readonly port: number };
      readonly timeoutMs: number;
      /** Of a site that asks for a password. */
      readonly authorization?: Secret;
    },
  ): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>;
}

/** Kubernetes clusters, as a kubeconfig names them. */
export interface Clusters {
  /** The client of a context; undefined: the current one. Errors: `usage/invalid` for one that is unknown. */
  connect(context: string | undefined): Promise<ConnectedCluster>;
  /** The engine of a cluster, as its operator has it: for the few things that a command does itself. */
  engine(cluster: ConnectedCluster): Promise<Engine>;
  /** The ports of a namespace there, as its operator has them: for verbs that read, or run a program. */
  ports(cluster: ConnectedCluster, namespace: string): Promise<Ports>;
}

/** The way in of one machine. */
export interface EdgePort {
  ensure(settings: EdgeSettings, context: EngineContext): Promise<void>;
  remove(): Promise<void>;
}

export interface EdgeSettings {
  readonly image: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Address to listen on: 127.0.0.1 by default, 0.0.0.0 for the world. */
  readonly bind: string;
}

/** Serializes work on one namespace across processes; the kernel frees it when the holder dies. */
export interface LockPort {
  hold<T>(namespace: string, command: string, work: () => Promise<T>): Promise<T>;
}

/** Keeps sites alive after the command has ended. */
export interface AgentPort {
  ensureRunning(): Promise<"started" | "running">;
  status(): Promise<{ readonly running: boolean; readonly how: string }>;
  stop(): Promise<void>;
  /** The agent itself, in the foreground, until the signal. Answers the exit code. */
  run(signal: AbortSignal, log: (line: string) => void): Promise<number>;
}

/** Files of the project: the site file and its lock. */
export interface ProjectFiles {
  /** A file's text, or undefined when it is not there. */
  read(path: string): Promise<string | undefined>;
  /** Atomically; `backup` keeps a former file beside it as `NAME.bak`. */
  write(path: string, text: string, options?: { readonly backup?: boolean }): Promise<void>;
  kind(path: string): Promise<"file" | "directory" | "missing" | "other">;
  tree(directory: string): Promise<Tree>;
  realpath(path: string): Promise<string>;
}

/** What is known about this machine. */
export interface MachinePort {
  readonly uid: number;
  check(): Promise<readonly MachineCheck[]>;
  /** Names this process for good; and whether the process lives that such a name is of. */
  processIdentity(): Promise<string>;
  isProcessAlive(identity: string): Promise<boolean>;
  /** Bytes of memory that programs can still have. Left out: nobody knows, so nobody waits for it. */
  freeMemory?(): number;
  /** Names the program that listens where `address:port` would, as far as it can be seen; undefined when the port is free. */
  portHolder(port: number, address: string): Promise<string | undefined>;
}

/** Settings from the environment and the machine's configuration, read once at the edge. */
export interface Settings {
  readonly stateDirectory: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly bind: string;
  /** Days that a destroyed site's data is kept. */
  readonly retentionDays: number;
  /** Who works here, for the records of releases. */
  readonly who: string;
  /** File of the key that signs pushed images, unless a command names another (HOWDAH_SIGN_KEY). */
  readonly signKey?: string | undefined;
  /** What opens that key (COSIGN_PASSWORD, as for cosign itself; it may be empty). */
  readonly signPassword?: Secret | undefined;
}

/** Everything that the verbs act on. wiring.ts makes it. */
export interface Ports {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly images: ImageBuilder;
  readonly imageStore: ImageStore;
  readonly compiledCode: CompiledCodeStore;
  readonly databases: DatabaseServer;
  /** Servers that a person named: by their names. */
  readonly databaseServers: DocumentStore<DatabaseServerDocument>;
  /** Routers that know users; only of a cluster. */
  readonly routers?: KeptRouters;
  /** Asks an address of an external server what it is. */
  readonly probeDatabase: (
    place: { readonly host: string; readonly port: number },
    administrator: Administrator,
    options: { readonly several: boolean; readonly databases?: readonly string[] },
  ) => Promise<ProbedAddress>;
  /** Left out where databases can't be moved between servers. */
  readonly databaseMoves?: DatabaseMovePorts;
  readonly secrets: SecretStore;
  /** Left out on a cluster. */
  readonly backups?: BackupStores;
  /** Golden datasets of sites. Left out on a cluster. */
  readonly datasets?: Datasets;
  /** What is remembered of the dataset of a cluster's namespace. Left out on one machine. */
  readonly clusterDatasets?: ClusterDatasets;
  /** Where golden datasets and environments lie. Left out on a cluster, where they are volumes of its own. */
  readonly datasetStorage?: DatasetStorageKeeper;
  readonly drills?: DrillPorts;
  readonly records: DocumentStore<SiteRecord>;
  readonly retained: DocumentStore<RetainedData>;
  /** Client organizations, by name. Left out on a cluster, where they are resources. */
  readonly tenants?: DocumentStore<Tenant>;
  /** Copies of sites for development and review, by their namespaces. Left out on a cluster. */
  readonly environments?: DocumentStore<EnvironmentRecord>;
  /** Environments that merge requests get when their platform calls. Left out on a cluster. */
  readonly reviews?: ReviewPorts;
  /** Left out on one machine, where `destroy` is the only way that a namespace goes. */
  readonly keptDatabases?: KeptDatabaseStore;
  /** By `NAMESPACE.CRON`; the agent writes them. */
  readonly crons: DocumentStore<CronMemory>;
  readonly migrations: DocumentStore<MigrationRecord>;
  /** By `NAMESPACE.rN`; never changed. */
  readonly releases: DocumentStore<Release>;
  /** What became of them, by the same names. */
  readonly outcomes: DocumentStore<ReleaseOutcome>;
  /** Rollouts under way or cut off, by namespace. */
  readonly rollouts: DocumentStore<RolloutJournal>;
  /** How the disks of database servers are, by server; the agent writes them. Left out on a cluster. */
  readonly diskGuards?: DocumentStore<DiskGuardRecord>;
  /** Sites whose pods show files as they are saved, by namespace; `watchOf` says whether they still do. */
  readonly watches: DocumentStore<WatchRecord>;
  /**
   * Where a tree is in version control; null when it is in none, or git can't say. `exact`: submodules included, and when git can't say that is an
   * error (`machine/tool-missing`, `machine/tool-failed`).
   */
  git(directory: string, options?: { readonly exact?: boolean }): Promise<GitState | null>;
  /** Tags of the commit that a tree is at. */
  gitTags(directory: string): Promise<readonly string[]>;
  /** Where a tree's repository came from, `git+https://…` without credentials; null when that is nowhere that others could reach. */
  gitRemote(directory: string): Promise<string | null>;
  /** Files of branches that are not checked out. Left out on a cluster. */
  readonly worktrees?: Worktrees;
  readonly registry: Registry;
  readonly clusters: Clusters;
  readonly sharedImages: DocumentStore<SharedImage>;
  readonly configCheck: ConfigCheck;
  readonly testBench: TestBench;
  /** By kind and digest of an image's request: in the cache, so it can go at any time. */
  readonly testLocks: DocumentStore<KeptLock>;
  readonly http: HttpProbe;
  readonly edge: EdgePort;
  readonly locks: LockPort;
  readonly agent: AgentPort;
  readonly files: ProjectFiles;
  readonly machine: MachinePort;
  /** The operator of a cluster, in this process, until the signal; `log` gets JSON lines. */
  readonly operator: {
    run(
      start: {
        /** Undefined: the current one, or the cluster that this runs in. */
        readonly context: string | undefined;
        /** Where probes and metrics are answered; null: nowhere. */
        readonly listen: { readonly port: number; readonly host: string } | null;
      },
      signal: AbortSignal,
      log: (line: string) => void,
    ): Promise<void>;
    /** What the Job of one breed does, in the pod that it has. Answers the exit code. */
    breed(orders: BreedOrders, signal: AbortSignal, log: (line: string) => void): Promise<number>;
    /** The files of this very program, for an image of it. Error: `usage/invalid` in a checkout that was not built. */
    program(): Promise<readonly { readonly path: string; readonly from: string; readonly executable: boolean }[]>;
  };
  /** Keeps the edge's address for later commands. */
  saveSettings(settings: Pick<Settings, "httpPort" | "httpsPort" | "bind">): Promise<void>;
  /** Frees sockets and pools. */
  close(): Promise<void>;
}

export type { EngineContext };
