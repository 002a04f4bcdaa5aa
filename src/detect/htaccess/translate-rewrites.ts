import { riskyRegex } from "../../kernel/risky-regex.ts";
import type { ActiveDirective } from "./active-directives.ts";
import { regexToGlobs } from "./regex-to-globs.ts";
import { absolutePattern, fileTests, isCatchAll, withPathConditions } from "./rewrite-pattern.ts";
import { type RewriteCondition, type RewriteRule, readCondition, readRule } from "./rewrite-rule.ts";
import { addDeny, addLocation, addRewrite, note, notTranslated, type Place, type WebDraft } from "./web-draft.ts";

/** Words of mod_rewrite. */
export const rewriteDirectives: ReadonlySet<string> = new Set([
  "rewriteengine",
  "rewritebase",
  "rewritecond",
  "rewriterule",
  "rewriteoptions",
  "rewritemap",
]);

interface Rewriting {
  readonly draft: WebDraft;
  readonly place: Place;
  /** With leading and trailing slash. */
  readonly base: string;
  /** An earlier rule already lets existing files through. */
  readonly existingServed: boolean;
}

/** Translates the rewriting of one file, in order: each rule becomes a location, a deny pattern, a rewrite, nothing (native), or a diagnostic. */
export function translateRewrites(directives: readonly ActiveDirective[], draft: WebDraft): void {
  let engine = false;
  let base: string | undefined;
  let conditions: RewriteCondition[] = [];
  let existingServed = false;
  for (const { directive, place } of directives) {
    if (directive.name === "rewriteengine") engine = /^on$/i.test(directive.args[0] ?? "");
    else if (directive.name === "rewritebase") base = `${(directive.args[0] ?? "/").replace(/\/+$/, "")}/`;
    else if (directive.name === "rewritecond") conditions.push(readCondition(directive));
    else if (directive.name === "rewriterule") {
      const rule = readRule(directive, conditions);
      conditions = [];
      if (!engine) continue;
      existingServed ||= isExistingServed(rule);
      translateRule(rule, { draft, place, base: base ?? `${place.dir}/`, existingServed });
    } else if (directive.name === "rewritemap") {
      notTranslated(
        draft,
        place,
        "RewriteMap looks up a table",
        "Write the table's lines as spec.web.rewrites, or route in the application",
      );
    }
  }
}

/** `RewriteCond -f [OR]`, `-d`, `RewriteRule ^ - [L]`: what is there is served as it is. */
function isExistingServed({ target, conditions, pattern }: RewriteRule): boolean {
  const tests = fileTests(conditions);
  return target === "-" && tests.isThere && tests.others.length === 0 && isCatchAll(pattern);
}

function translateRule(rule: RewriteRule, at: Rewriting): void {
  const blocked = unsayable(rule);
  if (blocked !== undefined) return lose(rule, at, blocked);
  if (rule.flags.has("F") || rule.flags.has("G") || /^[45]\d\d$/.test(rule.flags.get("R") ?? "")) return translateRefusal(rule, at);
  if (rule.target === "-") return translateStop(rule, at);
  if (isHttpsRedirect(rule)) {
    return note(
      at.draft,
      at.place,
      "htaccess/tls",
      "sends plain HTTP to HTTPS",
      "The edge does that by itself once spec.tls.mode is not `off`",
    );
  }
  if (isNative(rule)) return undefined;
  const target = targetUrl(rule, at.base);
  if (target === undefined) return lose(rule, at, "its target is made of server variables");
  if (rule.flags.has("R") || /^https?:\/\//i.test(target)) return translateRedirect(rule, target, at);
  if (isCatchAll(rule.pattern) || (rule.negated && /\\\.|\(/.test(rule.pattern))) {
    if (translateFrontController(rule, target, at)) return undefined;
  }
  return translateGeneral(rule, target, at);
}

function unsayable({ flags }: RewriteRule): string | undefined {
  if (flags.has("P")) return "it hands the request to another server";
  if (flags.has("C") || flags.has("S") || flags.has("N")) return "it jumps to other rules";
  if (flags.has("CO")) return "it sets a cookie";
  return flags.has("T") || flags.has("H") ? "it sets a type or handler" : undefined;
}

function lose(rule: RewriteRule, at: Rewriting, because: string): undefined {
  const text = `RewriteRule ${rule.negated ? "!" : ""}${rule.pattern} ${rule.target}`;
  notTranslated(
    at.draft,
    at.place,
    `\`${text}\` is left out: ${because}`,
    "If the site needs it, write it under spec.web.rewrites or do it in the application",
  );
  return undefined;
}

function translateRefusal(rule: RewriteRule, at: Rewriting): undefined {
  // `\.(?!well-known)` and its kin: dot files are never served anyway.
  if (
    /^"?(\^|\(\^\|\/\)|\/\\\.\|\^|\(\?:\^\|\/\))?"?\(?(\?:)?\\\./.test(rule.pattern) &&
    /well-known|git|ht|svn|^\(\^\|\/\)\\\.|^\(\?:\^\|\/\)\\\./.test(rule.pattern) &&
    !rule.pattern.includes("|autotest")
  ) {
    return undefined;
  }
  const others = fileTests(rule.conditions).others;
  const onlyNarrows = others.every(({ negated, subject, or }) => negated && !or && subject === "%{REQUEST_URI}");
  if (others.length > 0 && !onlyNarrows)
    return lose(rule, at, `it depends on ${[...new Set(others.map(({ subject }) => subject))].join(", ")}`);
  if (others.length > 0 || rule.negated) return lose(rule, at, "it denies all but some names");
  if (isCatchAll(rule.pattern)) {
    addLocation(at.draft, at.place, { allow: false });
    return undefined;
  }
  const globs = regexToGlobs(rule.pattern);
  if (globs === undefined) return lose(rule, at, "the paths that it denies can't be said as patterns");
  addDeny(
    at.draft,
    at.place,
    globs.map((glob) => denyPattern(glob, at.place.dir)).filter((glob) => glob !== "/" && glob !== "/**" && !glob.startsWith("/.")),
  );
  return undefined;
}

/** A glob relative to a directory as a deny pattern: `**.sql` is any file of that name, `conf/**` a directory. */
function denyPattern(glob: string, dir: string): string {
  const path = glob.replace(/^(\*\*)?\//, (_, any: string | undefined) => any ?? "");
  if (dir === "" && path.startsWith("**") && !path.slice(2).includes("/"))
    return path.slice(2).includes("**") || path.startsWith("***") ? `/${path}` : `*${path.slice(2)}`;
  return `${dir}/${path}`.replace(/\/\*\*$/, "") || "/";
}

function translateStop(rule: RewriteRule, at: Rewriting): undefined {
  const foreign = rule.environment.filter(
    (entry) => !/^(HTTP_)?AUTHORIZATION:|^(BASE|REWRITEBASE|CWD|CORS|protossl\w*|HTTP_X_XSRF_TOKEN)(:|$)|^HTTP_/i.test(entry.trim()),
  );
  for (const entry of foreign) {
    note(
      at.draft,
      at.place,
      "htaccess/ignored",
      `sets the server variable ${entry.split(":")[0] ?? entry}`,
      "If the application reads it, add it to spec.variables",
    );
  }
  const stops = rule.flags.has("L") || rule.flags.has("END");
  if (!stops || rule.environment.length > 0 || isExistingServed(rule) || isNative(rule)) return undefined;
  const globs = rule.conditions.length === 0 ? regexToGlobs(rule.pattern) : undefined;
  if (globs?.every((glob) => /^[A-Za-z0-9._-]+(\/(\*\*)?)?$/.test(glob))) {
    // Names that the front controller must not get: a location of their own has none.
    for (const glob of globs) addLocation(at.draft, { ...at.place, dir: `${at.place.dir}/${glob.replace(/\/(\*\*)?$/, "")}` }, {});
    return undefined;
  }
  note(
    at.draft,
    at.place,
    "htaccess/ignored",
    `\`RewriteRule ${rule.pattern} -\` only ends rewriting, which the site file's locations do not need`,
  );
  return undefined;
}

function isHttpsRedirect({ conditions, target }: RewriteRule): boolean {
  return (
    target.startsWith("https://") && conditions.some(({ subject }) => /HTTPS|SERVER_PORT|X-Forwarded-Proto|REQUEST_SCHEME/i.test(subject))
  );
}

/** Rules whose only purpose is to keep Apache's rewriting from looping, or that repeat what is there. */
function isNative(rule: RewriteRule): boolean {
  if (rule.target === "-" && /^\^?index\\?\.php(\$|\b)/.test(rule.pattern)) return true;
  return rule.conditions.some(({ subject }) => /REDIRECT_STATUS|REDIRECT_URL/.test(subject));
}

function targetUrl(rule: RewriteRule, base: string): string | undefined {
  const plain = rule.target
    .replace(/^%\{ENV:(BASE|REWRITEBASE|CWD|REWRITE_BASE)\}\/?/i, "")
    .replace(/^https?:\/\/%\{(HTTP_HOST|SERVER_NAME)\}/i, "");
  const url = plain.startsWith("/") || /^https?:\/\//i.test(plain) ? plain : `${base}${plain}`;
  return /%\{|%\d/.test(url.replace(/^\/?%1$/, "$1").replace(/%1(?!\d)/, "")) ? undefined : url.replace(/^\/%1/, "%1");
}

function translateRedirect(rule: RewriteRule, target: string, at: Rewriting): undefined {
  const asked = Number(rule.flags.get("R"));
  const status = asked === 301 || asked === 307 || asked === 308 ? asked : rule.flags.get("R") === "permanent" ? 301 : 302;
  const tests = fileTests(rule.conditions);
  const slash =
    tests.others.length === 1 &&
    tests.others[0]?.subject === "%{REQUEST_URI}" &&
    tests.others[0].pattern === "(.+)/$" &&
    target.endsWith("%1");
  const ifNoFile = tests.noFile || tests.noDirectory || at.existingServed;
  if (slash) {
    addRewrite(at.draft, at.place, { from: "^(.+)/$", to: "$1", ifNoFile, redirect: status });
    return undefined;
  }
  if (target.includes("%")) return lose(rule, at, "its target uses what a condition caught");
  const from = patternFor(rule, tests.others, at);
  if (typeof from !== "string") return lose(rule, at, from.because);
  if (tests.isThere) return lose(rule, at, "it asks that a file is there");
  addRewrite(at.draft, at.place, { from, to: target, ...(ifNoFile ? { ifNoFile } : {}), redirect: status });
  return undefined;
}

function translateFrontController(rule: RewriteRule, target: string, at: Rewriting): boolean {
  const shape =
    /^(\/[A-Za-z0-9_./-]*\.php)(?:(\/\$[01])|\?([A-Za-z0-9_]+)=\/?(?:\$[01])(?:&%\{QUERY_STRING\})?|\?%\{QUERY_STRING\}|\?\$args)?$/.exec(
      target,
    );
  if (shape?.[1] === undefined) return webRootRule(rule, target, at);
  const tests = fileTests(rule.conditions);
  const foreign = tests.others.filter(
    ({ subject, negated }) => !(subject === "%{REQUEST_URI}" && negated) && !/REQUEST_METHOD/.test(subject),
  );
  if (foreign.length > 0 || tests.isThere) return false;
  if (!tests.noFile && !tests.noDirectory && !at.existingServed && !rule.negated) {
    note(
      at.draft,
      at.place,
      "htaccess/simplified",
      "sends even existing files through the front controller; nginx serves those that are there itself",
    );
  }
  const pathInfo = shape[2] !== undefined || rule.environment.some((entry) => entry.startsWith("PATH_INFO:"));
  addLocation(at.draft, at.place, {
    passthru: shape[1],
    ...(pathInfo ? { pathInfo: true } : {}),
    ...(shape[3] === undefined ? {} : { query: shape[3] }),
  });
  return true;
}

/** `RewriteRule ^(.*)$ public/$1`: a hoster's way to have another web root. */
function webRootRule(rule: RewriteRule, target: string, at: Rewriting): boolean {
  const directory = /^\/([A-Za-z0-9_-]+)\/\$[01]$/.exec(target)?.[1];
  if (directory === undefined || !isCatchAll(rule.pattern)) return false;
  note(
    at.draft,
    at.place,
    "htaccess/web-root",
    `serves everything from ${directory}/`,
    `Let spec.web.root be \`${directory}\`; then no rule is needed`,
  );
  return true;
}

function translateGeneral(rule: RewriteRule, target: string, at: Rewriting): undefined {
  const tests = fileTests(rule.conditions);
  if (rule.negated || tests.isThere) return lose(rule, at, rule.negated ? "it takes all but some names" : "it asks that a file is there");
  if (target.includes("%")) return lose(rule, at, "its target uses what a condition caught");
  const from = patternFor(rule, tests.others, at);
  if (typeof from !== "string") return lose(rule, at, from.because);
  addRewrite(at.draft, at.place, {
    from,
    to: target,
    ...(tests.noFile || tests.noDirectory || at.existingServed ? { ifNoFile: true } : {}),
  });
  return undefined;
}

function patternFor(rule: RewriteRule, others: readonly RewriteCondition[], at: Rewriting): string | { readonly because: string } {
  if (rule.negated) return { because: "it takes all but some names" };
  const absolute = absolutePattern(rule.pattern, at.place.dir);
  const folded = absolute === undefined ? undefined : withPathConditions(absolute, others);
  if (absolute !== undefined && folded === undefined)
    return { because: `it depends on ${[...new Set(others.map(({ subject }) => subject))].join(", ")}` };
  const pattern = rule.flags.has("NC") ? `(?i)${folded ?? ""}` : (folded ?? "");
  const risk = folded === undefined ? "its pattern can't be read" : riskyRegex(pattern);
  return risk === undefined ? pattern : { because: risk };
}
