import { type MemoryEngine, memoryEngine } from "../../engine/memory/memory-engine.ts";
import { DATABASE_SECRET, GENERATED_SECRET } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import { memoryDatabaseServer } from "../../providers/database/memory/memory-database-server.ts";
import type { SecretStore } from "../../providers/secrets/secret-store.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { resolveSite } from "../../site/resolve.ts";
import { siteDocument } from "../../site/schema/site-document.ts";
import type { Site } from "../../site/site.ts";
import type { CreateRequest } from "../environment/create-environment.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { noteServing, recordRelease } from "../release/release-store.ts";
import { quietPorts } from "./quiet-ports.ts";
import { memoryDocuments } from "./release-rig.ts";

/** A machine in memory on which the site `shop` serves. */
export interface EnvironmentRig {
  readonly ports: Ports;
  readonly engine: MemoryEngine;
  readonly context: EngineContext;
  readonly production: SiteRecord;
  /** Milliseconds since the epoch, which the test may move. */
  readonly clock: { now: number };
  /** Bytes that are free. */
  readonly memory: { free: number };
  /** Processes that live. */
  readonly alive: Set<string>;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** What people were told. */
  readonly notices: string[];
}

/** What `env create` is asked for when nothing is said. */
export const fresh: Omit<CreateRequest, "name"> = {
  ...{ code: undefined, checkout: undefined, data: { kind: "fresh" }, ttl: undefined, hostname: undefined, size: undefined, php: null },
  ...{ variables: {}, secrets: [], password: undefined, idle: undefined, owner: undefined, checkout: undefined, patienceMs: 60_000 },
};

/** Makes the machine; `spec` is of the site file. */
export async function environmentRig(spec: object = {}): Promise<EnvironmentRig> {
  const engine = memoryEngine();
  const clock = { now: Date.parse("2026-11-22T12:00:00Z") };
  const memory = { free: 8 * 1024 ** 3 };
  const alive = new Set<string>();
  const secrets = new Map<string, Secret>();
  const notices: string[] = [];
  const ports = portsOf(engine, { clock, memory, alive, secrets });
  const production = await install(ports, siteOf(spec));
  const context: EngineContext = {
    emit: (event) => {
      if (event.type === "notice") notices.push(event.message);
    },
    signal: new AbortController().signal,
  };
  return { ports, engine, context, production, clock, memory, alive, secrets, notices };
}

interface World {
  readonly clock: { now: number };
  readonly memory: { readonly free: number };
  readonly alive: ReadonlySet<string>;
  readonly secrets: Map<string, Secret>;
}

function portsOf(engine: MemoryEngine, { clock, memory, alive, secrets: kept }: World): Ports {
  const secrets = memorySecrets(kept);
  const part: Partial<Ports> = {
    ...quietPorts(() => "page"),
    ...{ engine, secrets, databases: memoryDatabaseServer(secrets) },
    clock: {
      now: () => (clock.now += 1),
      sleep: async (milliseconds) => {
        clock.now += milliseconds;
      },
    },
    settings: { stateDirectory: "/nonexistent/howdah", httpPort: 8080, httpsPort: 8443, bind: "127.0.0.1", retentionDays: 7, who: "ann" },
    machine: {
      processIdentity: async () => "1-1",
      isProcessAlive: async (identity: string) => alive.has(identity),
      freeMemory: () => memory.free,
    } as unknown as Ports["machine"],
    ...{ records: memoryDocuments(), retained: memoryDocuments(), releases: memoryDocuments(), outcomes: memoryDocuments() },
    ...{ migrations: memoryDocuments(), rollouts: memoryDocuments(), watches: memoryDocuments(), databaseServers: memoryDocuments() },
    ...{ sharedImages: memoryDocuments(), environments: memoryDocuments(), tenants: memoryDocuments(), crons: memoryDocuments() },
  };
  return part as Ports;
}

function memorySecrets(all: Map<string, Secret>): SecretStore {
  return {
    get: async (namespace, name) => {
      const keys = [...all].filter(([key]) => key.startsWith(`${namespace}/${name}/`));
      return keys.length === 0 ? undefined : Object.fromEntries(keys.map(([key, secret]) => [key.split("/")[2] ?? "", secret]));
    },
    set: async (namespace, name, data) => {
      for (const [key, secret] of Object.entries(data)) all.set(`${namespace}/${name}/${key}`, secret);
    },
    getOrGenerate: async (namespace, name, key) => {
      const path = `${namespace}/${name}/${key}`;
      const found = all.get(path) ?? new Secret(`made for ${path}`, path);
      all.set(path, found);
      return found;
    },
    list: async (namespace) => {
      const names = [...all.keys()].filter((key) => key.startsWith(`${namespace}/`)).map((key) => key.split("/")[1] ?? "");
      return [...new Set(names)].map((name) => ({ name, keys: [] }));
    },
    remove: async (namespace, name) => {
      for (const key of all.keys()) if (key.startsWith(`${namespace}/${name}/`)) all.delete(key);
      return true;
    },
  };
}

function siteOf(spec: object): Site {
  const document = siteDocument.parse({
    ...{ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "shop" } },
    spec: { runtime: { php: "8.4" }, database: {}, mounts: { uploads: {} }, ...spec },
  });
  const { site } = resolveSite(document, { environment: "production" });
  if (site === undefined) throw new TypeError("the site is wrong");
  return site;
}

/** The site as `up` would have left it. */
async function install(ports: Ports, site: Site): Promise<SiteRecord> {
  const database = { host: "mariadb-11-8", port: 3306, name: "shop", user: "shop" };
  const input: RenderInput = {
    ...{ images: { web: "web", php: "php" }, url: "http://shop.localhost:8080", resolver: "10.0.0.1", trustedProxies: [] },
    ...{ database: { ...database, secretName: DATABASE_SECRET }, generatedSecret: GENERATED_SECRET, secretsDigest: "s" },
    ...{ releaseId: "one", migration: "m1" },
  };
  const image = { reference: "web", digest: "sha256:web" };
  const when = "2026-11-22T11:00:00.000Z";
  await recordRelease(
    {
      ...{
        namespace: "shop",
        site,
        input,
        images: { web: image, php: { reference: "php", digest: "sha256:php" } },
        codeDigest: "sha256:code",
      },
      ...{ configDigest: "c", judged: [], migration: null, git: null, who: "ann", when, why: null, rollbackOf: null },
    },
    [],
    ports,
  );
  await noteServing("shop", "r1", ports);
  await ports.sharedImages.put("mariadb-11-8", { name: "mariadb-11-8", reference: "mariadb", version: "11.8.3" });
  const record: SiteRecord = {
    ...{ site, namespace: "shop", file: "/shop/howdah.yaml", url: input.url, images: input.images, releaseId: "one", migration: "m1" },
    ...{
      watched: {},
      secretsDigest: "s",
      database: { server: "mariadb-11-8", ...database, uid: "u" },
      updatedAt: when,
      postDeployed: null,
    },
    serving: { releaseId: "one", images: ["web", "php"], since: when, release: "r1" },
    credentialsShown: true,
  };
  await ports.records.put("shop", record);
  return record;
}
