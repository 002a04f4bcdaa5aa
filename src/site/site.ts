import type { DeclaredEnvironments } from "./schema/environments.ts";
import type { DeclaredSite } from "./schema/site-document.ts";

type Spec = DeclaredSite["spec"];

/** One step of a hook, ready to run: an argument array, or an SQL file for the site's database. */
export type HookStep = { readonly argv: readonly string[] } | { readonly sql: string };

/** A writable path, absolute below the code root. */
export interface Mount {
  /** As in the file: relative to the code root. */
  readonly path: string;
  readonly storage: "shared" | "local";
  readonly size: string;
  readonly seed: boolean;
  readonly served: boolean;
  /** Volume name, a DNS label derived from the path: stable for the same path. */
  readonly volume: string;
}

/** Where a variable's value comes from. */
export type Variable =
  | { readonly name: string; readonly from: "literal"; readonly value: string }
  | { readonly name: string; readonly from: "secret"; readonly secret: string; readonly key: string }
  | {
      readonly name: string;
      readonly from: "generated";
      readonly bytes: number;
      readonly encoding: "hex" | "base64" | "laravel" | "alphanumeric";
    }
  | {
      readonly name: string;
      readonly from: "database";
      readonly field: "host" | "port" | "host-port" | "name" | "user" | "password" | "url";
    }
  | { readonly name: string; readonly from: "site"; readonly field: "name" | "url" | "hostname" | "environment" | "scheme" };

/** A configuration file with its text settled. */
export interface ConfigurationFile {
  readonly path: string;
  readonly content: string;
  /** True: it takes the place of a file that the code has. Else that file wins. */
  readonly replace?: boolean;
}

/** PHP with nothing left to choose. */
export interface Runtime {
  readonly php: "7.4" | "8.2" | "8.4";
  /** Sorted, complete: what the file asks for plus what the site needs (opcache, mysqli or pdo_mysql for the entrypoint). */
  readonly extensions: readonly string[];
  /** The person's settings only, as strings in PHP's notation. Howdah's defaults are the renderer's. */
  readonly ini: Readonly<Record<string, string>>;
  readonly memoryLimit: string;
  readonly fpm: { readonly maxChildren: number; readonly requestTimeoutSeconds: number; readonly maxRequests: number };
  readonly flavour: "slim" | "shell";
  readonly packages: readonly string[];
  readonly image: string | null;
}

/** A cron or worker with its command as an argument array. */
export interface Cron {
  readonly name: string;
  readonly schedule: string;
  readonly argv: readonly string[];
  readonly timeoutSeconds: number;
  readonly timeZone: string;
  readonly overlap: "skip" | "allow";
  /** A missed run is made up within so many seconds; 0: never. */
  readonly missedSeconds: number;
}
export interface Worker {
  readonly name: string;
  readonly argv: readonly string[];
  readonly replicas: number;
}

/** The terms of the migrate hook. */
export interface MigrationTerms {
  /** Patterns of the files that a migration is made of; empty: all of the code. */
  readonly watch: readonly string[];
  /** It may run a second time from its beginning. */
  readonly repeatable: boolean;
  readonly timeoutSeconds: number;
  /** Dump the database before. */
  readonly dump: boolean;
  readonly unsafe: "warn" | "refuse" | "allow";
}

/** What an environment is beside a site. */
export interface Preview {
  /** Name of the site that it is an environment of. */
  readonly of: string;
  /** Servers outside that it may reach, HOST:PORT; everything else is refused. */
  readonly allow: readonly string[];
  /** Mail servers of production, whose names lead to where mails are caught. */
  readonly mailHosts?: readonly string[];
  /** Browsers are asked for a password. */
  readonly password: boolean;
  /** Of its database server's container. */
  readonly databaseBytes: number;
  /** Snapshots that its data are copies of: of the database, and of mounts by the name of their volume. */
  readonly data: {
    readonly database: string | null;
    readonly mounts: Readonly<Record<string, string>>;
    /** On a cluster, by claim: where a copy has to lie, and its size at least, since a volume can't be smaller than what it is a copy of. */
    readonly claims?: Readonly<Record<string, { readonly storageClass: string | null; readonly bytes: number }>>;
  };
}

/** A site with nothing left to choose; every later stage takes only this. Lists are sorted where order means nothing. */
export interface Site {
  readonly stage: "resolved";
  readonly name: string;
  /** Whose it is, and the name that its file gives it; `name` is then its own among all tenants'. Left out: nobody's. */
  readonly tenant?: { readonly name: string; readonly uid: string; readonly site: string };
  readonly environment: string;
  readonly source: string;
  readonly runtime: Runtime | null;
  readonly web: {
    readonly root: string;
    readonly index: readonly string[];
    /** Longest path first. */
    readonly locations: readonly ({ readonly path: string } & Omit<Spec["web"]["locations"][string], "passthru"> & {
        /** `false`: an inherited front controller ends here. */
        readonly passthru?: string | false;
      })[];
    readonly rewrites: Spec["web"]["rewrites"];
    readonly deny: readonly string[];
    readonly modules: readonly string[];
    readonly healthPath: string;
    readonly maxBodyBytes: number;
    readonly microcache: { readonly bypass: readonly string[] } | null;
  };
  readonly database: {
    readonly type: "mariadb";
    readonly version: string;
    /** Left out: the default server, else the shared one of its version. */
    readonly server?: string | undefined;
    readonly charset: string;
    readonly collation: string;
    /** Bounds of its user, which a tenant's profile sets; 0: none. Left out: nobody bounds it. */
    readonly limits?: { readonly connections: number; readonly statementSeconds: number };
  } | null;
  readonly relationships: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly mounts: readonly Mount[];
  readonly code: "sealed" | "writable";
  readonly configuration: readonly ConfigurationFile[];
  readonly variables: readonly Variable[];
  readonly hooks: {
    readonly build: readonly HookStep[];
    readonly install: readonly HookStep[];
    readonly migrate: readonly HookStep[];
    readonly postDeploy: readonly HookStep[];
  };
  readonly migration: MigrationTerms;
  /** Node of the build hooks. */
  readonly builder: { readonly node: string };
  readonly crons: readonly Cron[];
  readonly workers: readonly Worker[];
  readonly hostnames: readonly string[];
  readonly tls: { readonly mode: "off" } | { readonly mode: "local" } | { readonly mode: "secret"; readonly secret: string };
  /** Where the images go and who may bring them there. */
  readonly image: { readonly repository: string | null; readonly secret: string | null };
  readonly scale: {
    readonly replicas: number;
    /** Up to so many replicas when the load asks for them; undefined: always `replicas`. One machine does not follow it. */
    readonly max?: number;
    /** nginx by itself, where it is apart from PHP; undefined: as `replicas` and `max` say for both. */
    readonly web?: { readonly replicas: number; readonly max?: number };
    readonly memoryBytes: number;
    readonly cpu: string | null;
    /** After how long without a visit it is put to sleep, and whose visits count; null: never. */
    readonly idle: { readonly afterSeconds: number; readonly wakes: "people" | "anyone" } | null;
  };
  /** `timeoutSeconds`: how long new pods may take to become ready. */
  readonly rollout: { readonly strategy: "rolling" | "exclusive"; readonly message: string; readonly timeoutSeconds: number };
  readonly releases: { readonly keep: number };
  /** What copies of it for development and review are like; left out: the defaults of `environments.ts`. */
  readonly environments?: DeclaredEnvironments;
  /** Of such a copy: what it is of, and what keeps it from the world. Left out: it is production. */
  readonly preview?: Preview;
  /** What becomes of its data in datasets; left out: none is made. */
  readonly dataset?: NonNullable<Spec["dataset"]>;
  readonly topology: "together" | "apart";
  readonly recipe: string | null;
}
