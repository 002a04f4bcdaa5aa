import { readSchedule } from "../../schedule/schedule.ts";
import { nearest } from "../reading/nearest.ts";
import { isMigration } from "../resolving/resolve-commands.ts";
import { finding, oneOf, type Rule } from "./rule.ts";

const addDatabase = "Add `database: {}` for a database of the site's own.";

const mariadbVersionIsKnown: Rule = ({ spec, catalog }) => {
  const version = spec.database?.version;
  if (version === undefined || catalog.mariadb.includes(version)) return [];
  const words = { message: `MariaDB \`${version.slice(0, 40)}\` is not in the version matrix`, hint: oneOf(catalog.mariadb, undefined) };
  return [finding("error", "site/unknown-mariadb-version", ["database", "version"], words)];
};

const nodeVersionIsKnown: Rule = ({ spec, catalog }) => {
  const { node } = spec.builder;
  if (catalog.node.includes(node)) return [];
  const words = {
    message: `Node \`${node.slice(0, 40)}\` is not in the version matrix`,
    hint: oneOf(catalog.node, undefined),
  };
  return [finding("error", "site/unknown-node-version", ["builder", "node"], words)];
};

const collationFitsCharset: Rule = ({ spec }) => {
  const { database } = spec;
  if (database === undefined || database.collation === "binary" || database.collation.startsWith(`${database.charset}_`)) return [];
  const words = {
    message: `the collation \`${database.collation}\` is not one of \`${database.charset}\``,
    hint: `Use \`${database.charset}_general_ci\`, or change \`charset\`.`,
  };
  return [finding("error", "site/collation", ["database", "collation"], words)];
};

const databaseIsThere: Rule = ({ spec }) => {
  if (spec.database !== undefined) return [];
  const variables = Object.entries(spec.variables).flatMap(([name, value]) =>
    typeof value === "object" && "database" in value
      ? [
          finding("error", "site/needs-database", ["variables", name], {
            message: `\`${name}\` asks for the database, but \`spec.database\` is missing`,
            hint: addDatabase,
          }),
        ]
      : [],
  );
  const hooks = (["build", "install", "migrate", "postDeploy"] as const).flatMap((hook) => {
    const given = spec.hooks[hook];
    const long = isMigration(given);
    const value = long ? given.run : given;
    const steps: readonly unknown[] = Array.isArray(value) ? value : [value];
    return steps.flatMap((step, index) => {
      if (typeof step !== "object" || step === null || !("sql" in step)) return [];
      const path = ["hooks", hook, ...(long ? ["run"] : []), ...(Array.isArray(value) ? [index] : []), "sql"];
      return [
        finding("error", "site/needs-database", path, {
          message: "an SQL file needs a database, but `spec.database` is missing",
          hint: addDatabase,
        }),
      ];
    });
  });
  return [...variables, ...hooks];
};

const buildHasNoDatabase: Rule = ({ spec }) => {
  const value = spec.hooks.build;
  const steps: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (spec.database === undefined || !steps.some((step) => typeof step === "object" && step !== null && "sql" in step)) return [];
  const words = {
    message: "an SQL file can't run while the image is built: there is no database",
    hint: "Move it to `spec.hooks.install` or `spec.hooks.migrate`.",
  };
  return [finding("error", "site/build-sql", ["hooks", "build"], words)];
};

const inside = (path: string, parent: string): boolean => parent === "." || path === parent || path.startsWith(`${parent}/`);

const mountsDoNotNest: Rule = ({ spec }) => {
  const paths = Object.keys(spec.mounts);
  return paths.flatMap((path) => {
    const at = ["mounts", path];
    if (path === ".") {
      const hint = "Write `code: writable`: then the whole tree lives on a volume.";
      return [finding("error", "site/mount-everything", at, { message: "a mount can't be the whole site", hint })];
    }
    const parent = paths.find((other) => other !== path && other !== "." && inside(path, other));
    if (parent === undefined) return [];
    const hint = `Remove one of them: \`${parent}\` makes everything below it writable.`;
    return [finding("error", "site/mount-in-mount", at, { message: `\`${path}\` lies in the mount \`${parent}\``, hint })];
  });
};

const webRootIsNoMount: Rule = ({ spec }) => {
  if (spec.code === "writable") return [];
  return Object.keys(spec.mounts).flatMap((path) => {
    if (path === "." || !inside(spec.web.root, path)) return [];
    const hint = "Mount the directories that the site writes to, or write `code: writable`: PHP never runs in a mount.";
    return [finding("error", "site/mount-web-root", ["mounts", path], { message: `the mount \`${path}\` holds the web root`, hint })];
  });
};

const presetsAreKnown: Rule = ({ spec, catalog }) =>
  Object.entries(spec.configuration).flatMap(([path, file]) => {
    if (!("preset" in file) || Object.hasOwn(catalog.presets, file.preset)) return [];
    const names = Object.keys(catalog.presets).sort();
    const words = { message: `there is no configuration preset \`${file.preset}\``, hint: oneOf(names, nearest(file.preset, names)) };
    return [finding("error", "site/unknown-preset", ["configuration", path, "preset"], words)];
  });

const configurationIsNotHidden: Rule = ({ spec }) =>
  Object.keys(spec.configuration).flatMap((path) => {
    const mount = Object.keys(spec.mounts).find((candidate) => inside(path, candidate));
    if (mount === undefined || spec.mounts[mount]?.seed === true) return [];
    const words = {
      message: `\`${path}\` lies in the mount \`${mount}\`, which hides what is in the image`,
      hint: "Set `seed: true` on the mount, or choose another path.",
    };
    return [finding("warning", "site/configuration-hidden", ["configuration", path], words)];
  });

/** Variables that the containers themselves live on, and those that Howdah always sets. */
const ownVariables = /^(PATH|LD_.*|PHPRC|PHP_INI_SCAN_DIR|HOWDAH_(SITE|ENVIRONMENT|URL|HOSTNAMES|CRONS|RELEASE))$/;

const variablesAreFree: Rule = ({ spec }) =>
  Object.keys(spec.variables)
    .filter((name) => ownVariables.test(name))
    .map((name) =>
      finding("error", "site/reserved-variable", ["variables", name], {
        message: `\`${name}\` is the container's own variable`,
        hint: "Choose another name.",
      }),
    );

const secretsAreReferences: Rule = ({ spec }) =>
  Object.entries(spec.variables).flatMap(([name, value]) => {
    if (typeof value !== "string" || value === "" || !/(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|APP_KEY|PRIVATE_KEY)$/i.test(name)) return [];
    const words = {
      message: `\`${name}\` looks like a secret, and this file is no place for one`,
      hint: `Write \`${name}: {generate: {}}\` or \`${name}: {secret: NAME}\`.`,
    };
    return [finding("warning", "site/secret-in-file", ["variables", name], words)];
  });

const schedulesCome: Rule = ({ spec }) =>
  Object.entries(spec.crons).flatMap(([name, cron]) => {
    const read = readSchedule(cron.schedule, { site: "", cron: name, timeZone: cron.timeZone ?? "UTC" });
    if ("schedule" in read) return [];
    const field = read.problem.startsWith("there is no time zone") ? "timeZone" : "schedule";
    const hint = field === "timeZone" ? zoneHint : "Five fields: minute, hour, day, month, weekday; `H` is a value that Howdah spreads.";
    return [finding("error", "site/schedule", ["crons", name, field], { message: read.problem, hint })];
  });

const zoneHint = "Use a name of the IANA time zone database, such as `Europe/Berlin` or `UTC`.";

const timeZoneIsKnown: Rule = ({ spec }) => {
  const read = readSchedule("0 0 * * *", { site: "", cron: "", timeZone: spec.timeZone });
  return "schedule" in read ? [] : [finding("error", "site/schedule", ["timeZone"], { message: read.problem, hint: zoneHint })];
};

/** Rules about data, configuration and what runs beside the web. */
export const dataRules: readonly Rule[] = [
  mariadbVersionIsKnown,
  nodeVersionIsKnown,
  collationFitsCharset,
  databaseIsThere,
  buildHasNoDatabase,
  mountsDoNotNest,
  webRootIsNoMount,
  presetsAreKnown,
  configurationIsNotHidden,
  variablesAreFree,
  secretsAreReferences,
  schedulesCome,
  timeZoneIsKnown,
];
