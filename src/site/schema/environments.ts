import * as z from "zod";
import { duration, hostname, name, oneLine, variableName } from "./grammar.ts";

/** How long an environment lives: hours, days or weeks. */
const lifetime = z.string().regex(/^([1-9][0-9]{0,3}(h|d|w)|never)$/, "must be a time such as `12h`, `3d` or `2w`, or `never`");

/** A hostname with the environment's name in it, and if wanted the site's and its main hostname. */
const pattern = z
  .string()
  .max(253)
  .refine((text) => text.includes("{environment}"), "must hold `{environment}`: every environment needs a hostname of its own")
  .refine(
    (text) => hostname.safeParse(text.replaceAll(/\{(environment|site|hostname)\}/g, "x")).success,
    "must be a hostname with `{environment}`, and if you like `{site}` or `{hostname}`: `{environment}.review.example.org`",
  );

const target = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?:[1-9][0-9]{0,4}$/,
    "must be HOST:PORT such as `api.example.org:443`, or the name of a relationship",
  )
  .or(name);

const standIn = z
  .union([
    z.strictObject({ generate: z.literal(true).meta({ description: "A random value, of each environment its own." }) }),
    z.strictObject({ value: oneLine.min(1).meta({ description: "What takes the secret's place: a sandbox's key, a word that fails." }) }),
  ])
  .meta({ description: "What an environment has in the place of production's secret." });

const secretName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}(\/[A-Za-z0-9._-]{1,128})?$/, "must be `NAME` or `NAME/KEY` of a secret, as `variables` name it");

/** `spec.environments`: what copies of the site for development and review are like. */
export const environments = z
  .strictObject({
    hostname: pattern.default("{environment}.{hostname}").meta({
      description: "Their hostnames. `{environment}` is the environment's name, `{hostname}` the site's main hostname, `{site}` its name.",
      examples: ["{environment}.review.example.org"],
    }),
    size: z.enum(["small", "medium", "large", "production"]).default("small").meta({
      description:
        "Memory of PHP and of the database: `small` 256 and 256 MiB, `medium` 512 and 512 MiB, `large` 1 and 1 GiB, `production` what the site has and 1 GiB.",
    }),
    ttl: lifetime.default("7d").meta({ description: "How long one lives, unless its command says otherwise.", examples: ["3d"] }),
    idle: z
      .union([z.literal("never"), duration])
      .default("30m")
      .meta({
        description: "One that nobody has visited for that long sleeps until the next visit: its memory is freed. `never`: it always runs.",
      }),
    variables: z
      .record(variableName, z.union([oneLine, z.int(), z.boolean()]))
      .default({})
      .meta({ description: "Variables that are different there, or there alone.", examples: [{ APP_DEBUG: true }] }),
    secrets: z
      .record(secretName, standIn)
      .default({})
      .meta({
        description:
          "What stands in for production's secrets, by the names that `variables` use. Production's own are never looked up; one that is neither here nor given has to be stored for the environment.",
        examples: [{ "smtp/password": { generate: true }, "payment/key": { value: "sandbox" } }],
      }),
    allow: z
      .array(target)
      .max(50)
      .default([])
      .meta({
        description:
          "Servers that they may connect to: HOST:PORT, or the name of a relationship. All else that leaves is refused. No mail servers: what environments send is caught (`howdah mail`).",
        examples: [["sandbox.payments.example:443", "ldap"]],
      }),
    password: z
      .boolean()
      .default(false)
      .meta({ description: "`true`: browsers are asked for a user (`preview`) and a password, which `howdah env show` prints." }),
    crons: z
      .boolean()
      .default(false)
      .meta({ description: "`true`: the site's crons run there, too. They would wake it and work with data that is a copy." }),
    limit: z.int().min(1).max(500).default(20).meta({ description: "How many there may be of this site at one time." }),
  })
  .meta({ description: "Environments of this site: copies for development and review (`howdah env`)." });

/** The terms with every default, as a site file that says nothing has them. */
export type DeclaredEnvironments = z.output<typeof environments>;

/** What holds where a site file says nothing. */
export const defaultEnvironments: DeclaredEnvironments = environments.parse({});
