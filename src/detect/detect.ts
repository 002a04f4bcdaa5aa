import type { Diagnostic } from "../kernel/diagnostic.ts";
import type { SiteDocument } from "../site/schema/site-document.ts";
import { chooseCommands } from "./commands/choose-commands.ts";
import { type ComposerFacts, readComposer } from "./composer-facts.ts";
import { chooseVariables } from "./configuration/choose-variables.ts";
import { chooseCrons } from "./crons/choose-crons.ts";
import { chooseDatabase } from "./database/choose-database.ts";
import { installSchema, sqlFiles } from "./database/sql-files.ts";
import { chooseEntry } from "./entry-scripts/choose-locations.ts";
import type { Evidence, Proposal } from "./evidence.ts";
import { chooseExtensions, hasAll, type WantedExtension, wantedExtensions } from "./extensions/choose-extensions.ts";
import { type Finding, treeDiagnostic } from "./finding.ts";
import { type HtaccessResult, htaccessToWeb } from "./htaccess/htaccess-to-web.ts";
import { mergeRecipe } from "./merge-recipe.ts";
import { chooseMounts } from "./mounts/choose-mounts.ts";
import { choosePhp } from "./php-version/choose-php.ts";
import type { Recipe } from "./recipe.ts";
import { readServerHints, type ServerHint } from "./server-hints.ts";
import { recognizeKind } from "./static/recognize-kind.ts";
import { baseOf, isWithin, type Survey, surveyTree } from "./survey.ts";
import type { Tree } from "./tree.ts";
import { chooseWebRoot } from "./web-root/choose-web-root.ts";

type Spec = NonNullable<SiteDocument["spec"]>;

export interface DetectOptions {
  /** The site's name in the file. */
  readonly name: string;
  readonly recipes: readonly Recipe[];
}

interface Scene {
  readonly survey: Survey;
  readonly composer: ComposerFacts;
  readonly hints: readonly ServerHint[];
  readonly name: string;
  readonly evidence: Evidence[];
  readonly diagnostics: Diagnostic[];
}

/**
 * From an existing tree to a proposed site file, with the evidence for each field. Reads through the port only, never runs the site's code,
 * and gives the same answer for the same tree. Trees that can't be run come back with an error among the diagnostics.
 */
export function detect(tree: Tree, options: DetectOptions): Proposal {
  const survey = surveyTree(tree);
  const scene: Scene = {
    survey,
    composer: readComposer(survey),
    hints: readServerHints(survey),
    name: options.name,
    evidence: [],
    diagnostics: [],
  };
  if (tree.truncated) {
    scene.diagnostics.push(
      treeDiagnostic("truncated", "warning", "The tree is larger than what was read, so the proposal may miss something", {
        hint: "Point Howdah at the site's own directory.",
      }),
    );
  }
  const kind = recognizeKind(survey);
  scene.diagnostics.push(...kind.diagnostics);
  const spec = kind.kind === "php" ? phpSpec(scene, options.recipes) : kind.kind === "static" ? staticSpec(scene, kind.output) : {};
  return {
    site: { apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: options.name }, spec },
    evidence: scene.evidence,
    diagnostics: scene.diagnostics,
  };
}

/** Keeps a finding's evidence and diagnostics, and hands on its value. */
function take<T>(scene: Scene, finding: Finding<T>): T {
  scene.evidence.push(...finding.evidence);
  scene.diagnostics.push(...finding.diagnostics);
  return finding.value;
}

function staticSpec(scene: Scene, output: string | undefined): Spec {
  const root = output ?? take(scene, chooseWebRoot(scene.survey, scene.composer, scene.hints));
  scene.evidence.push({
    field: "spec.runtime",
    value: "none",
    because: "there are pages and no PHP: a static site",
    confidence: "certain",
  });
  const rules = htaccess(scene, root);
  return { web: { root, ...rules.web } };
}

function htaccess(scene: Scene, webRoot: string): HtaccessResult {
  const files = scene.survey.files
    .filter((file) => baseOf(file) === ".htaccess" && isWithin(file, webRoot) && scene.survey.origin(file) !== "vendor")
    .map((path) => ({ path, text: scene.survey.read(path) ?? "" }));
  const result = htaccessToWeb(files, webRoot);
  scene.evidence.push(...result.evidence);
  scene.diagnostics.push(...result.diagnostics);
  return result;
}

function recognized(
  scene: Scene,
  recipes: readonly Recipe[],
): { readonly recipe: Recipe; readonly version: string | undefined } | undefined {
  for (const recipe of recipes) {
    const found = recipe.recognize(scene.survey.tree);
    if (found === undefined) continue;
    scene.evidence.push({ field: "spec.recipe", value: recipe.id, because: found.because, file: found.file, confidence: "certain" });
    return { recipe, version: found.version };
  }
  return undefined;
}

function runtimeSpec(scene: Scene, recipe: ReturnType<typeof recognized>, extra: readonly WantedExtension[]): NonNullable<Spec["runtime"]> {
  const { survey, composer, hints } = scene;
  const found = wantedExtensions(survey, composer, hints);
  const wanted = [...found.filter((each) => !extra.some((own) => own.name === each.name)), ...extra].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const php = take(
    scene,
    choosePhp({
      survey,
      composer,
      hints,
      recipe: recipe?.recipe.phpRange?.(recipe.version),
      hasExtensions: (version) => hasAll(version, wanted),
    }),
  );
  return { php, extensions: [...take(scene, chooseExtensions(php, wanted))] };
}

function ldapOnly(scene: Scene, runtime: NonNullable<Spec["runtime"]>, database: boolean): void {
  const own = scene.survey.php.filter((file) => file.origin === "app");
  const users = own.filter((file) =>
    ["ldap_connect", "ldap_bind", "ldap_search", "ldap_read", "ldap_list"].some((call) => file.calls.has(call)),
  );
  const demands = own.some((file) => file.demandedExtensions.has("ldap"));
  if (database || runtime.extensions?.includes("ldap") !== true || (!demands && users.length < own.length / 50)) return;
  scene.diagnostics.push(
    treeDiagnostic("needs-ldap", "warning", "The application works on an LDAP server, which Howdah doesn't have", {
      path: ["spec", "relationships"],
      hint: "Name your LDAP server in spec.relationships: `ldap: {host: ldap.example.org, port: 389}`.",
    }),
  );
}

function phpSpec(scene: Scene, recipes: readonly Recipe[]): Spec {
  const { survey, composer, hints } = scene;
  const known = recognized(scene, recipes);
  const root = take(scene, chooseWebRoot(survey, composer, hints));
  const database = take(scene, chooseDatabase(survey, composer, hints));
  const drivers = database.drivers.map(
    (name): WantedExtension => ({ name, required: true, because: "its database driver", confidence: "likely" }),
  );
  const runtime = runtimeSpec(scene, known, drivers);
  ldapOnly(scene, runtime, database.needed);
  const commands = take(
    scene,
    chooseCommands(survey, composer, { webRoot: root, schema: database.needed ? installSchema(sqlFiles(survey)) : undefined }),
  );
  const rules = htaccess(scene, root);
  const entry = take(scene, chooseEntry(survey, root, known?.recipe.id ?? baseOf(composer.name ?? scene.name)));
  const jobs = take(scene, chooseCrons(survey, composer));
  const seen: Spec = {
    runtime: { ...runtime, ...commands.runtime, ...(Object.keys(rules.ini).length === 0 ? {} : { ini: rules.ini }) },
    web: { root, ...entry, ...rules.web },
    ...(database.needed ? { database: {} } : {}),
    mounts: take(scene, chooseMounts(survey, composer, hints, root)),
    ...filled("variables", take(scene, chooseVariables(survey, database.needed))),
    ...filled("hooks", commands.hooks),
    ...filled("crons", jobs.crons),
    ...filled("workers", jobs.workers),
  };
  if (known === undefined) return seen;
  const merged = mergeRecipe(seen, known.recipe.spec({ tree: survey.tree, version: known.version }));
  return { ...merged, recipe: known.recipe.id };
}

function filled<K extends string, V extends object>(key: K, value: V): { [P in K]?: V } {
  return Object.keys(value).length === 0 ? {} : ({ [key]: value } as { [P in K]?: V });
}
