import * as z from "zod";
import { siteOrEnvironment } from "../../site/schema/grammar.ts";
import { releaseName } from "./environment.ts";

const document = { "x-kubernetes-preserve-unknown-fields": true };

const image = z.strictObject({
  reference: z.string().min(1).max(1024).meta({ description: "With its registry and digest: REGISTRY/PATH@sha256:…" }),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "must be a digest such as `sha256:…`")
    .meta({ description: "Of the image's manifest." }),
});

/** `spec` of a Release: what whoever builds knows. Never changed. */
export const releaseSpec = z
  .strictObject({
    siteName: siteOrEnvironment.meta({ description: "The Site that it is a release of." }),
    site: z
      .record(z.string(), z.unknown())
      .meta({ ...document, description: "The site with every default chosen, as `howdah show --resolved` has it." }),
    images: z
      .strictObject({
        web: image.meta({ description: "nginx with the files that browsers may reach." }),
        php: image.optional().meta({ description: "PHP with the code. Left out for a static site." }),
        database: image
          .extend({ version: z.string().max(200).meta({ description: "Debian's version of the server in it." }) })
          .optional()
          .meta({
            description:
              "MariaDB, for sites with a database, as `howdah deploy` offers it to the cluster. The shared server runs what was chosen in howdah-system, never what a release names.",
          }),
        sessions: image.optional().meta({ description: "The site's own server of PHP's sessions, where its pods share nothing else." }),
      })
      .meta({ description: "The images, by digest." }),
    codeDigest: z.string().max(200).meta({ description: "Identity of the code." }),
    watched: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: "The files that a migration is made of (`hooks.migrate.watch`): path to identity." }),
    git: z
      .strictObject({
        commit: z.string().max(200).meta({ description: "The commit." }),
        branch: z.string().max(1024).optional().meta({ description: "The branch." }),
        dirty: z.boolean().meta({ description: "The tree differed from the commit." }),
      })
      .optional()
      .meta({ description: "Where the code was in version control." }),
    who: z.string().max(320).meta({ description: "Who asked for it." }),
    when: z.string().meta({ description: "When.", format: "date-time" }),
    why: z.string().max(4096).optional().meta({ description: "Why, in a person's words." }),
    rollbackOf: releaseName.optional().meta({ description: "The release that it brings back." }),
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits")
      .meta({ description: "sha256 of `site`: the operator refuses a release whose site is another." }),
  })
  .meta({
    description: "What is put into service. Immutable.",
    "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "a release is immutable: make another" }],
  });

/** `status` of a Release: what the operator knows of it. */
export const releaseStatus = z
  .strictObject({
    state: z.enum(["rolling-out", "serving", "superseded", "failed", "interrupted"]).optional().meta({ description: "What became of it." }),
    at: z.string().optional().meta({ description: "Since when.", format: "date-time" }),
    step: z.string().optional().meta({ description: "Where it failed." }),
    code: z.string().optional().meta({ description: "The failure's name: docs/reference/errors.md." }),
    reason: z.string().optional().meta({ description: "Why it failed." }),
    rendered: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ ...document, description: "What its objects were rendered from, beside the site: facts of this cluster." }),
  })
  .meta({ description: "What became of it. Written by the operator alone." });

export type ReleaseSpec = z.output<typeof releaseSpec>;
export type ReleaseStatus = z.output<typeof releaseStatus>;
