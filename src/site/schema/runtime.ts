import * as z from "zod";
import { parseImageReference } from "../../kernel/image-reference.ts";
import { duration, oneLine, phpSize } from "./grammar.ts";

const fpm = z
  .strictObject({
    maxChildren: z.int().min(1).max(1000).optional().meta({
      description:
        "Most PHP requests at once (`pm.max_children`). Chosen from the memory limit when left out: (memory - 60 MiB) / 25 MiB, 2 to 20.",
    }),
    requestTimeout: duration.default("60s").meta({
      description: "A request that takes longer is ended (`request_terminate_timeout`); stopping waits that long for running ones.",
    }),
    maxRequests: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(500)
      .meta({ description: "A worker is replaced after that many requests: returns memory that GD and Imagick keep." }),
  })
  .meta({ description: "PHP-FPM's process manager." });

/** `spec.runtime`: which PHP runs the site. Left out: a static site, served by nginx alone. */
export const runtime = z
  .strictObject({
    php: z.string().meta({
      description: 'PHP version, quoted: "7.4", "8.2" or "8.4". Each comes from a Debian release with security support of its own.',
      examples: ["8.4"],
    }),
    extensions: z
      .array(z.string().regex(/^[a-z][a-z0-9_]*$/, "must be an extension's name as `php -m` prints it, in lower case"))
      .default([])
      .meta({
        description: "Extensions beyond those that PHP always has, by the names that `php -m` and composer's `ext-*` use.",
        examples: [["mysqli", "gd", "intl"]],
      }),
    ini: z
      .record(z.string().regex(/^[a-z][a-z0-9_.]*$/i, "must be the name of a php.ini setting"), z.union([oneLine, z.int(), z.boolean()]))
      .default({})
      .meta({
        description: "php.ini settings. They win over Howdah's defaults, but for those that keep the container safe.",
        examples: [{ upload_max_filesize: "64M" }],
      }),
    memoryLimit: phpSize.default("256M").meta({ description: "PHP's `memory_limit` of one request." }),
    fpm: fpm.prefault({}),
    flavour: z
      .enum(["slim", "shell"])
      .default("slim")
      .meta({ description: "`slim` has no shell. `shell` adds one, for applications that run other programs (`exec`, `proc_open`)." }),
    packages: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "must be a Debian package's name"))
      .default([])
      .meta({
        description: "Debian packages with programs that the application runs, for example imagemagick. Implies `flavour: shell`.",
        examples: [["imagemagick", "diffutils"]],
      }),
    image: oneLine
      .refine((text) => parseImageReference(text) !== undefined, "must be an image's name such as `registry.example.org/php:8.4-fpm`")
      .optional()
      .meta({
        description:
          "An OCI image to use as base instead of Howdah's own. howdah.lock keeps the digest that its tag stood for, until `howdah pin`. It must have PHP-FPM; `extensions` are then its business.",
      }),
  })
  .meta({ description: "PHP. Left out for a static site." });
