import * as z from "zod";
import { conditions, observedGeneration } from "./condition.ts";
import { scheduleMark } from "./schedule-mark.ts";

const className = (what: string) =>
  z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "must be a class' name")
    .optional()
    .meta({ description: what });

/** `spec` of a Dataset. */
export const datasetSpec = z
  .strictObject({
    schedule: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({
        description: "When, as crons are written; `H` is a minute of its own. Left out: as the Site's `spec.dataset.schedule` says.",
        examples: ["H 3 * * *"],
      }),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .default("UTC")
      .meta({ description: "The schedule's time zone, as IANA names it.", examples: ["Europe/Berlin"] }),
    suspend: z.boolean().default(false).meta({ description: "Nothing is bred by itself, whatever the schedule says." }),
    storageClassName: className(
      "The StorageClass of the volumes that a dataset is made in; its driver must be able to make snapshots. Left out: the cluster's default.",
    ),
    volumeSnapshotClassName: className(
      "The VolumeSnapshotClass of what is published. Left out: the default one of the storage class' driver, or its only one.",
    ),
    deadlineMinutes: z
      .int()
      .min(1)
      .max(2880)
      .default(240)
      .meta({ description: "A breed that takes longer is ended, and its data destroyed." }),
  })
  .meta({
    description: "When a golden dataset of the site of this name is bred, and on which storage. Its rules are the Site's `spec.dataset`.",
  });

const time = (what: string) => z.string().optional().meta({ description: what, format: "date-time" });
const generation = z.string().optional().meta({ description: "The generation, such as g3." });

/** `status` of a Dataset. */
export const datasetStatus = z
  .strictObject({
    observedGeneration,
    conditions,
    generation: z.string().optional().meta({ description: "The generation that new environments get." }),
    bred: time("The moment whose data it shows."),
    generations: z
      .array(
        z.strictObject({
          id: z.string().meta({ description: "Such as g3; no number comes twice." }),
          state: z.string().meta({ description: "current, draining, failed, rejected, or the step of a breed that is under way." }),
          captured: time("The moment whose data it shows."),
          published: time("When it became what environments get."),
          reason: z.string().optional().meta({ description: "Why it failed or was rejected." }),
          holders: z
            .array(z.string())
            .optional()
            .meta({ description: "Namespaces of the environments that need it: it stays until they are gone." }),
        }),
      )
      .optional()
      .meta({ description: "Those that are there or failed lately, newest first; at most 30." }),
    breeding: z
      .strictObject({
        job: z.string().meta({ description: "The Job that does it." }),
        why: z.string().meta({ description: "schedule or asked." }),
        since: time("When it was begun."),
        made: z.boolean().optional().meta({ description: "The Job was made." }),
        generation,
        step: z.string().optional().meta({ description: "What it is at." }),
        ended: z
          .strictObject({
            generation,
            code: z.string().optional().meta({ description: "Of the error, in docs/reference/errors.md." }),
            message: z.string().optional().meta({ description: "What went wrong." }),
          })
          .optional()
          .meta({ description: "What its Job said at its end; what it leaves is cleared away." }),
      })
      .optional()
      .meta({ description: "What is bred now." }),
    failed: z
      .strictObject({
        at: time("When."),
        generation,
        reason: z.string().meta({ description: "One word, for programs." }),
        message: z.string().meta({ description: "What went wrong, and what to do." }),
      })
      .optional()
      .meta({ description: "The last breed, if it failed; what was published before stays." }),
    deleted: z
      .strictObject({
        asked: z.string().meta({ description: "The annotation that was acted on." }),
        generations: z.array(z.string()).meta({ description: "Those that are gone now." }),
        message: z.string().optional().meta({ description: "Why something stays." }),
      })
      .optional()
      .meta({ description: "What became of the last wish to delete." }),
    next: time("When it is due."),
    mark: scheduleMark,
    asked: z
      .strictObject({
        breed: z.string().optional().meta({ description: "Of howdah.dev/breed." }),
        delete: z.string().optional().meta({ description: "Of howdah.dev/delete-datasets." }),
      })
      .optional()
      .meta({ description: "The last values of annotations that were acted on." }),
  })
  .meta({ description: "What the operator sees. Written by it alone." });

export type DatasetSpec = z.output<typeof datasetSpec>;
export type DatasetStatus = z.output<typeof datasetStatus>;
