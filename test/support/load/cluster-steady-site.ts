import { randomBytes } from "node:crypto";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OperatorRig } from "../operator-rig.ts";
import type { SteadySite } from "./steady-site.ts";

/** The same site on a cluster, with what only a cluster asks of it. */
export interface ClusterSteadySite extends SteadySite {
  /** Its namespace. */
  readonly namespace: string;
  /** Writes the site file anew, with these parts of `spec` in place of its own. Nothing is deployed. */
  write(parts?: Readonly<Record<string, unknown>>): Promise<void>;
  /** `howdah deploy --context`, which must succeed. Answers what it says. */
  deploy(): Promise<{ readonly release: string; readonly answeringMs: number }>;
  /** The arguments of that command, for those who run it in another way. */
  readonly deployArguments: readonly string[];
}

/** For sites of tests that write `runtime` anew. */
export const NO_SESSIONS = { "session.save_handler": "files" } as const;

const PORT = 80;
const ANSWERS_MS = 60_000;
const RIGHT_IN_A_ROW = 5;
/** Of two releases together fewer than the database's 102 connections: 2 pods, one more while they are replaced. */
const CHILDREN = 20;

/**
 * A copy of the fixture in a tenant of its own, deployed, in two pods behind the Gateway; an operator must run. Its name is another one each
 * time: the database of a former run stays on a cluster that stays, and is given to nobody else.
 */
export async function clusterSteadySite(rig: OperatorRig): Promise<ClusterSteadySite> {
  const name = `steady-${randomBytes(3).toString("hex")}`;
  const directory = join(rig.directory, name);
  const host = `${name}.howdah.test`;
  await cp(join(import.meta.dirname, "../../fixtures/steady-app"), directory, { recursive: true });
  const deployArguments = ["deploy", directory, "--context", ".", "--to", `${rig.registry}/test/${name}`];
  // No page is asked for twice: none comes from a cache.
  const ask = () => rig.get(host, `/echo.php?n=${String(Math.random())}`);
  const site: ClusterSteadySite = {
    ...{ namespace: name, directory, deployArguments },
    target: { address: rig.address, port: PORT, host },
    write: (parts = {}) => writeFile(join(directory, "howdah.yaml"), siteFile(name, host, parts)),
    change: (word) =>
      writeFile(join(directory, "release.php"), `<?php\n// The line that a deploy changes.\nreturn ${JSON.stringify(word)};\n`),
    deploy: async () => {
      const said = await rig.ok(...deployArguments, "--output", "json");
      return JSON.parse(said.stdout) as { release: string; answeringMs: number };
    },
    release: async () => String((await ask()).headers["x-release"]),
    rows: async () => Number((await ask()).body.replace("rows ", "")),
  };
  await site.write();
  await rig.tenant(name);
  await site.deploy();
  await untilAnswers(site);
  return site;
}

/** The gateway has taken the route; its proxies follow within seconds. */
async function untilAnswers(site: ClusterSteadySite): Promise<void> {
  const last = Date.now() + ANSWERS_MS;
  for (let right = 0; right < RIGHT_IN_A_ROW; ) {
    right = (await site.rows().catch(() => Number.NaN)) === 0 ? right + 1 : 0;
    if (Date.now() > last) throw new Error(`nobody answers for ${site.target.host}`);
    await sleep(200);
  }
}

/** As JSON, which is YAML. */
function siteFile(name: string, host: string, parts: Readonly<Record<string, unknown>>): string {
  const spec = {
    // It has no sessions; a server for them would be one more pod to start.
    runtime: { php: "8.4", fpm: { maxChildren: CHILDREN }, ini: NO_SESSIONS },
    web: { root: "public", healthPath: "/echo.php" },
    hostnames: [host],
    scale: { replicas: 2 },
    database: {},
    hooks: { install: "php install.php" },
    ...parts,
  };
  return JSON.stringify({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name }, spec });
}
