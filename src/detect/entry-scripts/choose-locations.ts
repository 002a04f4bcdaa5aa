import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { Evidence } from "../evidence.ts";
import type { Finding } from "../finding.ts";
import { baseOf, directoryOf, isWithin, joinPath, type Survey } from "../survey.ts";

type Web = NonNullable<NonNullable<SiteDocument["spec"]>["web"]>;

const routingPackages = /\b(?:AltoRouter|FastRoute|Klein|Slim|Flight|FrontController|HttpKernel|Router|Dispatcher)\b/;

/** The script that visitors enter by when there is no index file: named like the application, or the only one. */
function entryScript(survey: Survey, webRoot: string, name: string): string | undefined {
  const scripts = survey.php.filter(
    (file) =>
      directoryOf(file.path) === webRoot && file.path.endsWith(".php") && !/config|\.inc\.|functions|settings/i.test(baseOf(file.path)),
  );
  const named = scripts.find((file) => baseOf(file.path).toLowerCase() === `${name.toLowerCase()}.php`);
  const usual = scripts.find((file) => /^(main|home|start|default|login|app|inizio)\.php$/i.test(baseOf(file.path)));
  const chosen = named ?? usual ?? (scripts.length === 1 ? scripts[0] : undefined);
  return chosen === undefined ? undefined : baseOf(chosen.path);
}

/** True when the code behind an index file routes URLs itself: then requests for no file belong to it. */
function routes(survey: Survey, index: string, webRoot: string): { readonly because: string; readonly file: string } | undefined {
  const own = survey.php.find((file) => file.path === index);
  if (own === undefined) return undefined;
  if (own.routes) return { because: "it reads the requested path", file: index };
  const text = survey.read(index) ?? "";
  if (
    /->(?:run|handle|dispatch|send|execute)\s*\(|Kernel|autoload(?:_runtime)?\.php/.test(text) &&
    text.length < 12_000 &&
    webRoot !== "."
  ) {
    return { because: "it hands every request to a kernel", file: index };
  }
  if (routingPackages.test(text) && text.length < 8_000) return { because: "it starts a router", file: index };
  const others = survey.php.filter((file) => directoryOf(file.path) === webRoot && file.path.endsWith(".php") && file.path !== index);
  const router = survey.php.find(
    (file) =>
      file.routes &&
      file.origin === "app" &&
      !isWithin(file.path, joinPath(webRoot, "install")) &&
      /rout|dispatch|request|url|front|boot|kernel|app/i.test(baseOf(file.path)),
  );
  return others.length <= 3 && router !== undefined
    ? { because: "the application routes by the requested path", file: router.path }
    : undefined;
}

/** The front controller and index script, from the tree's code. A `.htaccess` says it more exactly, where there is one. */
export function chooseEntry(survey: Survey, webRoot: string, name: string): Finding<Pick<Web, "index" | "locations">> {
  const index = joinPath(webRoot, "index.php");
  if (!survey.has(index)) {
    const hasPage = ["index.html", "index.htm"].some((page) => survey.has(joinPath(webRoot, page)));
    const script = hasPage ? undefined : entryScript(survey, webRoot, name);
    if (script === undefined) return { value: {}, evidence: [], diagnostics: [] };
    const evidence: Evidence[] = [
      {
        field: "spec.web.index",
        value: script,
        because: "there is no index file and this script is the entry",
        file: joinPath(webRoot, script),
        confidence: "guess",
      },
    ];
    return { value: { index: [script, "index.html"] }, evidence, diagnostics: [] };
  }
  const found = routes(survey, index, webRoot);
  if (found === undefined) return { value: {}, evidence: [], diagnostics: [] };
  const evidence: Evidence[] = [
    { field: "spec.web.locations./.passthru", value: "/index.php", because: found.because, file: found.file, confidence: "likely" },
  ];
  return { value: { locations: { "/": { passthru: "/index.php" } } }, evidence, diagnostics: [] };
}
