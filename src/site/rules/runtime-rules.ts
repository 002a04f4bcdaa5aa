import { canonicalExtension } from "../../catalog/php-extensions.ts";
import type { Diagnostic, Path } from "../../kernel/diagnostic.ts";
import { nearest } from "../reading/nearest.ts";
import { bytesOf, bytesOfPhp } from "../resolving/quantity.ts";
import type { SiteCatalog } from "../site-catalog.ts";
import { finding, type Rule } from "./rule.ts";

const phpVersionIsKnown: Rule = ({ spec, catalog }) => {
  const php = spec.runtime?.php;
  const versions = catalog.php.map((release) => release.version);
  if (php === undefined || versions.includes(php)) return [];
  const plain = /^php:?\s*/i.test(php) ? `Write \`php: "${php.replace(/^php:?\s*/i, "")}"\`. ` : "";
  const asNumber = Number.parseFloat(php.replace(/^php:?\s*/i, ""));
  const next = versions.find((version) => Number.parseFloat(version) >= asNumber) ?? versions.at(-1);
  const hint = `${plain}Use one of: ${versions.join(", ")}${Number.isNaN(asNumber) || plain !== "" ? "" : `; \`${next}\` is nearest`}.`;
  return [
    finding("error", "site/unknown-php-version", ["runtime", "php"], {
      message: `PHP \`${php.slice(0, 40)}\` is not in the version matrix`,
      hint,
    }),
  ];
};

const phpIsStillMended: Rule = ({ spec, catalog }) => {
  const release = catalog.php.find(({ version }) => version === spec.runtime?.php);
  if (release === undefined || release.secure) return [];
  const hint = "Plan the move to a newer PHP; keep the site behind a login or a firewall until then.";
  return [
    finding("warning", "site/old-php", ["runtime", "php"], {
      message: `PHP ${release.version} gets no complete security updates any more`,
      hint,
    }),
  ];
};

const extensionsAreKnown: Rule = ({ spec, catalog }) => {
  const { runtime } = spec;
  if (runtime === undefined || runtime.image !== undefined) return [];
  return runtime.extensions.flatMap((name, index) => {
    const path = ["runtime", "extensions", index];
    const elsewhere = catalog.phpWith(name);
    if (elsewhere.length === 0) return [unknownExtension(name, path, catalog)];
    if (!catalog.php.some(({ version }) => version === runtime.php)) return [];
    const source = catalog.extension(runtime.php, name);
    if (source === "cli-only") {
      const message = `\`${name}\` is in PHP's command line program only, not in PHP-FPM`;
      return [finding("warning", "site/extension-cli-only", path, { message, hint: "Hooks, crons and workers have it; pages don't." })];
    }
    if (source !== undefined) return [];
    const hint = `PHP ${elsewhere.join(" and ")} ${elsewhere.length === 1 ? "has" : "have"} it.`;
    return [finding("error", "site/extension-not-in-php", path, { message: `PHP ${runtime.php} has no extension \`${name}\``, hint })];
  });
};

function unknownExtension(name: string, path: Path, catalog: SiteCatalog): Diagnostic {
  const near = nearest(
    canonicalExtension(name),
    catalog.php.toReversed().flatMap(({ version }) => catalog.extensionNames(version)),
  );
  const hint = near === undefined ? "`howdah explain spec.runtime.extensions` lists them." : `Did you mean \`${near}\`?`;
  return finding("error", "site/unknown-extension", path, { message: `\`${name}\` is no extension that Howdah knows`, hint });
}

/** Settings that would break the container or undo what keeps it safe, with the reason. */
const refusedIni: Readonly<Record<string, string>> = {
  error_log: "Logs go to the container's output; `howdah logs` shows them.",
  "opcache.lockfile_path": "The root file system is read-only; Howdah sets a path that works.",
  "opcache.file_cache": "The root file system is read-only, and Howdah does not fill such a cache yet.",
  daemonize: "PHP-FPM must stay in the foreground of its container.",
  extension: "Name extensions in `spec.runtime.extensions`.",
  extension_dir: "Name extensions in `spec.runtime.extensions`.",
  zend_extension: "Name extensions in `spec.runtime.extensions`.",
  "opcache.preload_user": "PHP runs as one fixed user already.",
  "cgi.fix_pathinfo": "Howdah sets it, together with what nginx passes on: uploads could be run as scripts otherwise.",
};

/** Settings that work but are seldom meant. */
const doubtfulIni: Readonly<Record<string, string>> = {
  open_basedir: "It costs 1.3 times the CPU, as it turns off the realpath cache; the container isolates already.",
  display_errors: "Errors are in `howdah logs`; shown to visitors they give secrets away.",
  "opcache.enable": "Without opcache a page costs three to four times the CPU.",
  memory_limit: "It wins over `spec.runtime.memoryLimit`; set it there.",
};

const off = new Set(["0", "off", "no", "false", "", "stderr"]);

const iniIsAllowed: Rule = ({ spec }) =>
  Object.entries(spec.runtime?.ini ?? {}).flatMap(([name, value]) => {
    const key = name.toLowerCase();
    const path = ["runtime", "ini", name];
    const refused = Object.hasOwn(refusedIni, key) ? refusedIni[key] : undefined;
    if (refused !== undefined)
      return [finding("error", "site/ini-refused", path, { message: `php.ini's \`${name}\` can't be set`, hint: refused })];
    const isOff = off.has(String(value).toLowerCase());
    const harmless = key === "opcache.enable" ? !isOff : key !== "memory_limit" && isOff;
    const doubt = Object.hasOwn(doubtfulIni, key) && !harmless ? doubtfulIni[key] : undefined;
    return doubt === undefined
      ? []
      : [finding("warning", "site/ini-doubtful", path, { message: `php.ini's \`${name}\` is seldom what you want`, hint: doubt })];
  });

const memoryFits: Rule = ({ spec }) => {
  if (spec.runtime === undefined || bytesOfPhp(spec.runtime.memoryLimit) <= bytesOf(spec.scale.memory)) return [];
  const words = {
    message: `One request may use ${spec.runtime.memoryLimit}, more than the container's ${spec.scale.memory}`,
    hint: "Raise `spec.scale.memory` or lower `spec.runtime.memoryLimit`: the kernel ends PHP otherwise.",
  };
  return [finding("warning", "site/memory-limit", ["runtime", "memoryLimit"], words)];
};

const uploadsFit: Rule = ({ spec }) =>
  ["upload_max_filesize", "post_max_size"].flatMap((name) => {
    const value = String(spec.runtime?.ini[name] ?? "");
    if (!/^[1-9][0-9]{0,6}[KMG]$/i.test(value) || bytesOfPhp(value.toUpperCase()) <= bytesOf(spec.web.maxBodySize)) return [];
    const words = {
      message: `\`${name}\` is larger than \`spec.web.maxBodySize\` (${spec.web.maxBodySize})`,
      hint: "nginx refuses larger requests before PHP sees them: raise `spec.web.maxBodySize`.",
    };
    return [finding("warning", "site/upload-limit", ["runtime", "ini", name], words)];
  });

const nothingButWebWithoutPhp: Rule = ({ spec }) => {
  if (spec.runtime !== undefined) return [];
  const hooks = (["install", "migrate", "postDeploy"] as const).flatMap((hook) =>
    spec.hooks[hook] === undefined ? [] : [["hooks", hook]],
  );
  const sections = (["crons", "workers"] as const).flatMap((section) => Object.keys(spec[section]).map((name) => [section, name]));
  const hint = `Add \`runtime: {php: "8.4"}\`, or remove it: a static site is served by nginx alone.`;
  return [...hooks, ...sections].map((path) =>
    finding("error", "site/needs-php", path, {
      message: `\`spec.${path.join(".")}\` needs PHP's container, but \`spec.runtime\` is missing`,
      hint,
    }),
  );
};

const growsAndNeverShrinks: Rule = ({ spec: { scale } }) => {
  const counts = [
    { replicas: scale.replicas, max: scale.max, path: ["scale", "max"] },
    { replicas: scale.web?.replicas ?? scale.replicas, max: scale.web?.max, path: ["scale", "web", "max"] },
  ];
  return counts.flatMap(({ replicas, max, path }) => {
    if (max === undefined || max >= replicas) return [];
    const words = {
      message: `At most ${max} copies are fewer than the ${replicas} that always serve`,
      hint: "`max` is the most, `replicas` beside it the least.",
    };
    return [finding("error", "site/scale-max", path, words)];
  });
};

const scalesAloneOnlyApart: Rule = ({ spec }) => {
  if (spec.scale.web === undefined || (spec.topology === "apart" && spec.runtime !== undefined)) return [];
  const words = {
    message: "nginx has pods of its own only beside PHP's",
    hint: "Say `topology: apart`, or `replicas` and `max` in `spec.scale` itself.",
  };
  return [finding("error", "site/scale-web", ["scale", "web"], words)];
};

/** Rules about PHP. */
export const runtimeRules: readonly Rule[] = [
  phpVersionIsKnown,
  phpIsStillMended,
  extensionsAreKnown,
  iniIsAllowed,
  memoryFits,
  uploadsFit,
  nothingButWebWithoutPhp,
  growsAndNeverShrinks,
  scalesAloneOnlyApart,
];
