import { riskyRegex } from "../../kernel/risky-regex.ts";
import { nearest } from "../reading/nearest.ts";
import { finding, oneOf, type Rule } from "./rule.ts";

const modulesAreKnown: Rule = ({ spec, catalog }) =>
  spec.web.modules.flatMap((name, index) => {
    if (catalog.nginxModules.includes(name)) return [];
    const near = nearest(name, catalog.nginxModules);
    const words = { message: `nginx has no module \`${name}\``, hint: oneOf(catalog.nginxModules, near) };
    return [finding("error", "site/unknown-nginx-module", ["web", "modules", index], words)];
  });

const frontControllersAreScripts: Rule = ({ spec }) =>
  Object.entries(spec.web.locations).flatMap(([path, location]) => {
    const at = ["web", "locations", path, "passthru"];
    const script = location.passthru === true ? "/index.php" : location.passthru;
    if (script === undefined || script === false) return [];
    const isPhp = /\.php$/i.test(script);
    if (isPhp && spec.runtime === undefined) {
      const hint = 'Add `runtime: {php: "8.4"}`; a static site may name an HTML page (`/index.html`).';
      return [
        finding("error", "site/needs-php", at, {
          message: `the front controller \`${script}\` needs PHP, but \`spec.runtime\` is missing`,
          hint,
        }),
      ];
    }
    if (isPhp || /\.html?$/i.test(script)) return [];
    const hint = `Name a file: \`${script.replace(/\/$/, "")}${script.endsWith("/") ? "/index.php" : ".php"}\`, perhaps.`;
    return [
      finding("error", "site/front-controller", at, {
        message: `the front controller \`${script}\` is neither a \`.php\` script nor an HTML page`,
        hint,
      }),
    ];
  });

const scriptFieldsNeedPassthru: Rule = ({ spec }) =>
  Object.entries(spec.web.locations).flatMap(([path, location]) =>
    (["query", "pathInfo"] as const).flatMap((field) => {
      if (location[field] === undefined || location[field] === false || (location.passthru ?? false) !== false) return [];
      const words = { message: `\`${field}\` has no effect without \`passthru\``, hint: "Name the front controller with `passthru`." };
      return [finding("warning", "site/no-effect", ["web", "locations", path, field], words)];
    }),
  );

const redirectsLeadSomewhere: Rule = ({ spec }) =>
  Object.entries(spec.web.locations).flatMap(([path, location]) => {
    const to = location.redirect?.to;
    if (to === undefined || /^(\/(?!\/)|https?:\/\/[^/\s])\S*$/.test(to)) return [];
    const hint = "Write a path (`/new`) or a URL (`https://www.example.org/`), without blanks.";
    return [
      finding("error", "site/redirect", ["web", "locations", path, "redirect", "to"], {
        message: `\`${to.slice(0, 60)}\` is no place to redirect to`,
        hint,
      }),
    ];
  });

const locationsDiffer: Rule = ({ spec }) => {
  const plain = (path: string): string => path.replace(/(?<=.)\/+$/, "");
  const paths = Object.keys(spec.web.locations);
  return paths.flatMap((path, index) => {
    const other = paths.findIndex((candidate) => plain(candidate) === plain(path));
    if (other === index) return [];
    const words = {
      message: `\`${path}\` and \`${paths[other]}\` are the same location`,
      hint: "Keep one: a slash at the end makes no difference.",
    };
    return [finding("error", "site/duplicate-location", ["web", "locations", path], words)];
  });
};

/** Expressions that a hostile URL can make expensive are refused where they are written, not when nginx is rendered (G7). */
const rewritesAreCheap: Rule = ({ spec }) =>
  spec.web.rewrites.flatMap(({ from }, index) => {
    const why = riskyRegex(from);
    if (why === undefined) return [];
    const words = {
      message: `the expression \`${from.slice(0, 60)}\` can't be used: ${why}`,
      hint: "Write it with fewer repeats, such as `^/wiki/([^/]+)$`.",
    };
    return [finding("error", "site/risky-rewrite", ["web", "rewrites", index, "from"], words)];
  });

/** PHP never runs on volumes. */
const frontControllersAreCode: Rule = ({ spec }) =>
  Object.entries(spec.web.locations).flatMap(([path, { passthru, root }]) => {
    const script = passthru === true ? "/index.php" : passthru;
    if (typeof script !== "string" || root !== undefined) return [];
    const file = `${spec.web.root === "." ? "" : `${spec.web.root}/`}${script.slice(1)}`;
    const mount = Object.keys(spec.mounts).find((one) => file.startsWith(`${one}/`));
    if (mount === undefined) return [];
    const words = {
      message: `the front controller \`${script}\` lies in the mount \`${mount}\`, where PHP never runs`,
      hint: "Name a script of the code, or make the mount narrower.",
    };
    return [finding("error", "site/front-controller", ["web", "locations", path, "passthru"], words)];
  });

const hostnamesDiffer: Rule = ({ spec }) => {
  const hostnames = spec.hostnames ?? [];
  return hostnames.flatMap((hostname, index) => {
    const path = ["hostnames", index];
    if (hostnames.indexOf(hostname) < index)
      return [finding("error", "site/duplicate-hostname", path, { message: `\`${hostname}\` is here twice`, hint: "Keep one." })];
    if (index > 0 || !hostname.startsWith("*.")) return [];
    const hint = "Put a full hostname first: the site's own URL is made from it.";
    return [finding("error", "site/wildcard-first", path, { message: `the main hostname can't be the wildcard \`${hostname}\``, hint })];
  });
};

const tlsIsComplete: Rule = ({ spec }) => {
  const { mode, secret } = spec.tls;
  if (mode === "secret" && secret === undefined) {
    const hint = "Add `secret: NAME`, a secret with `tls.crt` and `tls.key`; or use `mode: local`.";
    return [finding("error", "site/tls-secret", ["tls", "mode"], { message: "`mode: secret` needs the name of a secret", hint })];
  }
  if (mode === "secret" || secret === undefined) return [];
  return [
    finding("warning", "site/no-effect", ["tls", "secret"], {
      message: `\`secret\` has no effect with \`mode: ${mode}\``,
      hint: "Write `mode: secret`.",
    }),
  ];
};

/** Rules about what nginx serves. */
export const webRules: readonly Rule[] = [
  modulesAreKnown,
  frontControllersAreScripts,
  scriptFieldsNeedPassthru,
  redirectsLeadSomewhere,
  locationsDiffer,
  rewritesAreCheap,
  frontControllersAreCode,
  hostnamesDiffer,
  tlsIsComplete,
];
