import * as z from "zod";
import { hostname, oneLine, siteOrEnvironment, variableName } from "../../site/schema/grammar.ts";
import { ENVIRONMENT_NAME } from "../../site/site-of-environment.ts";
import { conditions, observedGeneration } from "./condition.ts";

export const releaseName = z
  .string()
  .regex(/^r[1-9][0-9]{0,8}$/, "must be a release's name such as `r12`")
  .meta({ description: "A Release of this namespace.", examples: ["r12"] });

const generation = z.string().regex(/^g[1-9][0-9]{0,8}$/, "must be a generation of the dataset such as `g12`");

const ofDataset = z
  .strictObject({
    generation: generation
      .optional()
      .meta({ description: "The generation of the site's golden dataset. Left out: the current one.", examples: ["g12"] }),
  })
  .meta({ description: "A copy of the site's golden dataset." });

const ofOther = z
  .strictObject({
    of: z
      .string()
      .regex(ENVIRONMENT_NAME, "must be the name of an environment of the site: letters, digits and single hyphens, at most 24")
      .meta({ description: "Another Environment of this namespace, with `spec.data` of its own.", examples: ["review"] }),
  })
  .meta({ description: "What another environment has at the moment of the creation." });

/** What the data of an environment for development or review begins as. */
const data = z
  .union([
    z.strictObject({ dataset: ofDataset }),
    z.strictObject({
      fresh: z.strictObject({}).meta({ description: "Nothing: empty volumes and an empty database, which the install hook fills." }),
    }),
    z.strictObject({ clone: ofOther }),
  ])
  .meta({
    description:
      "Makes it an environment for development or review, in a namespace of its own: what its data begins as. Never changed afterwards; the annotation howdah.dev/reset makes it anew. Left out: the one environment of this namespace.",
    examples: [{ dataset: {} }],
  });

/** `spec` of an Environment. */
export const environmentSpec = z
  .strictObject({
    site: siteOrEnvironment.meta({ description: "The Site of this namespace that runs here." }),
    release: releaseName.optional().meta({
      description: "The release that is wanted. Left out: the newest, so each new release is taken into service.",
    }),
    replicas: z.int().min(0).max(100).optional().meta({
      description: "How many copies serve at once, in place of the site file's `scale.replicas` (`kubectl scale environment`).",
    }),
    suspend: z.boolean().optional().meta({ description: "`true`: the operator leaves everything as it is. The site goes on serving." }),
    data: data.optional(),
    until: z
      .string()
      .max(64)
      .regex(
        /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/,
        "must be a time such as `2026-12-24T18:00:00Z`",
      )
      .optional()
      .meta({
        description: "With `data`: when it deletes itself, with its data. Left out: never.",
        examples: ["2026-12-24T18:00:00Z"],
      }),
    hostname: hostname.optional().meta({
      description: "With `data`: its hostname. Left out: what the site file's `environments.hostname` gives.",
      examples: ["review.example.org"],
    }),
    size: z
      .enum(["small", "medium", "large", "production"])
      .optional()
      .meta({ description: "With `data`: memory of PHP and of the database. Left out: the site file's `environments.size`." }),
    php: z
      .string()
      .regex(/^[0-9]\.[0-9]{1,2}$/, "must be a version of PHP such as `8.4`")
      .optional()
      .meta({
        description: "With `data`: the version of PHP that its release has to be of. Left out: whatever that is.",
        examples: ["8.4"],
      }),
    variables: z
      .record(variableName, oneLine)
      .optional()
      .meta({ description: "With `data`: variables that are different there, or there alone.", examples: [{ APP_DEBUG: "true" }] }),
    password: z.boolean().optional().meta({
      description: "With `data`: browsers are asked for a user and a password. Left out: the site file's `environments.password`.",
    }),
    owner: oneLine
      .max(320)
      .optional()
      .meta({ description: "With `data`: whose it is.", examples: ["jane@example.org"] }),
  })
  .meta({ description: "Which release of which site runs, and with which data." });

/** Fields that mean something only with `data`. */
export const FIELDS_WITH_DATA = ["until", "hostname", "size", "php", "variables", "password", "owner"] as const;

/** `status` of an Environment. */
export const environmentStatus = z
  .strictObject({
    observedGeneration,
    conditions,
    url: z.string().optional().meta({ description: "Where it is reached." }),
    release: z
      .string()
      .optional()
      .meta({ description: "The release that serves; with `spec.data` the release of this namespace that its images are of." }),
    namespace: z.string().optional().meta({ description: "With `spec.data`: the namespace that was made for it." }),
    generation: z.string().optional().meta({ description: "With `spec.data`: the generation of the dataset that its data is a copy of." }),
    reset: z.string().optional().meta({ description: "The last value of the annotation howdah.dev/reset that was acted on." }),
    rollout: z
      .strictObject({
        release: z.string().meta({ description: "The release that is taken into service." }),
        step: z.string().meta({ description: "build, check, migrate, start, ask, switch, answer or drain." }),
      })
      .optional()
      .meta({ description: "While a release is taken into service." }),
    retried: z.string().optional().meta({ description: "The last value of the annotation howdah.dev/retry that was acted on." }),
    replicas: z.int().optional().meta({ description: "Pods that serve the web; PHP's where the site file has `scale.web`." }),
    selector: z.string().optional().meta({ description: "Selects these pods, for autoscalers." }),
  })
  .meta({ description: "What the operator sees. Written by it alone." });

export type EnvironmentSpec = z.output<typeof environmentSpec>;
export type EnvironmentStatus = z.output<typeof environmentStatus>;
