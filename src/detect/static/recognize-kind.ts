import type { Diagnostic } from "../../kernel/diagnostic.ts";
import { readJson } from "../composer-facts.ts";
import { treeDiagnostic } from "../finding.ts";
import type { Survey } from "../survey.ts";

/** What kind of site a tree is. `none`: nothing here can be served. */
export interface SiteKind {
  readonly kind: "php" | "static" | "none";
  /** For a static site made by a generator: where its pages go. */
  readonly output?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Generators that need something the builder doesn't have, by a file of theirs. */
const generators: readonly (readonly [RegExp, string, string])[] = [
  [/^(hugo\.(toml|yaml|json)|config\/_default\/hugo\.toml)$/, "Hugo", "public"],
  [/^_config\.ya?ml$/, "Jekyll", "_site"],
  [/^mkdocs\.ya?ml$/, "MkDocs", "site"],
  [/^(pelicanconf\.py)$/, "Pelican", "output"],
  [/^(\.eleventy\.js|eleventy\.config\.\w+)$/, "Eleventy", "_site"],
  [/^astro\.config\.\w+$/, "Astro", "dist"],
  [/^(docusaurus\.config\.\w+)$/, "Docusaurus", "build"],
  [/^gatsby-config\.\w+$/, "Gatsby", "public"],
];

const others: readonly (readonly [RegExp, string])[] = [
  [/^(manage\.py|wsgi\.py|asgi\.py|app\.py|main\.py|requirements\.txt|pyproject\.toml|setup\.py|Pipfile)$/, "Python"],
  [/^(Gemfile|config\.ru|Rakefile)$/, "Ruby"],
  [/^(go\.mod|main\.go)$/, "Go"],
  [/^(pom\.xml|build\.gradle(\.kts)?)$/, "Java"],
  [/^(Cargo\.toml)$/, "Rust"],
];

function isNodeServer(survey: Survey): boolean {
  const manifest = readJson(survey, "package.json");
  const scripts = typeof manifest["scripts"] === "object" && manifest["scripts"] !== null ? manifest["scripts"] : {};
  const dependencies = JSON.stringify(manifest["dependencies"] ?? {});
  return "start" in scripts || /"(express|koa|fastify|next|nuxt|@nestjs\/core|hapi|ghost)"/.test(dependencies);
}

function generated(survey: Survey): SiteKind | undefined {
  const found = generators.find(([pattern]) => survey.files.some((file) => pattern.test(file)));
  if (found === undefined) return undefined;
  const [, name, output] = found;
  const built = survey.has(`${output}/index.html`);
  const severity = built ? "info" : "warning";
  const message = built
    ? `${name} made the pages in ${output}/: run it again before each \`howdah up\``
    : `${name} makes this site's pages, but ${output}/ is not there`;
  const hint = "Run the generator before `howdah up`, or in a build hook of an image that has it.";
  return {
    kind: "static",
    ...(built ? { output } : {}),
    diagnostics: [treeDiagnostic("generator", severity, message, { path: ["spec", "web", "root"], hint })],
  };
}

/** Tells PHP, static and foreign trees apart. One stray PHP file in a tree of another language doesn't make it PHP. */
export function recognizeKind(survey: Survey): SiteKind {
  const pages = survey.files.filter((file) => /\.(html?|xhtml)(\.gz)?$/i.test(file) && survey.origin(file) !== "vendor").length;
  const foreign =
    others.find(([pattern]) => survey.files.some((file) => pattern.test(file)))?.[1] ??
    (survey.has("package.json") && isNodeServer(survey) ? "Node" : undefined);
  const own = survey.php.filter((file) => file.origin !== "vendor").length;
  const manifest = survey.has("composer.json");
  if (own > 0 && (manifest || own > 2 || foreign === undefined)) return { kind: "php", diagnostics: [] };
  const site = generated(survey);
  if (site !== undefined) return site;
  if (foreign !== undefined && !survey.has("index.html")) {
    const diagnostic = treeDiagnostic("foreign", "error", `This is a ${foreign} program: Howdah runs PHP and static sites`, {
      hint: "Point Howdah at the directory with the PHP code or the finished pages.",
    });
    return { kind: "none", diagnostics: [diagnostic] };
  }
  if (manifest && pages === 0) return { kind: "php", diagnostics: [] };
  if (pages > 0) return { kind: "static", diagnostics: [] };
  const files = survey.files.length;
  const diagnostic = treeDiagnostic("empty", "error", files === 0 ? "The directory is empty" : "The directory has neither PHP nor pages", {
    hint: "Point Howdah at the directory that holds the site's code.",
  });
  return { kind: "none", diagnostics: [diagnostic] };
}
