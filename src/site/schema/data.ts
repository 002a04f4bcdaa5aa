import * as z from "zod";
import { command, duration, name, oneLine, pathPattern, relativePath, schedule, size, timeZone, variableName } from "./grammar.ts";

/** `spec.database`: the site's own database and user on a MariaDB server. */
export const database = z
  .strictObject({
    type: z.literal("mariadb").default("mariadb").meta({ description: "The only engine so far. Applications for MySQL work with it." }),
    version: z
      .string()
      .optional()
      .meta({
        description:
          'MariaDB\'s version: "10.5", "10.11" or "11.8" (default). Sites that ask for the same version share one server, each with a database and a user of its own.',
        examples: ["11.8"],
      }),
    server: name.optional().meta({
      description:
        "The database server, by name: `howdah db server ls` shows those that there are. Left out: the default one, else a MariaDB of `version` that Howdah runs itself. A site that has a database stays where it is.",
      examples: ["company-db"],
    }),
    charset: z
      .string()
      .regex(/^[a-z0-9_]+$/, "must be a name of MariaDB: lower-case letters, digits and `_`")
      .default("utf8mb4")
      .meta({ description: "Character set of the database." }),
    collation: z
      .string()
      .regex(/^[a-z0-9_]+$/, "must be a name of MariaDB: lower-case letters, digits and `_`")
      .default("utf8mb4_unicode_ci")
      .meta({ description: "Collation of the database." }),
  })
  .meta({ description: "A database and user of the site's own. Left out: none." });

const relationship = z
  .strictObject({
    host: oneLine.min(1).meta({ description: "Name or address, as seen from the site's containers." }),
    port: z.int().min(1).max(65535).meta({ description: "TCP port." }),
  })
  .meta({ description: "A server outside Howdah that the site uses. The environment gets NAME_HOST and NAME_PORT." });

/** `spec.relationships`: servers outside. */
export const relationships = z.record(name, relationship).meta({
  description: "Servers outside Howdah that the site uses: an LDAP, a mail relay, a Redis.",
  examples: [{ mail: { host: "mail.example.org", port: 25 } }],
});

const mount = z
  .strictObject({
    storage: z.enum(["shared", "local"]).default("shared").meta({
      description: "`shared`: data that must live on (uploads), the same for all replicas. `local`: caches, one per replica, gone with it.",
    }),
    size: size.default("1Gi").meta({ description: "What is reserved for it. One machine warns beyond it; Kubernetes enforces it." }),
    seed: z.boolean().default(true).meta({ description: "Copy what the code has there into an empty mount." }),
    served: z
      .boolean()
      .default(true)
      .meta({ description: "`false`: nothing below is served to browsers, though it lies in the web root." }),
  })
  .meta({ description: "A directory that the site writes to." });

/** `spec.mounts`: the writable paths. */
export const mounts = z.record(relativePath, mount).meta({
  description: "Writable paths below the site's directory. Everything else is read-only. PHP never runs in them unless `code: writable`.",
  examples: [{ "wp-content/uploads": { storage: "shared", size: "5Gi" } }],
});

const secretName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,62}(\/[A-Za-z0-9._-]{1,128})?$/,
    "must be `NAME` or `NAME/KEY` of a secret: a name has lower-case letters, digits and hyphens",
  );
const secretRef = z.strictObject({
  secret: secretName.meta({ description: "`NAME/KEY` of a secret that `howdah secret set` stored; `NAME` alone means its key `value`." }),
});
const generated = z.strictObject({
  generate: z
    .strictObject({
      bytes: z.int().min(8).max(256).default(32).meta({ description: "How many random bytes; for `alphanumeric` how many characters." }),
      encoding: z
        .enum(["hex", "base64", "laravel", "alphanumeric"])
        .default("alphanumeric")
        .meta({ description: "`laravel` is `base64:` and 32 bytes in base64." }),
    })
    .meta({ description: "Howdah makes a random value once and keeps it." }),
});
const fromDatabase = z.strictObject({
  database: z
    .enum(["host", "port", "host-port", "name", "user", "password", "url"])
    .meta({ description: "A fact of the site's own database; `url` is `mysql://user:password@host:port/name`." }),
});
const fromSite = z.strictObject({
  site: z
    .enum(["name", "url", "hostname", "environment", "scheme"])
    .meta({ description: "A fact of the site; `url` is the main hostname's, without a slash at its end." }),
});

/** A variable's value: a literal, or a reference that keeps the value out of the file. */
export const variableValue = z.union([oneLine, z.int(), z.boolean(), secretRef, generated, fromDatabase, fromSite]);

/** `spec.variables`: the environment of PHP. */
export const variables = z.record(variableName, variableValue).meta({
  description:
    "Environment variables of PHP, workers, crons and hooks. A value is literal, or comes from: a secret (`{secret: smtp/password}`), a random value kept by Howdah (`{generate: {bytes: 64}}`), the database (`{database: host}`), the site (`{site: url}`). With a database, DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD are always there.",
  examples: [{ APP_URL: { site: "url" }, APP_KEY: { generate: { encoding: "laravel" } } }],
});

const replace = z.boolean().optional().meta({
  description:
    "`true`: put this file in place of one that the code already has (a distribution's, that reads /etc). Default: a file that is there wins.",
});

const configurationFile = z
  .union([
    z.strictObject({
      preset: z
        .string()
        .regex(/^[a-z0-9-]+$/, "must be a preset's name: lower-case letters, digits and hyphens")
        .meta({ description: "A file that Howdah's recipes have ready, reading the environment: see `howdah explain`." }),
      replace,
    }),
    z.strictObject({
      content: z.string().max(65_536).meta({ description: "The file's text. No secrets: read them from the environment." }),
      replace,
    }),
  ])
  .meta({
    description: "A configuration file that is put in place when the code has none, or instead of the one it has (`replace: true`).",
  });

/** `spec.configuration`: files that map the environment into the application's own configuration. */
export const configuration = z.record(relativePath, configurationFile).meta({
  description:
    "Configuration files by path below the site's directory. They are part of the image and read their values from the environment, so they hold no secrets. A file that the code already has wins.",
  examples: [{ "wp-config.php": { preset: "wordpress" } }],
});

const hookStep = z.union([
  command,
  z.strictObject({ sql: relativePath.meta({ description: "An SQL file below the site's directory that is run on the site's database." }) }),
]);
const hook = z.union([hookStep, z.array(hookStep).max(50)]);

const migration = z
  .strictObject({
    run: hook.meta({ description: "What runs: one command, or a list of them." }),
    watch: z
      .array(pathPattern)
      .min(1)
      .max(50)
      .optional()
      .meta({
        description:
          "What the migration is made of: files and directories as in `.gitignore` (a bare name matches anywhere). It runs again only when one of them changes. Left out, or when nothing matches: with each new code.",
        examples: [["database/migrations", "composer.lock"]],
      }),
    repeatable: z.boolean().default(false).meta({
      description:
        "`true`: it may run a second time from its beginning, so one that was cut off (power, kill -9) is run again by itself. `false`: Howdah stops there and asks you.",
    }),
    timeout: duration.default("1h").meta({ description: "It is ended after that long, and counts as cut off." }),
    dump: z
      .boolean()
      .default(true)
      .meta({ description: "Dump the database before. `false` for one too large to wait for: then keep a backup of your own." }),
    unsafe: z.enum(["warn", "refuse", "allow"]).default("warn").meta({
      description:
        "What to do about statements that break the release which still serves (`DROP COLUMN`, `RENAME`, a table copied under a lock): say so, refuse to migrate, or nothing.",
    }),
  })
  .meta({ description: "A migration with its terms." });

/** `spec.hooks`: what runs when. */
export const hooks = z
  .strictObject({
    build: hook.optional().meta({
      description:
        "Runs while the image is built, in a builder with a shell, composer and Node: composer install, npm run build. No database.",
      examples: ["composer install --no-dev --optimize-autoloader"],
    }),
    install: hook.optional().meta({
      description: "Runs once, when the database is empty (without a database: once). Several replicas at once run it once.",
      examples: ["php bin/install.php", { sql: "schema/mysql.sql" }],
    }),
    migrate: z
      .union([hookStep, z.array(hookStep).max(50), migration])
      .optional()
      .meta({
        description:
          "Runs once, before new code serves, after a dump of the database; a failure leaves the former release serving. With `run` and `watch` only when the watched files change, else for each new code.",
        examples: [{ run: "php artisan migrate --force", watch: ["database/migrations", "composer.lock"] }],
      }),
    postDeploy: hook.optional().meta({ description: "Runs when the site is healthy again: warm caches, notify." }),
  })
  .meta({
    description:
      "Commands at the moments of a site's life: one command, or a list of them. A string is split into words; no shell runs (write `[sh, -c, ...]` with `flavour: shell` if you need one). A list of texts whose first holds no blank is one command in words.",
  });

const cron = z
  .strictObject({
    schedule: schedule.meta({
      description: "Five fields: minute, hour, day, month, weekday; or `@daily`. `H` is a value that Howdah spreads.",
      examples: ["*/5 * * * *", "H H(1-4) * * *"],
    }),
    command: command.meta({ description: "What runs, in the running PHP container with the site's environment." }),
    timeout: duration.default("10m").meta({ description: "After that long it and everything that it started is ended." }),
    timeZone: timeZone.optional().meta({ description: "The schedule's time zone. Default: `spec.timeZone`.", examples: ["Europe/Berlin"] }),
    overlap: z
      .enum(["skip", "allow"])
      .default("skip")
      .meta({ description: "When it is due while it still runs: `skip` leaves this time out, `allow` starts another beside it." }),
    missed: z
      .union([z.literal("skip"), duration])
      .default("1h")
      .meta({
        description:
          "When it was due while nobody could start it (the machine was off, the site was down): it runs once, late, if that is at most so long ago. `skip`: never.",
      }),
  })
  .meta({
    description: "A command on a schedule, started by the machine's agent. `howdah cron ls` shows when; `howdah cron run` runs it now.",
  });

/** `spec.crons`. */
export const crons = z.record(name, cron).meta({
  description:
    "Commands on a schedule: five fields as cron has them, or `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`. `H` is a value that Howdah chooses once for each site and cron: `H * * * *`, `H/15 * * * *`, `H H(1-4) * * *`; the macros use it. The second of the minute is always Howdah's choice.",
  examples: [{ jobs: { schedule: "*/5 * * * *", command: "php maintenance/runJobs.php" } }],
});

const worker = z
  .strictObject({
    command: command.meta({ description: "The long-running program." }),
    replicas: z.int().min(0).max(100).default(1).meta({ description: "How many run at once." }),
  })
  .meta({ description: "A long-running program beside the web, restarted when it ends." });

/** `spec.workers`. */
export const workers = z
  .record(name, worker)
  .meta({ description: "Long-running programs: queues, update daemons.", examples: [{ queue: { command: "php artisan queue:work" } }] });
