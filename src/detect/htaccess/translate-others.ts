import { riskyRegex } from "../../kernel/risky-regex.ts";
import type { ActiveDirective } from "./active-directives.ts";
import { regexToGlobs } from "./regex-to-globs.ts";
import { escapeRegex } from "./rewrite-pattern.ts";
import { growBodyTo } from "./translate-php.ts";
import { addDeny, addEvidence, addRewrite, note, notTranslated, type WebDraft } from "./web-draft.ts";

type Translate = (active: ActiveDirective, draft: WebDraft) => void;

/** Directives that nginx needs no word for, each with the reason. */
const NATIVE: Readonly<Record<string, string>> = {
  adddefaultcharset: "PHP sends its charset, and pages name their own",
  addcharset: "PHP sends its charset, and pages name their own",
  addencoding: "precompressed files are found by nginx itself",
  addlanguage: "languages are the application's business",
  addoutputfilterbytype: "compression is on",
  browsermatch: "only ancient browsers need it",
  browsermatchnocase: "only ancient browsers need it",
  contentdigest: "deprecated by HTTP itself",
  deflatecompressionlevel: "compression is on",
  directoryslash: "nginx adds the slash to directories",
  enablemmap: "a matter of Apache's memory",
  enablesendfile: "sendfile is on",
  fileetag: "nginx makes ETags from time and size",
  modpagespeed: "no such module",
  requestreadtimeout: "a matter of the server, not of a site",
  secfilterengine: "ModSecurity is a module of its own: spec.web.modules",
  secfilterscanpost: "ModSecurity is a module of its own: spec.web.modules",
  secruleengine: "ModSecurity is a module of its own: spec.web.modules",
  serversignature: "nginx says no version",
  setoutputfilter: "compression is on",
  allowoverride: "a matter of Apache",
  acceptpathinfo: "path info reaches every script that exists",
  cgipassauth: "Authorization reaches PHP",
  cookietracking: "not wanted",
  errorlog: "the log is the container's",
  limitrequestfields: "a matter of the server, not of a site",
  indexignore: "directories are never listed",
  indexoptions: "directories are never listed",
};

const translators: Readonly<Record<string, Translate>> = {
  directoryindex: ({ directive, place }, draft) => {
    const names = directive.args.filter((word) => /^[A-Za-z0-9._-]+$/.test(word) && word !== "disabled");
    if (place.dir !== "")
      return note(
        draft,
        place,
        "htaccess/ignored",
        `DirectoryIndex ${directive.args.join(" ")} holds for ${place.dir} only; the site file has one list for the site`,
      );
    if (names.length === 0) return undefined;
    draft.index = names;
    return addEvidence(draft, place, "spec.web.index", names.join(" "));
  },
  directoryindexredirect: () => undefined,
  errordocument: ({ directive, place }, draft) => {
    const [status = "", target = ""] = directive.args;
    // Drupal and others: the front controller as page for what is missing, which passthru already does.
    if (/^\/?index\.php/.test(target)) return;
    notTranslated(
      draft,
      place,
      `ErrorDocument ${status} shows ${target.slice(0, 60)}`,
      "Own error pages are the application's business: let its front controller answer",
    );
  },
  fallbackresource: ({ directive, place }, draft) => {
    const [target = ""] = directive.args;
    if (!/^\/[A-Za-z0-9_./-]+\.php$/.test(target)) return;
    const path = place.dir === "" ? "/" : place.dir;
    draft.locations.set(path, { ...draft.locations.get(path), passthru: target });
    addEvidence(draft, place, `spec.web.locations.${path}`, `passthru: ${target}`);
  },
  options: ({ directive, place }, draft) => {
    if (directive.args.some((word) => /^\+?(indexes|all)$/i.test(word))) {
      notTranslated(draft, place, "Options Indexes lists directories", "Howdah never lists directories; let a script do it");
    }
  },
  redirect: translateRedirect,
  redirectpermanent: (active, draft) => translateRedirect(prepend(active, "301"), draft),
  redirecttemp: (active, draft) => translateRedirect(prepend(active, "302"), draft),
  redirectmatch: translateRedirectMatch,
  limitrequestbody: ({ directive, place }, draft) => {
    growBodyTo(draft, Number(directive.args[0]));
    addEvidence(draft, place, "spec.web.maxBodySize", directive.args[0] ?? "");
  },
  setenv: ({ directive, place }, draft) => {
    const [name = "", value = ""] = directive.args;
    notTranslated(
      draft,
      place,
      `SetEnv ${name} sets a variable of PHP`,
      `Add it to spec.variables: ${name}: ${/pass|secret|key|token/i.test(name) ? "{ secret: … }" : JSON.stringify(value)}`,
    );
  },
  setenvif: translateSetEnvIf,
  setenvifnocase: translateSetEnvIf,
};

function translateSetEnvIf({ directive, place }: ActiveDirective, draft: WebDraft): void {
  // The usual one hands Authorization to PHP, which nginx does anyway.
  if (/^\^?authorization\$?$/i.test(directive.args[0] ?? "")) return;
  note(draft, place, "htaccess/ignored", `${directive.name} ${directive.args.join(" ")} is not carried over`);
}

function prepend(active: ActiveDirective, status: string): ActiveDirective {
  return { ...active, directive: { ...active.directive, args: [status, ...active.directive.args] } };
}

const STATUS: Readonly<Record<string, number>> = { permanent: 301, temp: 302, seeother: 302, gone: 410 };

function redirectArgs(args: readonly string[]): { status: number; from: string; to: string | undefined } {
  const [first = "", ...rest] = args;
  const status = STATUS[first.toLowerCase()] ?? (/^\d{3}$/.test(first) ? Number(first) : undefined);
  const [from = "", to] = status === undefined ? args : rest;
  return { status: status ?? 302, from, to };
}

function translateRedirect({ directive, place }: ActiveDirective, draft: WebDraft): void {
  const { status, from, to } = redirectArgs(directive.args);
  if (status >= 400) {
    addDeny(draft, place, /^\/[A-Za-z0-9/._~-]+$/.test(from) ? [from] : []);
    return;
  }
  if (to === undefined) return;
  const redirect = status === 301 || status === 307 || status === 308 ? status : 302;
  addRewrite(draft, place, { from: `^${escapeRegex(from.replace(/\/$/, ""))}(/.*)?$`, to: `${to.replace(/\/$/, "")}$1`, redirect });
}

function translateRedirectMatch({ directive, place }: ActiveDirective, draft: WebDraft): void {
  const { status, from, to } = redirectArgs(directive.args);
  if (status >= 400) {
    // `/\.git`, `\.(?!well-known)`: dot files are never served anyway.
    if (/^\(?(\?i\))?\(?(\^|\/)?[^|]*\\\./.test(from) && /\/\\\.|\(\^\|\/\)\\\.|^\\\./.test(from)) return;
    const globs = regexToGlobs(from);
    if (globs === undefined) {
      notTranslated(
        draft,
        place,
        `\`RedirectMatch ${status} ${from}\` denies paths that can't be said as patterns`,
        "Add them to spec.web.deny by hand",
      );
      return;
    }
    addDeny(
      draft,
      place,
      globs
        .map((glob) => (glob.startsWith("/") ? glob : `/${glob}`).replace(/\/\*\*$/, ""))
        .filter((glob) => glob !== "/**" && glob !== ""),
    );
    return;
  }
  const risk = riskyRegex(from);
  if (to === undefined || risk !== undefined) {
    notTranslated(
      draft,
      place,
      `\`RedirectMatch ${from}\` is left out: ${risk ?? "it has no target"}`,
      "Write it in another way under spec.web.rewrites",
    );
    return;
  }
  // `RedirectMatch ^/$ /index.php/`: what the index already does.
  addRewrite(draft, place, { from, to, redirect: status === 301 || status === 307 || status === 308 ? status : 302 });
}

/** Translates one directive that no other part knows; what nobody knows is named. */
export function translateOther(active: ActiveDirective, draft: WebDraft): void {
  const { directive, place } = active;
  const translate = translators[directive.name];
  if (translate !== undefined) {
    translate(active, draft);
    return;
  }
  if (directive.name in NATIVE) return;
  const auth = directive.name.startsWith("auth");
  notTranslated(
    draft,
    place,
    auth ? `${directive.name} asks for a password` : `the directive ${directive.name} has no counterpart in the site file`,
    auth
      ? "Passwords in front of a site are not part of the site file yet; protect the path in the application"
      : "If the site needs it, look for a field of spec.web: `howdah explain spec.web`",
  );
}
