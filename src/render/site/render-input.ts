import type { SessionServer } from "../sessions/session-server.ts";

/** What rendering needs beside the site itself: facts that only builders, engines and providers know. Plain data, so rendering stays pure. */
export interface RenderInput {
  readonly images: { readonly web: string; readonly php: string | null };
  /** The site's address as people type it, without a trailing slash: `http://blog.localhost:8080`. */
  readonly url: string;
  readonly resolver: string;
  /** On a cluster: what follows a Service's name in full (`blog.svc.cluster.local`), as nginx looks up full names only. */
  readonly serviceDomain?: string;
  readonly trustedProxies: readonly string[];
  /** Where the site's database is; null without one. The password is in the Secret that `secretName` names, key `password`. */
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly user: string;
    readonly secretName: string;
    /** Where that host leads outside of the cluster (`10.0.0.5:3306`). */
    readonly behind?: readonly string[];
    /** Of an environment: the server is its own, and is rendered with it. */
    readonly own?: { readonly image: string; readonly secretDigest: string };
  } | null;
  /** The site's server of PHP's sessions; left out or null: they are files, of each pod or on a volume. Decided when images are made. */
  readonly sessions?: SessionServer | null;
  /** That server has no volume, on clusters whose volumes lie on one node's disk. */
  readonly sessionsInMemory?: boolean;
  /** Name of the Secret with generated variables, a key for each. */
  readonly generatedSecret: string;
  /** Changes when a secret's value does, so that pods roll. */
  readonly secretsDigest: string;
  /** Identity of the code. */
  readonly releaseId: string;
  /** Identity of the migration's inputs: the migrate hook runs once for each. */
  readonly migration: string;
  /** Nobody runs migrations before pods start (plain manifests): the first pod of the new code does, under the ledger's lock, without a dump. */
  readonly migratesAtStart?: boolean;
  /** While `deploy --watch` runs: where the code lies that changes under the pods. No release has it. */
  readonly live?: LiveDirectories;
}

/** Absolute directories of the machine in the place of the images' code: the whole tree for PHP, what nginx shows for the web server. */
export interface LiveDirectories {
  /** Null for a static site. */
  readonly php: string | null;
  readonly web: string;
}
