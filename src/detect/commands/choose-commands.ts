import type { SiteDocument } from "../../site/schema/site-document.ts";
import { type ComposerFacts, readJson } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import { type Finding, treeDiagnostic } from "../finding.ts";
import { joinPath, type Survey } from "../survey.ts";

type Hooks = NonNullable<NonNullable<SiteDocument["spec"]>["hooks"]>;
type Runtime = { readonly flavour?: "shell"; readonly packages?: string[] };

/** What runs when, and what the image needs so that it can. */
export interface ProposedCommands {
  readonly hooks: Hooks;
  readonly runtime: Runtime;
}

const builtPlaces = [
  "public/build",
  "public/dist",
  "public/assets",
  "public/js",
  "public/css",
  "dist",
  "build",
  "web/build",
  "web/dist",
  "assets/dist",
  "public/mix-manifest.json",
  "public/build/manifest.json",
  "js/dist",
];

function buildSteps(survey: Survey, composer: ComposerFacts): { readonly steps: string[]; readonly evidence: Evidence[] } {
  const steps: string[] = [];
  const evidence: Evidence[] = [];
  const packages = Object.keys(composer.require).filter((name) => name.includes("/"));
  // Without packages composer still writes the autoloader that the code asks for.
  const loads = composer.file !== undefined && readJson(survey, composer.file)["autoload"] !== undefined;
  if (composer.file !== undefined && !composer.vendorPresent && (packages.length > 0 || loads)) {
    const where = composer.directory === "." ? "" : ` --working-dir=${composer.directory}`;
    steps.push(`composer install --no-dev --no-interaction --prefer-dist --optimize-autoloader${where}`);
    evidence.push({
      field: "spec.hooks.build",
      value: "composer install",
      because: `composer.json ${packages.length > 0 ? "requires packages" : "declares an autoloader"} and ${composer.vendorDirectory}/ is missing`,
      file: composer.file,
      confidence: "certain",
    });
  }
  const scripts = readJson(survey, "package.json")["scripts"];
  const names = typeof scripts === "object" && scripts !== null ? Object.keys(scripts) : [];
  const script = ["build", "production", "prod"].find((name) => names.includes(name));
  const built = builtPlaces.some((place) => survey.has(place));
  if (script !== undefined && !built) {
    const locked = survey.has("package-lock.json") || survey.has("npm-shrinkwrap.json");
    steps.push(locked ? "npm ci" : "npm install --no-audit --no-fund", `npm run ${script}`);
    evidence.push({
      field: "spec.hooks.build",
      value: `npm run ${script}`,
      because: "package.json builds assets and none are built",
      file: "package.json",
      confidence: "likely",
    });
  }
  return { steps, evidence };
}

/** Commands that bring a database to the code's state, by the file or package that shows them. The first that fits is taken. */
const migrations: readonly {
  readonly fits: (survey: Survey, composer: ComposerFacts) => string | undefined;
  readonly command: string /** What the migrations are made of. */;
  readonly watch: string[];
}[] = [
  {
    fits: (survey, composer) => (survey.has("artisan") && composer.require["laravel/framework"] !== undefined ? "artisan" : undefined),
    command: "php artisan migrate --force",
    watch: ["migrations", "Migrations", "database/schema", "composer.lock"],
  },
  {
    fits: (survey, composer) =>
      survey.has("bin/console") &&
      Object.keys(composer.require).some((name) => /^doctrine\/(doctrine-migrations-bundle|migrations)$/.test(name))
        ? "bin/console"
        : undefined,
    command: "php bin/console doctrine:migrations:migrate --no-interaction --allow-no-migration",
    watch: ["migrations", "Migrations", "DoctrineMigrations", "doctrine_migrations.*"],
  },
  {
    fits: (survey, composer) =>
      composer.require["robmorgan/phinx"] !== undefined && (survey.has("phinx.php") || survey.has("phinx.yml"))
        ? "composer.json"
        : undefined,
    command: "php vendor/bin/phinx migrate",
    watch: ["migrations", "phinx.*"],
  },
  {
    fits: (survey) => (survey.has("think") && survey.directories.has("database/migrations") ? "think" : undefined),
    command: "php think migrate:run",
    watch: ["migrations"],
  },
  {
    fits: (survey) => (survey.has("spark") && survey.directories.has("app/Database/Migrations") ? "spark" : undefined),
    command: "php spark migrate --all",
    watch: ["Migrations"],
  },
  {
    fits: (survey) => (survey.has("yii") && survey.directories.has("migrations") ? "yii" : undefined),
    command: "php yii migrate --interactive=0",
    watch: ["migrations"],
  },
  {
    fits: (survey) => (survey.has("bin/cake") && survey.directories.has("config/Migrations") ? "bin/cake" : undefined),
    command: "php bin/cake.php migrations migrate",
    watch: ["Migrations"],
  },
];

function migrateStep(
  survey: Survey,
  composer: ComposerFacts,
): { readonly migrate?: { run: string; watch: string[] }; readonly evidence: Evidence[] } {
  for (const each of migrations) {
    const file = each.fits(survey, composer);
    if (file !== undefined)
      return {
        migrate: { run: each.command, watch: each.watch },
        evidence: [
          { field: "spec.hooks.migrate", value: each.command, because: `it has ${file} with migrations`, file, confidence: "likely" },
          {
            field: "spec.hooks.migrate.watch",
            value: each.watch.join(", "),
            because: "that is what its migrations are made of: other changes need none",
            file,
            confidence: "likely",
          },
        ],
      };
  }
  return { evidence: [] };
}

const shellCalls = ["exec", "shell_exec", "proc_open", "popen", "system", "passthru"];
/** Programs that code starts, with Debian's package. */
const programs: Readonly<Record<string, string>> = {
  convert: "imagemagick",
  identify: "imagemagick",
  mogrify: "imagemagick",
  diff: "diffutils",
  diff3: "diffutils",
  mysqldump: "mariadb-client",
  ffmpeg: "ffmpeg",
  rrdtool: "rrdtool",
  aspell: "aspell",
  unzip: "unzip",
  dot: "graphviz",
  pdftotext: "poppler-utils",
};
/** A literal that begins with a program: `'/usr/bin/convert '`, `"git log"`. */
const programWord =
  /["'`](?:\/usr(?:\/local)?\/bin\/)(convert|identify|mogrify|diff3?|mysqldump|ffmpeg|rrdtool|aspell|unzip|dot|pdftotext)\b|(?:exec|popen|proc_open|system|passthru)\s*\(\s*["'`](convert|identify|mogrify|diff3?|mysqldump|ffmpeg|rrdtool|aspell|unzip|dot|pdftotext)\b/g;

function shellNeed(survey: Survey): { readonly runtime: Runtime; readonly evidence: Evidence[] } {
  const users = survey.php.filter((file) => file.origin === "app" && shellCalls.some((call) => file.calls.has(call)));
  const first = users[0];
  if (first === undefined) return { runtime: {}, evidence: [] };
  const call = shellCalls.find((name) => first.calls.has(name)) ?? "exec";
  const line = survey.line(first.path, first.calls.get(call) ?? 0);
  const packages = new Set<string>();
  for (const file of users.slice(0, 200)) {
    const text = survey.read(file.path) ?? "";
    for (const found of text.matchAll(programWord)) packages.add(programs[found[1] ?? found[2] ?? ""] ?? "coreutils");
  }
  const because = `it runs other programs (${call}${users.length > 1 ? `, in ${users.length} files` : ""})`;
  const evidence: Evidence[] = [
    {
      field: "spec.runtime.flavour",
      value: "shell",
      because,
      file: first.path,
      ...(line === undefined ? {} : { line }),
      confidence: "likely",
    },
  ];
  return { runtime: { flavour: "shell", ...(packages.size === 0 ? {} : { packages: [...packages].sort() }) }, evidence };
}

/** Where a person installs by browser; a schema is then the installer's business. */
function webInstaller(survey: Survey, webRoot: string): string | undefined {
  return [
    "install.php",
    "install/index.php",
    "installer/index.php",
    "setup/index.php",
    "setup.php",
    "install/install.php",
    "admin/install.php",
    "mw-config/index.php",
  ]
    .map((name) => joinPath(webRoot, name))
    .find((path) => survey.has(path));
}

/** Proposes hooks from what the tree shows. `schema` is the one file that sets up an empty database, when there is one. */
export function chooseCommands(
  survey: Survey,
  composer: ComposerFacts,
  context: { readonly webRoot: string; readonly schema?: string | undefined },
): Finding<ProposedCommands> {
  const build = buildSteps(survey, composer);
  const migrate = migrateStep(survey, composer);
  const shell = shellNeed(survey);
  const installer = webInstaller(survey, context.webRoot);
  const schema = migrate.migrate === undefined && installer === undefined ? context.schema : undefined;
  const evidence = [...build.evidence, ...migrate.evidence, ...shell.evidence];
  if (schema !== undefined)
    evidence.push({
      field: "spec.hooks.install",
      value: schema,
      because: "it sets up the tables and there is no installer",
      file: schema,
      confidence: "guess",
    });
  const hooks: Hooks = {
    ...(build.steps.length === 0 ? {} : { build: build.steps.length === 1 ? (build.steps[0] ?? []) : build.steps }),
    ...(schema === undefined ? {} : { install: { sql: schema } }),
    ...(migrate.migrate === undefined ? {} : { migrate: migrate.migrate }),
  };
  const diagnostics =
    installer === undefined
      ? []
      : [
          treeDiagnostic(
            "web-installer",
            "info",
            `It is installed in the browser, at /${installer.slice(context.webRoot === "." ? 0 : context.webRoot.length + 1)}`,
            {
              path: ["spec", "hooks", "install"],
              hint: "Open that page after `howdah up`, or put a command into spec.hooks.install.",
              file: installer,
            },
          ),
        ];
  return { value: { hooks, runtime: shell.runtime }, evidence, diagnostics };
}
