import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { checkSite } from "../../src/site/check-site.ts";
import { parseSite } from "../../src/site/parse-site.ts";
import { siteDocument } from "../../src/site/schema/site-document.ts";
import type { Site } from "../../src/site/site.ts";
import { releaseObject, releaseSpecOf } from "../../src/workflows/cluster/release-resource.ts";
import { type ClusterRig, clusterRig } from "../../src/workflows/cluster/testing/cluster-rig.ts";
import { mutation, type Schema } from "../support/mutated-specs.ts";

/** B4 of the reliability list: 5,000 single changes on every push, a sequence good -> changed -> good for each that is accepted. */
const COUNT = 5000;
const MUTATIONS_SEED = Number(process.env["HOWDAH_SEED"] ?? 1);

/** A site with something in most fields; without a database, which is another server than this rig has. */
const RICH = `
apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: { name: blog }
spec:
  runtime: { php: "8.4", extensions: [gd], ini: { memory_limit: 128M }, fpm: { maxChildren: 4 } }
  hooks: { build: [composer install], migrate: { run: [php migrate.php], watch: ["migrations/**"] }, postDeploy: [php warm.php] }
  web: { root: public, index: [index.php], locations: { /files: { scripts: false, passthru: false } }, deny: ["*.bak"] }
  mounts: { uploads: { size: 1Gi }, cache: { size: 256Mi, storage: local } }
  variables: { TITLE: Blog, KEY: { generate: {} }, HOST: { site: hostname } }
  crons: { tidy: { schedule: "H * * * *", command: php tidy.php, timeout: 5m } }
  workers: { queue: { command: php work.php, replicas: 2 } }
  hostnames: [blog.localhost, www.blog.localhost]
  scale: { replicas: 2, memory: 256Mi }
  rollout: { strategy: rolling, timeout: 2m }
`;
const texts = ["static", "dokuwiki", "minimal"].map((name) => readFileSync(`examples/${name}.yaml`, "utf8"));
const examples = [...texts, RICH].map((text) => {
  const { document, diagnostics } = parseSite(text);
  if (document === undefined) throw new Error(`an example is wrong: ${JSON.stringify(diagnostics)}`);
  const { database: _database, relationships: _others, ...spec } = document.spec as Record<string, unknown>;
  return siteDocument.parse({ ...document, metadata: { name: "blog" }, spec });
});
const schema = JSON.parse(readFileSync("schemas/site.v1alpha1.json", "utf8")) as Schema;

interface Verdict {
  readonly site?: Site;
  /** Findings without a field or a sentence. */
  readonly blind: readonly string[];
  readonly refused: boolean;
}

function judge(document: unknown): Verdict {
  const { site, diagnostics } = checkSite(parseSite(JSON.stringify(document)), { environment: "production" });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const blind = errors.filter(({ path, message, position }) => message === "" || (path.length === 0 && position === undefined));
  return { ...(site === undefined ? {} : { site }), refused: errors.length > 0, blind: blind.map(({ code }) => code) };
}

/** How a site's release ended, and what is there then. Claims are left out: no plan deletes data. */
interface Served {
  readonly outcome: string;
  readonly workloads: string;
  /** Keys and digests: equal only where the generated secrets are the same. */
  readonly objects: ReadonlyMap<string, string>;
}

/** Takes sites into service one after another in one namespace. */
async function serveAll(sites: readonly Site[]): Promise<readonly Served[]> {
  const rig = clusterRig();
  const all: Served[] = [];
  for (const [index, site] of sites.entries()) {
    const outcome = await serve(rig, `r${String(index + 1)}`, site);
    const { workloads, routes } = await rig.engine.observe("acme");
    const { objects } = await rig.engine.inventory("acme");
    const kept = [...objects].filter(([key]) => !key.startsWith("PersistentVolumeClaim/")).sort(([one], [other]) => (one < other ? -1 : 1));
    all.push({ outcome, workloads: JSON.stringify([workloads, routes]), objects: new Map(kept) });
  }
  return all;
}

async function serve(rig: ClusterRig, id: string, site: Site): Promise<string> {
  const image = { reference: "image", digest: `sha256:${"0".repeat(64)}` };
  const images = site.runtime === null ? { web: image } : { web: image, php: image };
  const built = { site, images, codeDigest: "sha256:code", watched: {} };
  const said = { git: null, who: "ann", when: "2026-11-21T12:00:00Z", why: null, rollbackOf: null };
  await rig.api.create(resources.Release, releaseObject("acme", id, releaseSpecOf({ ...built, ...said })));
  try {
    await rig.serve(id);
    return "serves";
  } catch (error) {
    return error instanceof HowdahError && error.code !== "bug" ? error.code : `crash: ${String(error)}`;
  }
}

describe("changed site files (B4)", () => {
  it(`refuses each of ${String(COUNT)} with the field, or serves it, and finds back`, async () => {
    const wrong: string[] = [];
    const counts = { refused: 0, served: 0, named: 0 };
    for (let seed = MUTATIONS_SEED; seed < MUTATIONS_SEED + COUNT; seed++) {
      const { what, document } = mutation(seed, examples, schema);
      const { site, refused, blind } = judge(document);
      if (blind.length > 0) wrong.push(`seed ${String(seed)} ${what}: a finding without a place: ${blind.join(", ")}`);
      if (site === undefined) {
        counts.refused += 1;
        if (!refused) wrong.push(`seed ${String(seed)} ${what}: neither a site nor a finding`);
        continue;
      }
      if (site.database !== null || site.name !== "blog") continue; // another namespace, or a server that this rig has not
      const good = judge(examples[seed % examples.length]).site;
      if (good === undefined) throw new Error(`example ${String(seed % examples.length)} is wrong`);
      const [changed] = await serveAll([site]);
      if (changed === undefined) throw new Error("nothing was served");
      if (changed.outcome.startsWith("crash")) wrong.push(`seed ${String(seed)} ${what}: ${changed.outcome}`);
      counts[changed.outcome === "serves" ? "served" : "named"] += 1;
      if (seed % 5 !== 0) continue;
      const [first, then, again] = await serveAll([good, site, good]);
      if (again?.workloads !== first?.workloads || !isDeepStrictEqual(again?.objects, first?.objects))
        wrong.push(`seed ${String(seed)} ${what}: A -> B -> A is not A`);
      const same = then?.workloads === changed.workloads && isDeepStrictEqual(keysOf(then), keysOf(changed));
      if (changed.outcome === "serves" && !same) wrong.push(`seed ${String(seed)} ${what}: A -> B is not B`);
    }
    console.log(`${String(counts.refused)} refused, ${String(counts.served)} served, ${String(counts.named)} failed by name`);
    expect(wrong).toEqual([]);
    expect(counts.served).toBeGreaterThan(300);
    expect(counts.refused).toBeGreaterThan(1000);
  });
});

/** Names of objects without the digest of their content, which a generated secret is part of. */
function keysOf(served: Served | undefined): readonly string[] {
  return [...(served?.objects.keys() ?? [])].map((key) => key.replace(/-[0-9a-f]{10}$/, ""));
}
