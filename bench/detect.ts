import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Suite } from "../src/catalog/debian-suites.ts";
import { detect } from "../src/detect/detect.ts";
import { literalTree } from "../src/detect/literal-tree.ts";
import { recipes } from "../src/detect/recipes/recipes.ts";
import type { Tree } from "../src/detect/tree.ts";
import { readTree } from "../src/workflows/read-tree/read-tree.ts";
import { type AppTruth, meanScore, type Score, scoredFields, scoreProposal } from "./detect/score-proposal.ts";
import { debianTree } from "./support/debian-tree.ts";

const here = import.meta.dirname;
const allowedRoots = ["/usr/share", "/etc", "/var/lib", "/var/cache", "/var/log"];

interface Row {
  readonly app: AppTruth;
  readonly suite: string;
  readonly milliseconds: number;
  readonly withRecipes: Score;
  readonly without: Score;
}

async function treeOf(app: AppTruth, suite: string): Promise<Tree | undefined> {
  if (app.fixture !== undefined) {
    return literalTree(
      JSON.parse(await readFile(join(here, "detect", "fixtures", `${app.fixture}.json`), "utf8")) as Record<string, string>,
    );
  }
  const root = await debianTree(suite as Suite, app.id, app.packages ?? []);
  return root === undefined ? undefined : await readTree(join(root, app.directory ?? "."), { allowedRoots });
}

function percent(value: number | null): string {
  return value === null ? "  -" : String(Math.round(value * 100)).padStart(3);
}

function print(row: Row): void {
  const name = `${row.app.id} (${row.suite})`.padEnd(34);
  const fields = (score: Score): string => scoredFields.map((field) => percent(score[field])).join(" ");
  console.log(
    `${name} ${fields(row.withRecipes)} = ${percent(meanScore([row.withRecipes]))} | ${fields(row.without)} = ${percent(meanScore([row.without]))} ${String(row.milliseconds).padStart(6)} ms`,
  );
}

async function main(): Promise<void> {
  const { apps } = JSON.parse(await readFile(join(here, "detect", "truth.json"), "utf8")) as { apps: AppTruth[] };
  const wanted = process.argv[2] === undefined ? undefined : new RegExp(process.argv[2]);
  const rows: Row[] = [];
  console.log(`${"application".padEnd(34)} with recipes: ${scoredFields.join(" ")} = mean | without recipes: the same`);
  for (const app of apps) {
    for (const suite of Object.keys(app.php)) {
      if (wanted !== undefined && !wanted.test(`${app.id} ${suite}`)) continue;
      const started = performance.now();
      const tree = await treeOf(app, suite);
      if (tree === undefined) continue;
      const withRecipes = scoreProposal(app, suite, detect(tree, { name: app.id, recipes }));
      const milliseconds = Math.round(performance.now() - started);
      const row = {
        app,
        suite,
        milliseconds,
        withRecipes,
        without: scoreProposal(app, suite, detect(tree, { name: app.id, recipes: [] })),
      };
      rows.push(row);
      print(row);
    }
  }
  const total = (some: readonly Row[], pick: (row: Row) => Score): string => percent(meanScore(some.map(pick)));
  for (const [title, some] of [
    ["listed", rows.filter((row) => row.app.listed)],
    ["unlisted", rows.filter((row) => !row.app.listed)],
    ["all", rows],
  ] as const) {
    console.log(
      `${title.padEnd(9)} ${String(some.length).padStart(3)} trees: with recipes ${total(some, (row) => row.withRecipes)} %, without ${total(some, (row) => row.without)} %`,
    );
  }
  for (const field of scoredFields) {
    const only = (pick: (row: Row) => Score): string => {
      const values = rows.map((row) => pick(row)[field]).filter((value) => value !== null);
      return percent(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
    };
    console.log(`  ${field.padEnd(12)} with ${only((row) => row.withRecipes)} %, without ${only((row) => row.without)} %`);
  }
}

await main();
