import * as z from "zod";
import { conditions, observedGeneration } from "./condition.ts";

/** `status` of a Site. */
export const siteStatus = z
  .strictObject({
    observedGeneration,
    conditions,
    url: z.string().optional().meta({ description: "Where production is reached." }),
    release: z.string().optional().meta({ description: "The release that serves in production." }),
  })
  .meta({ description: "What the operator sees. Written by it alone." });

export type SiteResourceStatus = z.output<typeof siteStatus>;
