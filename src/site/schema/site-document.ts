import * as z from "zod";
import { defaultNode } from "../../catalog/node-versions.ts";
import { parseRepository } from "../../kernel/image-reference.ts";
import { configuration, crons, database, hooks, mounts, relationships, variables, workers } from "./data.ts";
import { dataset } from "./dataset.ts";
import { environments } from "./environments.ts";
import { duration, hostname, labelKey, labelValue, name, oneLine, relativePath, size, timeZone } from "./grammar.ts";
import { runtime } from "./runtime.ts";
import { web } from "./web.ts";

const idle = z
  .strictObject({
    after: duration.meta({
      description: "The site sleeps when nobody has visited it for that long. Crons still run; the next visit wakes it in about a second.",
      examples: ["30m"],
    }),
    wakes: z.enum(["people", "anyone"]).default("people").meta({
      description:
        "Whose visits keep it awake and wake it. `people`: all but crawlers, monitors and link previews by their User-Agent; who sends data (POST, PUT…) always does. `anyone`: those too.",
    }),
  })
  .meta({ description: "Stop the site while nobody visits it: its memory is freed. Left out: it always runs." });

const webScale = z
  .strictObject({
    replicas: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "How many copies of nginx serve at once. Left out: `scale.replicas`." }),
    max: z
      .int()
      .min(2)
      .max(100)
      .optional()
      .meta({
        description: "On Kubernetes: up to so many copies of nginx, by its CPU. Left out: always as many.",
        examples: [4],
      }),
  })
  .meta({
    description: "With `topology: apart`: nginx by itself. `replicas` and `max` beside it are PHP's then. Left out: as many as of PHP.",
  });

const scale = z
  .strictObject({
    replicas: z.int().min(1).max(100).default(1).meta({ description: "How many copies serve at once. One machine runs them all." }),
    max: z
      .int()
      .min(2)
      .max(100)
      .optional()
      .meta({
        description:
          "On Kubernetes: up to so many copies while visitors come, `replicas` at least (HorizontalPodAutoscaler). PHP's busy workers and its queue decide, not the CPU. Left out: always `replicas`. One machine runs `replicas`.",
        examples: [10],
      }),
    web: webScale.optional(),
    memory: size.default("512Mi").meta({ description: "Memory limit of one PHP container." }),
    cpu: z
      .string()
      .regex(/^([0-9]+m|[0-9]+(\.[0-9])?)$/, "must be a number of CPUs such as `2`, `0.5` or `500m`")
      .optional()
      .meta({ description: "CPU limit of one PHP container. Left out: none." }),
    idle: idle.optional(),
  })
  .meta({ description: "How many and how large." });

const tls = z
  .strictObject({
    mode: z
      .enum(["off", "local", "secret"])
      .default("off")
      .meta({ description: "`local`: a certificate of this machine's own authority (`howdah up --tls`). `secret`: your own certificate." }),
    secret: name.optional().meta({
      description:
        "With `mode: secret`: a secret with `tls.crt` (with the chain), `tls.key` and optionally `dhparam.pem`, mounted at /etc/nginx/ssl.",
    }),
  })
  .meta({ description: "HTTPS." });

const rollout = z
  .strictObject({
    strategy: z.enum(["rolling", "exclusive"]).default("rolling").meta({
      description:
        "`rolling`: new beside old, no request is lost; both see the database for a moment. `exclusive`: visitors read a maintenance page while the old code rests and one runner migrates.",
    }),
    message: oneLine
      .max(500)
      .default("It is being updated. Please come back in a few minutes.")
      .meta({ description: "What the maintenance page says, as plain text.", examples: ["The wiki is read-only until 14:00."] }),
    timeout: duration.optional().meta({
      description: "How long a new release may take to become ready before the former one goes on.",
      examples: ["5m"],
    }),
  })
  .meta({ description: "How a new release takes the place of the one that serves." });

const builder = z
  .strictObject({
    node: z
      .string()
      .default(defaultNode)
      .meta({
        description:
          'Node of the hooks that start node, npm or npx, quoted: "12", "18" or "20". Each comes from a Debian release; PHP\'s version is that of the site.',
        examples: ["18"],
      }),
  })
  .meta({ description: "What `spec.hooks.build` runs on." });

const releases = z
  .strictObject({
    keep: z
      .int()
      .min(2)
      .max(100)
      .default(10)
      .meta({ description: "How many releases are kept, with their images, for `howdah rollback`." }),
  })
  .meta({ description: "Releases of this site." });

const metadata = z
  .strictObject({
    name: name
      .refine((value) => !/^(howdah|kube)-/.test(value), "must not start with `howdah-` or `kube-`: these names are the platform's own")
      .meta({ description: "The site's name: unique on a machine or in a namespace.", examples: ["blog"] }),
    namespace: name.optional().meta({ description: "Kubernetes only." }),
    labels: z.record(labelKey, labelValue).optional().meta({ description: "Labels of your own." }),
    annotations: z.record(oneLine.max(317), oneLine).optional().meta({ description: "Notes of your own." }),
  })
  .meta({ description: "Which site this is." });

const image = z
  .strictObject({
    repository: z
      .string()
      .refine(isFullRepository, "must be a repository with its registry, such as `registry.example.org/team/blog`, without a tag")
      .optional()
      .meta({
        description: "Where `howdah build --push` brings the images: REPOSITORY/web and REPOSITORY/php.",
        examples: ["registry.example.org/team/blog"],
      }),
    secret: name.optional().meta({
      description:
        "A secret with credentials for that registry: `.dockerconfigjson`, or `username` and `password`. Left out: what `podman login` keeps.",
    }),
  })
  .meta({ description: "The site's images in a registry." });

function isFullRepository(text: string): boolean {
  const repository = parseRepository(text);
  return repository !== undefined && text.startsWith(`${repository.registry}/`);
}

const spec = z
  .strictObject({
    source: relativePath.default(".").meta({ description: "The directory with the site's code, relative to the site file." }),
    runtime: runtime.optional(),
    web: web.prefault({}),
    database: database.optional(),
    relationships: relationships.default({}),
    mounts: mounts.default({}),
    code: z.enum(["sealed", "writable"]).default("sealed").meta({
      description:
        "`sealed`: code is read-only, only mounts are writable. `writable`: the whole tree lives on a volume, for applications that change their own code; new versions are merged into it and local edits are kept.",
    }),
    configuration: configuration.default({}),
    variables: variables.default({}),
    hooks: hooks.prefault({}),
    builder: builder.prefault({}),
    crons: crons.default({}),
    timeZone: timeZone.default("UTC").meta({
      description: "Time zone of the crons' schedules, a name such as `Europe/Berlin`. PHP's own is `date.timezone` in `spec.runtime.ini`.",
      examples: ["Europe/Berlin"],
    }),
    workers: workers.default({}),
    hostnames: z
      .array(hostname)
      .max(100)
      .optional()
      .meta({
        description: "Hostnames, the first is the main one. Default: NAME.localhost.",
        examples: [["www.example.org", "example.org"]],
      }),
    tls: tls.prefault({}),
    image: image.prefault({}),
    scale: scale.prefault({}),
    rollout: rollout.prefault({}),
    releases: releases.prefault({}),
    dataset: dataset.optional(),
    environments: environments.optional(),
    topology: z.enum(["together", "apart"]).default("together").meta({
      description:
        "`together`: nginx and PHP-FPM in one pod over a Unix socket. `apart`: each scaled alone, over TCP port 9000 on the site's own network.",
    }),
    recipe: oneLine.optional().meta({ description: "Which application `howdah init` took it for. Only information." }),
  })
  .meta({ description: "What the site is and needs." });

/** The site file: one schema gives the types, the diagnostics, the JSON Schema for editors and later the CRD. */
export const siteDocument = z
  .strictObject({
    apiVersion: z.literal("howdah.dev/v1alpha1").meta({ description: "Always howdah.dev/v1alpha1." }),
    kind: z.literal("Site").meta({ description: "Always Site." }),
    metadata,
    spec: spec.prefault({}),
  })
  .meta({ description: "A site: an existing PHP or static site, described in one file." });

/** What a person may write: optional means "choose for me". */
export type SiteDocument = z.input<typeof siteDocument>;

/** A site file that follows the schema, with the fixed defaults filled in; nothing derived yet. */
export type DeclaredSite = z.output<typeof siteDocument>;
