import * as z from "zod";
import { name } from "../../site/schema/grammar.ts";
import { conditions, observedGeneration } from "./condition.ts";

export const releaseName = z
  .string()
  .regex(/^r[1-9][0-9]{0,8}$/, "must be a release's name such as `r12`")
  .meta({ description: "A Release of this namespace.", examples: ["r12"] });

/** `spec` of an Environment. */
export const environmentSpec = z
  .strictObject({
    site: name.meta({ description: "The Site of this namespace that runs here." }),
    release: releaseName.optional().meta({
      description: "The release that is wanted. Left out: the newest, so each new release is taken into service.",
    }),
    replicas: z.int().min(0).max(100).optional().meta({
      description: "How many copies serve at once, in place of the site file's `scale.replicas` (`kubectl scale environment`).",
    }),
    suspend: z.boolean().optional().meta({ description: "`true`: the operator leaves everything as it is. The site goes on serving." }),
  })
  .meta({ description: "Which release of which site runs here." });

/** `status` of an Environment. */
export const environmentStatus = z
  .strictObject({
    observedGeneration,
    conditions,
    url: z.string().optional().meta({ description: "Where it is reached." }),
    release: z.string().optional().meta({ description: "The release that serves." }),
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
