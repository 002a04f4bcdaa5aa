import * as z from "zod";

/** A store's name: it stands in names of objects and in tags. */
export const backupName = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/;

const objectName = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "must be an object's name");

/** No name of a path may mean something to restic. */
const path = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_@+][A-Za-z0-9_.@+-]*(\/[A-Za-z0-9_@+][A-Za-z0-9_.@+-]*)*$/,
    "must be names divided by `/`, none of which begins with a dot or a hyphen",
  );

/** `spec` of a BackupStore. */
export const backupStoreSpec = z
  .strictObject({
    secret: objectName.meta({
      description:
        "A Secret of this namespace: `password` encrypts everything in the store (without it no backup opens: keep a copy elsewhere); with `s3` also `accessKey` and `secretKey`.",
    }),
    claim: z
      .strictObject({
        name: objectName.meta({ description: "A PersistentVolumeClaim of this namespace, on other disks than the sites' data." }),
        path: path.optional().meta({ description: "A directory in it. Left out: `backups`." }),
      })
      .optional()
      .meta({ description: "Backups lie on a volume." }),
    s3: z
      .strictObject({
        endpoint: z
          .string()
          .max(300)
          .regex(
            /^https?:\/\/[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(:[0-9]{1,5})?$/,
            "must be `https://HOST` or `https://HOST:PORT`",
          )
          .meta({ description: "Where the service is.", examples: ["https://s3.eu-central-1.amazonaws.com"] }),
        bucket: z
          .string()
          .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be a bucket's name")
          .meta({ description: "The bucket." }),
        prefix: path.optional().meta({ description: "A path in it. Each tenant's own: stores of two tenants share nothing." }),
      })
      .optional()
      .meta({ description: "Backups lie in a bucket of an S3-compatible service." }),
  })
  .meta({ description: "Where backups of this namespace lie; exactly one of `claim` and `s3`." });

export type BackupStoreSpec = z.output<typeof backupStoreSpec>;
