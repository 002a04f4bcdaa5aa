import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type ClusterSteadySite, clusterSteadySite, NO_SESSIONS } from "../support/load/cluster-steady-site.ts";
import type { LoadReport } from "../support/load/load-report.ts";
import { steadyLoad } from "../support/load/load-tool.ts";
import { type OperatorProcess, type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { otherVersion } from "../support/other-version.ts";

const DEPLOYS = 3;
/** Machines of a CI share their cores with three nodes and other tests: a site that can't keep up would fail for that. The bench sends more. */
const RATE = 30;
/** Nobody performs anything for so long, and for the 15 s after which a lease is given to another. */
const DEAD_MS = 5000;
const FOLLOWS = { timeout: 240_000, interval: 500 };
const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-no-request-lost.test.ts is skipped: ${why}\n`);

/** All that a look of the operator could change, but for the Environment, which says that it looked. */
const KINDS =
  "deployments,services,configmaps,secrets,networkpolicies,poddisruptionbudgets,persistentvolumeclaims,httproutes,sites,releases";

/** A deploy whose pods are being replaced. */
interface Replacing {
  /** The Deployment's revision before: each other template is one more. */
  readonly revision: number;
  readonly deploying: Promise<unknown>;
}

interface Pod {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: { readonly containerStatuses: readonly { readonly restartCount: number }[] };
}

type Parts = Readonly<Record<string, unknown>>;

interface ReleaseObject {
  readonly spec: Record<string, unknown> & { readonly images: Record<string, { readonly reference: string; readonly digest: string }> };
  readonly status?: { readonly state?: string; readonly reason?: string };
}

// Short forms of A1, A3, A4 and A8 on a cluster; the long one of A1: `npm run bench -- cluster-rollout`.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a site on a cluster loses no request", () => {
  let rig: OperatorRig;
  let operator: OperatorProcess;
  let site: ClusterSteadySite;

  beforeAll(async () => {
    rig = await operatorRig("cnr", 18_752);
    operator = await rig.operator();
    site = await clusterSteadySite(rig);
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  /** All answers were right, and what was answered is what is stored: nothing got lost, nothing was done twice. */
  async function whole({ failures, failed, stored, ...rest }: LoadReport, rowsBefore: number): Promise<void> {
    console.log(`cluster: ${JSON.stringify({ ...rest, releases: undefined })}`);
    expect(failures).toEqual([]);
    expect(failed).toBe(0);
    expect(await site.rows()).toBe(rowsBefore + stored);
  }
  const release = async (name: string): Promise<ReleaseObject> =>
    JSON.parse(await rig.kubectl("get", "release", name, "--namespace", site.namespace, "--output=json")) as ReleaseObject;
  const newest = async (): Promise<string> => {
    const said = await rig.ok("releases", site.namespace, "--context", ".", "--output", "json");
    return (JSON.parse(said.stdout) as { releases: { id: string }[] }).releases[0]?.id ?? "";
  };
  const inSite = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", site.namespace, ...argv);
  const ofWeb = async (path: string): Promise<number> =>
    Number(await inSite("get", "deployment/web", `--output=jsonpath={.metadata.${path}}`));
  const generation = (): Promise<number> => ofWeb("generation");
  const revisionOf = (): Promise<number> => ofWeb("annotations.deployment\\.kubernetes\\.io/revision");
  /** Begins a deploy; answers when its pods begin to replace the former ones. */
  const deployReplaces = async (word: string): Promise<Replacing> => {
    const [before, revision] = [await generation(), await revisionOf()];
    await site.change(word);
    const deploying = site.deploy();
    deploying.catch(() => undefined); // whoever calls waits for it
    await expect.poll(generation, FOLLOWS).not.toBe(before);
    return { revision, deploying };
  };
  const pods = async (): Promise<readonly Pod[]> => {
    const { items } = JSON.parse(await inSite("get", "pods", "--output=json")) as { readonly items: readonly Pod[] };
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  /**
   * The release serves in two pods that went forward and not to and fro, and nothing of how it came is left: no trial, no journal, no pod of
   * the former one that was not told to end.
   */
  const isAllThereIs = async ({ revision }: Replacing): Promise<void> => {
    const id = await newest();
    expect([(await release(id)).status?.state, await revisionOf()]).toEqual(["serving", revision + 1]);
    const roles = async (): Promise<readonly string[]> => (await pods()).map(({ metadata }) => metadata.labels["howdah.dev/role"] ?? "");
    await expect.poll(roles, FOLLOWS).toEqual(["serve", "serve"]);
    const rollout = ["get", "environment/production", "--output=jsonpath={.status.rollout.step}{.status.release}"];
    await expect.poll(() => inSite(...rollout), FOLLOWS).toBe(id);
    await expect.poll(() => inSite("get", "configmap/howdah-state", "--output=jsonpath={.data.rollout}"), FOLLOWS).toBe("");
  };
  /** When operators last wrote each object of the site, with its uid, and the pods with their restarts. Controllers write statuses, too. */
  const written = async (): Promise<readonly string[]> => {
    const times = '{range .metadata.managedFields[?(@.manager=="howdah")]}{.time}{.subresource} {end}';
    const each = `{range .items[*]}{.kind} {.metadata.name} {.metadata.uid} ${times}{"\\n"}{end}`;
    const lines = (await inSite("get", KINDS, "--show-managed-fields", `--output=jsonpath=${each}`)).split("\n");
    // Whoever asks for a look has all applied. Kubernetes stores no empty list: applying this one's is a change to it each time.
    const objects = lines.filter((line) => !line.startsWith("NetworkPolicy default-deny "));
    const running = (await pods()).map(({ metadata, status }) => [
      metadata.uid,
      ...status.containerStatuses.map((one) => one.restartCount),
    ]);
    return [...objects, ...running.map((words) => words.join(" "))];
  };
  /** Whoever leads now has looked at all of the site, and has said so. */
  const lookedAt = async (word: string): Promise<void> => {
    await inSite("annotate", "--overwrite", "environment/production", `howdah.dev/retry=${word}`);
    await expect.poll(() => inSite("get", "environment/production", "--output=jsonpath={.status.retried}"), FOLLOWS).toBe(word);
  };
  /** Former pods may answer for seconds. */
  const serves = (word: string): Promise<void> => expect.poll(() => site.release(), { timeout: 180_000, interval: 500 }).toBe(word);

  it(`by ${String(DEPLOYS)} deploys under ${String(RATE)} requests a second`, async () => {
    const before = await site.rows();
    const load = steadyLoad(site.target, RATE);
    for (let round = 1; round <= DEPLOYS; round++) {
      load.phase("deploy");
      await site.change(`round ${String(round)}`);
      await site.deploy();
      load.phase("steady");
      await sleep(1000);
    }
    await serves(`round ${String(DEPLOYS)}`);
    await whole(await load.stop(), before);
  });

  // A page that answers with an error is in operator-deploy.test.ts.
  it("by releases that can't serve: it says why, and the next good one needs nobody", async () => {
    const before = await site.rows();
    const load = steadyLoad(site.target, RATE);
    const code = (name: string, php: string): Promise<void> => writeFile(join(site.directory, name), `<?php\n${php}\n`);
    await code("throws.php", `throw new Exception("it can't begin");`);
    await code("waits.php", "sleep(600);");
    await code("fails.php", `fwrite(STDERR, "no such table\\n"); exit(3);`);
    const preload = (file: string): Parts => ({
      runtime: { php: "8.4", ini: { ...NO_SESSIONS, "opcache.preload": `/srv/web/${file}` } },
      rollout: { timeout: "20s" },
    });
    const cases: readonly (readonly [name: string, parts: Parts, reason: RegExp])[] = [
      ["ends at its start", preload("throws.php"), /it can't begin/],
      ["never gets ready", preload("waits.php"), /not ready/],
      ["has a migration that fails", { hooks: { migrate: { run: "php fails.php" } } }, /no such table/],
      [
        "has a configuration that nginx refuses",
        { web: { root: "public", healthPath: "/echo.php", rewrites: [{ from: "^/a[[:no:]]", to: "/b" }] } },
        /pcre/i,
      ],
    ];
    const told: string[] = [];
    for (const [name, parts, reason] of cases) {
      load.phase(name);
      await site.write(parts);
      const began = performance.now();
      const said = await rig.howdah(...site.deployArguments);
      const seconds = (performance.now() - began) / 1000;
      const status = (await release(await newest())).status;
      console.log(`cluster: ${name}: ${String(status?.reason)} after ${seconds.toFixed(1)} s`);
      if (said.code === 0 || status?.state !== "failed" || !reason.test(status.reason ?? ""))
        told.push(`${name}: ${JSON.stringify({ state: status?.state, reason: status?.reason })}`);
    }
    load.phase("is good");
    await site.write();
    await site.change("good again");
    await site.deploy();
    await serves("good again");
    expect(told).toEqual([]);
    await whole(await load.stop(), before);
  });

  it("by an operator that is killed while it replaces pods and stays dead: the next one finishes", async () => {
    const before = await site.rows();
    const load = steadyLoad(site.target, RATE);
    const replacing = await deployReplaces("after a death");
    await operator.stop("SIGKILL");
    load.phase("nobody");
    await sleep(DEAD_MS);
    load.phase("again");
    operator = await rig.operator();
    await replacing.deploying;
    await serves("after a death");
    await isAllThereIs(replacing);
    await whole(await load.stop(), before);
  });

  it("by an operator of another version that takes over while pods are replaced, nor by the way back, which changes nothing", async () => {
    const before = await site.rows();
    const other = await rig.operator(undefined, await otherVersion(join(rig.directory, "other")));
    const load = steadyLoad(site.target, RATE);
    load.phase("upgrade");
    const replacing = await deployReplaces("by two versions");
    await operator.stop();
    await replacing.deploying;
    await serves("by two versions");
    await isAllThereIs(replacing);
    load.phase("downgrade");
    await lookedAt("once");
    const settled = await written();
    operator = await rig.operator();
    await other.stop();
    await lookedAt("again");
    expect(await written()).toEqual(settled);
    await whole(await load.stop(), before);
  });
});
