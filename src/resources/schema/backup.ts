import * as z from "zod";
import { backupName } from "./backup-store.ts";
import { conditions, observedGeneration } from "./condition.ts";
import { scheduleMark } from "./schedule-mark.ts";

const count = (what: string) => z.int().min(0).max(90).default(0).meta({ description: what });

const keep = z
  .strictObject({
    last: count("The newest ones, whatever made them but a restore."),
    daily: count("The last one of each of so many days."),
    weekly: count("The last one of each of so many weeks."),
    monthly: count("The last one of each of so many months."),
  })
  .meta({
    description:
      "Which backups stay; the newest that was proved by restoring always does, those from before a restore for seven days, uncounted. Left out: all.",
  });

/** `spec` of a Backup. */
export const backupSpec = z
  .strictObject({
    store: z
      .string()
      .regex(backupName, "must be a BackupStore's name")
      .default("default")
      .meta({ description: "A BackupStore of this namespace." }),
    schedule: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({
        description: "When, as crons are written; `H` is a minute of its own. Left out: when somebody asks.",
        examples: ["H 3 * * *"],
      }),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .default("UTC")
      .meta({ description: "The schedule's time zone, as IANA names it.", examples: ["Europe/Berlin"] }),
    keep: keep.optional(),
    whenDeleted: z.enum(["keep", "delete"]).default("keep").meta({
      description:
        "What becomes of its backups in the store when this Backup is deleted: they stay, or a Job deletes them first. With their namespace they always stay.",
    }),
    deadlineMinutes: z
      .int()
      .min(1)
      .max(2880)
      .default(240)
      .meta({ description: "A Job that takes longer is ended, and reported as failed." }),
    scratch: z
      .strictObject({
        storage: z
          .string()
          .regex(/^[1-9][0-9]{0,6}(Mi|Gi|Ti)$/, "must be a size such as `20Gi`")
          .meta({ description: "Size of a volume that lives as long as the Job." }),
      })
      .optional()
      .meta({
        description: "Where restoring is tried. Left out: the node's own disk. It takes the files once and the database four times.",
      }),
  })
  .meta({ description: "What is backed up (database and writable paths of the site that runs in this namespace), where to and when." });

const time = (what: string) => z.string().optional().meta({ description: what, format: "date-time" });
const amount = (what: string) => z.int().optional().meta({ description: what });
const id = z.string().meta({ description: "The backup's name." });

const amounts = {
  tables: amount("Tables and views."),
  rows: amount("Rows of all tables."),
  files: amount("Files."),
};

const failure = {
  at: time("When."),
  what: z.string().meta({ description: "backup, verify, restore or delete." }),
  id: z.string().optional().meta({ description: "The backup that it was about." }),
  reason: z.string().meta({ description: "One word, for programs." }),
  message: z.string().meta({ description: "What went wrong." }),
};

/** `status` of a Backup. */
export const backupStatus = z
  .strictObject({
    observedGeneration,
    conditions,
    last: z
      .strictObject({ id, at: time("When it was whole."), bytes: amount("Bytes of SQL and files."), ...amounts })
      .optional()
      .meta({ description: "The last backup that was made whole." }),
    verified: z
      .strictObject({ id, at: time("When it was restored and compared."), ...amounts })
      .optional()
      .meta({ description: "The last one that was restored into a scratch place and found equal." }),
    restored: z
      .strictObject({ id, at: time("When."), before: z.string().optional().meta({ description: "The backup of what was there before." }) })
      .optional()
      .meta({ description: "What was last put in the place of what the site held." }),
    failed: z
      .strictObject({
        ...failure,
        besides: z
          .strictObject(failure)
          .optional()
          .meta({ description: "The backup that failed before that: it stays until one succeeds." }),
      })
      .optional()
      .meta({ description: "What failed last. It stays until the same succeeds; a verification that failed also until a backup does." }),
    uncleaned: z
      .strictObject({ at: time("When."), message: z.string().meta({ description: "What went wrong." }) })
      .optional()
      .meta({ description: "Why what is no longer kept could not be deleted. It stays until that succeeds." }),
    backups: z
      .array(
        z.strictObject({
          id,
          at: time("When it was whole."),
          why: z.string().meta({ description: "schedule, asked or `before a restore`." }),
          verified: time("When it was proved by restoring. Left out: never."),
        }),
      )
      .optional()
      .meta({ description: "What this operator made that is kept, newest first; at most 90." }),
    current: z
      .strictObject({
        what: z.string().meta({ description: "backup, verify, restore or delete." }),
        id,
        ids: z
          .array(z.string())
          .optional()
          .meta({ description: "The backups that are to be deleted. Left out: with `delete` all of them." }),
        why: z.string().meta({ description: "schedule, asked or `before a restore`." }),
        job: z.string().meta({ description: "The Job that does it." }),
        since: time("When it was begun."),
        made: z.boolean().optional().meta({ description: "The Job was made." }),
        restore: z.string().optional().meta({ description: "The backup that is to be restored." }),
        before: z.string().optional().meta({ description: "The backup of what is there, made before the restore." }),
      })
      .optional()
      .meta({ description: "What is under way." }),
    emptied: time("When all of its backups were deleted from the store, because it is deleted itself."),
    next: time("When it is due."),
    mark: scheduleMark,
    asked: z
      .strictObject({
        now: z.string().optional().meta({ description: "Of howdah.dev/backup-now." }),
        verify: z.string().optional().meta({ description: "Of howdah.dev/verify." }),
        restore: z.string().optional().meta({ description: "Of howdah.dev/restore." }),
        delete: z.string().optional().meta({ description: "Of howdah.dev/delete-backups." }),
      })
      .optional()
      .meta({ description: "The last values of annotations that were acted on." }),
  })
  .meta({ description: "What the operator sees. Written by it alone." });

export type BackupSpec = z.output<typeof backupSpec>;
export type BackupStatus = z.output<typeof backupStatus>;
