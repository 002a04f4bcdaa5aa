import { dirname, join, relative } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { WantedCommit } from "../../providers/git/worktree.ts";
import { branchOf, siteOfEnvironment } from "../../site/site-of-environment.ts";
import type { Preview, Site } from "../../site/site.ts";
import { loadSite } from "../load-site/load-site.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { releasesOf, servingOf } from "../release/release-store.ts";
import { LOCK_FILE } from "../up/locate-site.ts";
import { bringUp, type UpRequest, type UpResult } from "../up/up.ts";
import { awaitMemory, neededBytes } from "./await-memory.ts";
import { changeEnvironment, type EnvironmentData, type EnvironmentRecord } from "./environment.ts";
import { pinData, type WantedData } from "./environment-data.ts";
import { requireInCommit } from "./require-in-commit.ts";

type Snapshots = Preview["data"];

/** Code that an environment can run, with the site that its own file describes. */
export interface EnvironmentSource {
  readonly settled: EnvironmentRecord["code"];
  readonly siteWith: (data: Snapshots) => Site;
  readonly up: Pick<UpRequest, "source" | "lockFile" | "known">;
  /** Of code that the environment ran already: the snapshots that its data began as. */
  readonly began?: Snapshots;
}

/** Data that is pinned already, or is to be. */
export type DataToServe = { readonly wanted: WantedData } | { readonly pinned: EnvironmentData; readonly snapshots: Snapshots };

/** What became of it. */
export interface BroughtUp {
  readonly result: UpResult;
  /** What was pinned on the way. */
  readonly settled: Pick<EnvironmentRecord, "code" | "data">;
}

/** An environment as it is to serve. */
export interface ToServe {
  readonly record: EnvironmentRecord;
  readonly production: Pick<SiteRecord, "file">;
  readonly source: EnvironmentSource;
  readonly data: DataToServe;
  /** How long to wait for memory; null: it has its memory already. */
  readonly patienceMs: number | null;
  /** Other code serves until this one does, and is what it is described as running. */
  readonly replaces: boolean;
}

const NOTHING: Snapshots = { database: null, mounts: {} };

/** Brings an environment into service as it is described, with the rollout that every site has. What is pinned is written down before anything is made of it. */
export async function serveEnvironment(wanted: ToServe, ports: Ports, context: EngineContext): Promise<BroughtUp> {
  const { record, production, source, data, patienceMs, replaces } = wanted;
  const draft = source.siteWith(NOTHING);
  if (patienceMs !== null) await awaitMemory(record, { needed: neededBytes(draft), patienceMs }, ports, context);
  const pinned = "wanted" in data ? await pinData(record, data.wanted, draft, ports, context) : { data: data.pinned, ...data };
  const settled = { code: source.settled, data: pinned.data };
  if (!replaces) await changeEnvironment(record.namespace, (now) => ({ ...now, ...settled }), ports);
  const site = source.siteWith(pinned.snapshots);
  const result = await bringUp({ ...source.up, site, file: production.file, adopt: true, command: "env", why: null }, ports, context);
  return { result, settled };
}

type Described = Pick<EnvironmentRecord, "name" | "wishes" | "of">;

/** The release of the site that serves, with its images. Errors: `release/unknown`; `usage/invalid` for another version of PHP. */
export async function releaseSource({ of, name, wishes }: Described, production: SiteRecord, ports: Ports): Promise<EnvironmentSource> {
  const release = servingOf(await releasesOf(of, ports));
  if (release === undefined)
    throw new HowdahError("release/unknown", `No release of ${of} serves that an environment could have the images of`, {
      hint: `Start the site: \`howdah up ${production.file}\`.`,
    });
  if (wishes.php !== null && wishes.php !== release.site.runtime?.php)
    throw new HowdahError(
      "usage/invalid",
      "Another version of PHP needs images of its own: say of which code, with --from-branch or --commit",
    );
  return {
    settled: { kind: "release", release: release.id },
    siteWith: (data) => siteOfEnvironment(release.site, { ...wishes, name, data }),
    up: { ...placeOf(production), known: { release, record: production } },
  };
}

/** The images that an environment ran last, for making it anew as it was. Undefined: it never ran. */
export async function ownSource(
  { namespace, code }: Pick<EnvironmentRecord, "namespace" | "code">,
  production: SiteRecord,
  ports: Ports,
): Promise<EnvironmentSource | undefined> {
  const known = await releasesOf(namespace, ports);
  const release = known.find(({ outcome }) => outcome?.state === "serving" || outcome?.state === "superseded")?.release;
  const preview = release?.site.preview;
  if (release === undefined || preview === undefined) return undefined;
  const { watched } = (await ports.records.get(namespace)) ?? production;
  return {
    ...{ settled: code, began: preview.data },
    siteWith: (data) => ({ ...release.site, preview: { ...preview, data } }),
    up: { ...placeOf(production), known: { release, record: { watched } } },
  };
}

function placeOf({ file }: Pick<SiteRecord, "file">): Pick<UpRequest, "source" | "lockFile"> {
  return { source: dirname(file), lockFile: join(dirname(file), LOCK_FILE) };
}

/** A commit, and the site's own file in the repository that has it, where that is not the one that the site was deployed from. */
export interface ToBuild {
  readonly production: Pick<SiteRecord, "file" | "namespace" | "site">;
  readonly code: WantedCommit;
  readonly checkout: string | undefined;
}

/** Files of a commit, for as long as `work` builds of them. Errors: those of git and of the commit's site file. */
export async function withCommit<T>(
  { name, wishes }: Described,
  { production, code, checkout = production.file }: ToBuild,
  ports: Ports,
  work: (source: EnvironmentSource) => Promise<T>,
): Promise<T> {
  const { worktrees } = ports;
  if (worktrees === undefined) throw new HowdahError("usage/invalid", "Branches are built on the machine that has them");
  const found = await worktrees.find(dirname(checkout), code);
  return await worktrees.within(found, async (tree) => {
    const file = join(tree, relative(found.top, checkout));
    await requireInCommit(dirname(file), tree, ports.files); // before its file is read; the lock lies there, too
    const loaded = await loadSite(file, tree, ports.files);
    await requireInCommit(loaded.source, tree, ports.files);
    const site = branchOf(production.site, loaded.site);
    return await work({
      settled: { kind: "commit", commit: found.commit, branch: found.branch },
      siteWith: (data) => siteOfEnvironment(site, { ...wishes, name, data }),
      up: { source: loaded.source, lockFile: loaded.lockFile },
    });
  });
}
