import { DATABASE_SECRET, GENERATED_SECRET } from "../../kernel/own-names.ts";
import type { EngineFacts } from "../../engine/engine.ts";
import type { WatchedFiles } from "../../providers/image-builder.ts";
import type { SessionServer } from "../../render/sessions/session-server.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import type { Site } from "../../site/site.ts";
import type { Ports, SiteDatabase, SiteRecord } from "../ports.ts";
import { migrationStep } from "../rollout/migration-step.ts";
import type { PreparedDatabase } from "./prepare-database.ts";
import { siteUrl } from "./site-url.ts";

/** What is known of a release when it can be rendered, on one machine and on a cluster alike. */
export interface ReleaseFacts {
  readonly site: Site;
  readonly namespace: string;
  /** References. */
  readonly images: RenderInput["images"];
  readonly codeDigest: string;
  readonly watched: WatchedFiles;
  readonly facts: EngineFacts;
  readonly database: PreparedDatabase | null;
  readonly secretsDigest: string;
  readonly sessions: SessionServer | null;
}

/** Facts from builders, providers and the engine, put together for rendering. */
export function releaseInput(known: ReleaseFacts, { settings }: Pick<Ports, "settings">): RenderInput {
  const { site, images, codeDigest, watched, facts, database, secretsDigest, sessions } = known;
  return {
    images,
    url: siteUrl(site, settings),
    ...facts,
    database:
      database === null
        ? null
        : {
            ...{ host: database.host, port: database.port, name: database.name, user: database.user, secretName: DATABASE_SECRET },
            ...(database.behind === undefined ? {} : { behind: database.behind }),
            ...(database.own === undefined ? {} : { own: database.own }),
          },
    sessions,
    generatedSecret: GENERATED_SECRET,
    secretsDigest,
    releaseId: codeDigest.replace("sha256:", "").slice(0, 12),
    migration: migrationStep(site, { codeDigest, watched }),
    // Its data is a copy: nothing need be saved before, and nobody else's pods are there to be harmed.
    ...(site.preview === undefined ? {} : { migratesAtStart: true }),
  };
}

/** The site's record as it will be; what served before goes on until the release does. `file` is the site file's path, or empty. */
export function releaseRecord(
  { site, namespace, watched, database }: ReleaseFacts,
  input: RenderInput,
  { file, former, credentialsShown }: Pick<SiteRecord, "file" | "credentialsShown"> & { readonly former: SiteRecord | undefined },
  { clock }: Pick<Ports, "clock">,
): SiteRecord {
  const { url, images, releaseId, migration, secretsDigest } = input;
  return {
    ...{ site, namespace, file, url, images, releaseId, migration, watched, secretsDigest, credentialsShown },
    database: database === null ? null : withoutSecret(database),
    updatedAt: new Date(clock.now()).toISOString(),
    serving: former?.serving ?? null,
    postDeployed: former?.postDeployed ?? null,
  };
}

function withoutSecret({ server, host, port, name, user, uid, client, behind, routed, programs }: PreparedDatabase): SiteDatabase {
  const outside = {
    ...(client === undefined ? {} : { client }),
    ...(behind === undefined ? {} : { behind }),
    ...(routed === undefined ? {} : { routed }),
    ...(programs === undefined ? {} : { programs }),
  };
  return { server, host, port, name, user, uid, ...outside };
}
