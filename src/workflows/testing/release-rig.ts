import { type MemoryEngine, memoryEngine } from "../../engine/memory/memory-engine.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { renderSite } from "../../render/site/render-site.ts";
import { resolveSite } from "../../site/resolve.ts";
import { siteDocument } from "../../site/schema/site-document.ts";
import type { Site } from "../../site/site.ts";
import type { DocumentStore, EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { recordRelease, releasesOf, servingOf } from "../release/release-store.ts";
import { openJournal, type RolloutStep } from "../rollout/journal.ts";
import { type RolledOut, rollOut } from "../rollout/rollout.ts";
import { quietPorts } from "./quiet-ports.ts";

/** Thrown where a command is killed in a test. */
export class Killed extends Error {}

/** Documents in memory. */
export function memoryDocuments<T>(): DocumentStore<T> & { readonly all: ReadonlyMap<string, T> } {
  const all = new Map<string, T>();
  return {
    all,
    get: async (name) => structuredClone(all.get(name)),
    list: async (prefix = "") => [...all].filter(([name]) => name.startsWith(prefix)).map(([, document]) => structuredClone(document)),
    put: async (name, document) => void all.set(name, structuredClone(document)),
    remove: async (name) => void all.delete(name),
  };
}

/** A machine in memory with one site, `blog`, whose page is the reference of its image. */
export interface ReleaseRig {
  readonly ports: Ports;
  readonly engine: MemoryEngine;
  readonly context: EngineContext;
  /** Puts a release of this image into service; `killAt`: the command dies before it writes that step down. */
  deploy(
    image: string,
    options?: { readonly killAt?: RolloutStep; readonly strategy?: "exclusive"; readonly migration?: string },
  ): Promise<RolledOut>;
  page(): string;
}

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };

/** Makes the machine. Images named `bad…` crash; `sick…` answer 500 through the edge. */
export function releaseRig(): ReleaseRig {
  const engine = memoryEngine({
    start: ({ image }) =>
      image.startsWith("bad") ? { state: "crashed", exitCode: 1, output: [] } : { state: "ready", serves: image, output: [] },
    program: () => Promise.resolve(0),
  });
  const page = (): string => engine.ask("blog.localhost");
  const ports = portsOf(engine, page);
  return {
    ...{ ports, engine, context, page },
    async deploy(image, { killAt, strategy, migration = "m1" } = {}) {
      const life = { dead: false };
      const mortal = mortalPorts(ports, life, killAt);
      return deployOne(mortal, siteOf(strategy), inputOf(image, migration));
    },
  };
}

async function deployOne(ports: Ports, site: Site, input: RenderInput): Promise<RolledOut> {
  const known = await releasesOf("blog", ports);
  const former = await ports.records.get("blog");
  const journal = await openJournal(
    {
      ...{ namespace: "blog", step: "build", release: null, wanted: null, held: false, startedAt: "" },
      former: servingOf(known)?.id ?? null,
      formerRecord: former ?? null,
    },
    ports,
  );
  const release = await recordRelease(draftOf(site, input), known, ports);
  const desired = renderSite(site, input);
  const inventory = await ports.engine.inventory("blog");
  const wanted = recordOf(site, input, former);
  const rollout = { release, wanted, former, desired, steps: planObjects(desired, inventory), judge: undefined, down: false, asked: 0 };
  return rollOut(rollout, journal, (_id, _title, work) => work(), ports, context);
}

/** After its death a command writes nothing and starts nothing. */
function mortalPorts(ports: Ports, life: { dead: boolean }, killAt: RolloutStep | undefined): Ports {
  const alive = (): void => {
    if (life.dead) throw new Killed();
  };
  const mortal = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...given: readonly unknown[]) => unknown;
        if (typeof method !== "function") return method;
        return (...given: readonly unknown[]): unknown => {
          alive();
          return method.apply(target, [...given]);
        };
      },
    });
  const rollouts: Ports["rollouts"] = {
    ...mortal(ports.rollouts),
    get: (name) => ports.rollouts.get(name),
    list: () => ports.rollouts.list(),
    remove: async (name) => {
      alive();
      await ports.rollouts.remove(name);
    },
    put: async (name, journal) => {
      alive();
      await ports.rollouts.put(name, journal);
      if (journal.step !== killAt) return;
      life.dead = true;
      throw new Killed();
    },
  };
  const { engine, records, outcomes, releases } = ports;
  return { ...ports, rollouts, engine: mortal(engine), records: mortal(records), outcomes: mortal(outcomes), releases: mortal(releases) };
}

function portsOf(engine: MemoryEngine, page: () => string): Ports {
  let now = Date.parse("2026-11-21T12:00:00Z");
  const part: Partial<Ports> = {
    ...quietPorts(page),
    engine,
    clock: { now: () => (now += 1), sleep: () => Promise.resolve() },
    settings: { stateDirectory: "/nonexistent/howdah", httpPort: 8080, httpsPort: 8443, bind: "127.0.0.1", retentionDays: 7, who: "ann" },
    records: memoryDocuments(),
    databaseServers: memoryDocuments(),
    retained: memoryDocuments(),
    migrations: memoryDocuments(),
    releases: memoryDocuments(),
    outcomes: memoryDocuments(),
    rollouts: memoryDocuments(),
    watches: memoryDocuments(),
  };
  return part as Ports;
}

function siteOf(strategy: "exclusive" | undefined): Site {
  const spec = strategy === undefined ? {} : { rollout: { strategy } };
  const document = siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "blog" }, spec });
  const { site } = resolveSite(document, { environment: "production" });
  if (site === undefined) throw new TypeError("the site is wrong");
  return site;
}

function inputOf(image: string, migration: string): RenderInput {
  return {
    images: { web: image, php: null },
    url: "http://blog.localhost:8080",
    resolver: "10.0.0.1",
    trustedProxies: [],
    database: null,
    generatedSecret: "generated",
    secretsDigest: "s",
    releaseId: image,
    migration,
  };
}

function draftOf(site: Site, input: RenderInput): Omit<Release, "id"> {
  const image = { reference: input.images.web, digest: `sha256:${input.images.web}` };
  return {
    ...{ namespace: "blog", site, input, images: { web: image, php: null }, codeDigest: input.images.web, configDigest: "c", judged: [] },
    ...{ migration: input.migration, git: null, who: "ann", when: "2026-11-21T12:00:00.000Z", why: null, rollbackOf: null },
  };
}

function recordOf(site: Site, input: RenderInput, former: SiteRecord | undefined): SiteRecord {
  return {
    ...{ site, namespace: "blog", file: "/blog/howdah.yaml", url: input.url, images: input.images, releaseId: input.releaseId },
    ...{ migration: input.migration, watched: {}, secretsDigest: "s", database: null, updatedAt: "", serving: former?.serving ?? null },
    ...{ postDeployed: null, credentialsShown: false },
  };
}
