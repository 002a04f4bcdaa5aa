import { describe, expect, it } from "vitest";
import type { Synced } from "../../providers/live-copy.ts";
import { checkSite } from "../../site/check-site.ts";
import { parseSite } from "../../site/parse-site.ts";
import type { Site } from "../../site/site.ts";
import { checkWatchable } from "./check-watchable.ts";
import { judgeSync } from "./judge-sync.ts";

function siteOf(spec: string): Site {
  const head = "apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: blog}\n";
  const { site, diagnostics } = checkSite(parseSite(`${head}spec:\n  runtime: {php: "8.2"}\n${spec}`), { environment: "production" });
  if (site === undefined) throw new Error(JSON.stringify(diagnostics));
  return site;
}

const quiet: Synced = { written: [], removed: [], onVolumes: [], dependencies: [], files: 3, bytes: 0, watched: {}, skippedLinks: [] };

describe("what a save does not do by itself", () => {
  it.each<{ name: string; spec: string; synced: Partial<Synced>; says: readonly RegExp[] }>([
    { name: "nothing to say of a saved file", spec: "", synced: { written: ["a.php"] }, says: [] },
    {
      name: "a volume lies over it",
      spec: "  mounts: {uploads: {}, cache: {}}\n",
      synced: { onVolumes: ["uploads/a.png", "uploads/b.png"] },
      says: [/^uploads lies on a volume.*howdah files put blog/],
    },
    {
      name: "a migration changed",
      spec: "  database: {}\n  hooks: {migrate: [php migrate.php]}\n",
      synced: { written: ["sql/2.sql"], watched: { "sql/1.sql": "1", "sql/2.sql": "2" } },
      says: [/^Files of the migration changed.*howdah deploy blog/],
    },
    {
      name: "a build hook would make something of it",
      spec: "  hooks: {build: [composer install]}\n",
      synced: { written: ["app.scss"] },
      says: [/^The build hooks do not run for a saved file.*composer\.json/],
    },
    {
      name: "the build hooks run again by themselves",
      spec: "  hooks: {build: [composer install]}\n",
      synced: { written: ["composer.lock"], dependencies: ["composer.lock"] },
      says: [],
    },
    {
      name: "a worker has read its code",
      spec: "  workers: {queue: {command: php queue.php}}\n",
      synced: { written: ["queue.php"] },
      says: [/^Workers \(queue\) keep the code/],
    },
    {
      name: "a style is nothing to a worker",
      spec: "  workers: {queue: {command: php queue.php}}\n",
      synced: { written: ["a.css"] },
      says: [],
    },
    {
      name: "a link leads out",
      spec: "",
      synced: { skippedLinks: [{ path: "etc", target: "/etc", why: "outside" }] },
      says: [/^etc points to \/etc, which is outside of the site/],
    },
  ])("$name", ({ spec, synced, says }) => {
    const site = siteOf(spec);
    const said = judgeSync({ ...quiet, ...synced }, { site, watched: site.hooks.migrate.length === 0 ? {} : { "sql/1.sql": "1" } });
    expect(said).toHaveLength(says.length);
    for (const [index, words] of says.entries()) expect(said[index]).toMatch(words);
  });
});

describe("what watching is for", () => {
  it.each<{ name: string; spec?: string; bind: string; allowPublic?: boolean; refused?: RegExp }>([
    { name: "a way in for this machine alone", bind: "127.0.0.1" },
    { name: "the same in IPv6", bind: "::1" },
    { name: "not a way in for the world", bind: "0.0.0.0", refused: /listens on 0\.0\.0\.0/ },
    { name: "a way in for the world, when a person says so", bind: "0.0.0.0", allowPublic: true },
    { name: "not an address of the network", bind: "192.168.1.2", refused: /192\.168\.1\.2/ },
    {
      name: "not code that the site writes itself",
      spec: "  code: writable\n",
      bind: "127.0.0.1",
      allowPublic: true,
      refused: /code: writable/,
    },
  ])("$name", ({ spec = "", bind, allowPublic = false, refused }) => {
    const check = (): void => checkWatchable(siteOf(spec), { allowPublic }, { bind });
    if (refused === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(refused);
  });
});
