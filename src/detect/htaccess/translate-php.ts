import type { ActiveDirective } from "./active-directives.ts";
import { isPhpOnly } from "./translate-access.ts";
import { addEvidence, addLocation, notTranslated, type WebDraft } from "./web-draft.ts";

/** Words about PHP and about what is handed to it. */
export const phpDirectives: ReadonlySet<string> = new Set([
  "php_value",
  "php_flag",
  "php_admin_value",
  "php_admin_flag",
  "removehandler",
  "removetype",
  "sethandler",
  "addhandler",
  "addtype",
  "forcetype",
]);

/** Translates `php_value` to `runtime.ini`, and every way of switching PHP off in a directory to `scripts: false`. */
export function translatePhp(active: ActiveDirective, draft: WebDraft): void {
  const { directive, place, files } = active;
  const [first = "", second = ""] = directive.args;
  if (directive.name.startsWith("php_")) {
    translateSetting(active, first.toLowerCase(), draft);
    return;
  }
  const aboutPhp = directive.args.some((word) => /\.?ph(p[0-9]?|tml|ar|ps)$/i.test(word)) || (files !== undefined && isPhpOnly(files));
  const off =
    directive.name.startsWith("remove") ||
    (/^(set|add)handler$/.test(directive.name) && /^(none|default-handler|cgi-script)$/i.test(first)) ||
    (/^(addtype|forcetype)$/.test(directive.name) && /^text\/(plain|html)$/i.test(first));
  const wholeDirectory = directive.name === "sethandler" && files === undefined;
  if (off && (aboutPhp || wholeDirectory)) {
    if (place.dir !== "" || wholeDirectory) addLocation(draft, place, { scripts: false });
    return;
  }
  if (/php/i.test(first) && directive.name !== "sethandler") {
    const others = directive.args.slice(1).filter((word) => !/^\.?ph(p[0-9]?|tml)$/i.test(word));
    if (others.length === 0) return;
    notTranslated(
      draft,
      place,
      `\`${directive.name} ${directive.args.join(" ")}\` runs ${others.join(", ")} files as PHP`,
      "Howdah runs .php files only: rename them, or route them through a front controller (spec.web.locations)",
    );
    return;
  }
  if (/php|fcgi|proxy/i.test(first) && second === "") {
    // The hoster's way to choose a PHP version; the site file's runtime.php is that choice.
    return;
  }
}

function translateSetting(active: ActiveDirective, name: string, draft: WebDraft): void {
  const { directive, place } = active;
  const value = directive.args.slice(1).join(" ");
  if (name === "engine") {
    if (/^(off|0|false|no)$/i.test(value)) addLocation(draft, place, { scripts: false });
    return;
  }
  if (!/^[a-z][a-z0-9_.]*$/.test(name)) return;
  if (place.dir !== "" || active.files !== undefined) {
    notTranslated(
      draft,
      place,
      `\`${directive.name} ${name} ${value}\` holds for one directory only`,
      `If the whole site may have it, add \`${name}\` to spec.runtime.ini; else call ini_set() in the scripts`,
    );
    return;
  }
  const setting = directive.name.endsWith("flag") ? (/^(on|1|true|yes)$/i.test(value) ? "On" : "Off") : value;
  draft.ini.set(name, setting);
  addEvidence(draft, place, `spec.runtime.ini.${name}`, setting);
  if (name === "post_max_size" || name === "upload_max_filesize") growBody(draft, setting);
}

/** Requests must be as large as PHP would take them. PHP's notation counts in powers of 1024, as the site file's does. */
function growBody(draft: WebDraft, value: string): void {
  const found = /^(\d+)\s*([kmg]?)$/i.exec(value);
  if (found === null) return;
  const unit = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[found[2]?.toLowerCase() ?? ""] ?? 1;
  growBodyTo(draft, Number(found[1]) * unit);
}

/** Raises the largest request body to `bytes`, in whole MiB. */
export function growBodyTo(draft: WebDraft, bytes: number): void {
  if (bytes > 0) draft.maxBodyMebibytes = Math.max(draft.maxBodyMebibytes ?? 1, Math.ceil(bytes / 1024 ** 2));
}
