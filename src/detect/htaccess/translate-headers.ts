import type { ActiveDirective } from "./active-directives.ts";
import { addLocation, note, notTranslated, type WebDraft } from "./web-draft.ts";

/** Words about answers' headers. */
export const headerDirectives: ReadonlySet<string> = new Set([
  "header",
  "requestheader",
  "expiresbytype",
  "expiresdefault",
  "expiresactive",
]);

/** Translates `Header set` to `headers`, for the directory of the file. */
export function translateHeader({ directive, place, files }: ActiveDirective, draft: WebDraft): void {
  const args = directive.args.filter((word, index) => !(index === 0 && /^(always|onsuccess)$/i.test(word)));
  const [action = "", rawName = "", value = "", condition] = args;
  const name = rawName.replace(/:$/, "");
  const verb = action.toLowerCase();
  if (/^x-content-type-options$/i.test(name)) return; // Howdah sends it always.
  if (verb === "unset" || verb === "edit" || verb === "echo") {
    // Nothing that the site itself sends needs unsetting: X-Powered-By is off, ETag and Vary are nginx's business.
    note(draft, place, "htaccess/ignored", `\`Header ${action} ${name}\` is not carried over`);
    return;
  }
  const sayable = /^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name) && !value.includes("%") && condition === undefined && files === undefined;
  if (sayable && ["set", "append", "add", "merge", "setifempty"].includes(verb)) {
    const path = place.dir === "" ? "/" : place.dir;
    addLocation(draft, place, { headers: { ...draft.locations.get(path)?.headers, [name]: value } });
    return;
  }
  notTranslated(
    draft,
    place,
    `the header ${name} depends on ${files === undefined ? "the request" : `the names ${files.pattern}`}`,
    "Give the location of those files `headers` in spec.web.locations, or let the application send it",
  );
}

const UNITS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/** Seconds of `access plus 1 month 2 days`, `A1209600` or `M3600`; undefined for what Apache would refuse. */
function expirySeconds(text: string): number | undefined {
  const short = /^[AM](\d+)$/i.exec(text.trim())?.[1];
  if (short !== undefined) return Number(short);
  const body = /^(?:access|now|modification)(?:\s+plus)?\s+(.+)$/i.exec(text.trim())?.[1];
  if (body === undefined) return undefined;
  let seconds = 0;
  for (const [, count, unit] of body.matchAll(/(\d+)\s+([a-z]+?)s?\b/gi))
    seconds += Number(count) * (UNITS[unit?.toLowerCase() ?? ""] ?? 0);
  return seconds;
}

/**
 * Translates mod_expires to `expires` of the directory. The site file has one span for all static files of a location,
 * so the shortest of those for scripts, styles, pictures and fonts is taken.
 */
export function translateExpires(directives: readonly ActiveDirective[], draft: WebDraft): void {
  const [first] = directives;
  if (first === undefined) return;
  const active = directives.findLast(({ directive }) => directive.name === "expiresactive");
  if (active !== undefined && /^off$/i.test(active.directive.args[0] ?? "")) return;
  const spans = directives.flatMap(({ directive }) => {
    const byType = directive.name === "expiresbytype";
    if (!byType && directive.name !== "expiresdefault") return [];
    if (byType && !/^(image|font|audio|video)\/|^(text|application)\/(css|javascript|x-javascript)/i.test(directive.args[0] ?? ""))
      return [];
    const seconds = expirySeconds((byType ? directive.args.slice(1) : directive.args).join(" "));
    return seconds === undefined || seconds === 0 ? [] : [{ byType, seconds }];
  });
  const chosen = spans.some(({ byType }) => byType) ? spans.filter(({ byType }) => byType) : spans;
  if (chosen.length === 0) return;
  const shortest = Math.min(...chosen.map(({ seconds }) => seconds));
  if (new Set(chosen.map(({ seconds }) => seconds)).size > 1) {
    note(draft, first.place, "htaccess/simplified", "file types expire differently here; the shortest span is taken for all static files");
  }
  addLocation(draft, first.place, { expires: span(shortest) });
}

function span(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  return seconds % 3600 === 0 ? `${seconds / 3600}h` : `${seconds}s`;
}
