import { CODE_ROOT, COPIED_ANNOTATION } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";
import { labelsFor } from "../labels.ts";
import { renderMailClaim } from "../mail/caught-mail.ts";
import { OPCACHE_DRIVER, type PersistentVolumeClaim, type Volume, type VolumeMount } from "../objects.ts";
import { usesPrimedOpcache } from "../php/entrypoint-config.ts";
import { SHARED_SESSIONS, sharesSessions } from "../php/sessions.ts";
import { digestOf } from "../rendered.ts";
import { claimSpec } from "../claim-spec.ts";

/** Claim of the whole tree when `code: writable` (R-A4: the code is data). */
export const CODE_CLAIM = "code";

/** Claim of PHP's sessions, when all pods share them. */
const SESSIONS_CLAIM = "sessions";

/** Volume of compiled code. */
export const OPCACHE_VOLUME = "opcache";

/**
 * The machine's compiled code of an image, if the site uses it. `php.ini` belongs to its identity: opcache's own does not know that
 * `short_open_tag` or `zend.assertions` compile the same script to something else.
 */
export function renderOpcacheVolume(site: Site, image: string, phpIni: string): Volume[] {
  if (!usesPrimedOpcache(site)) return [];
  const timestamps = /^opcache\.validate_timestamps ?= ?(On|yes|1)$/im.test(phpIni) ? "checked" : "ignored";
  const volumeAttributes = { image, settings: digestOf(phpIni).slice(0, 16), timestamps } as const;
  return [{ name: OPCACHE_VOLUME, csi: { driver: OPCACHE_DRIVER, readOnly: true, volumeAttributes } }];
}

/** The code that `deploy --watch` keeps up to date, over the image's: read-only in the pods, like that. Nothing in a release. */
export function renderLiveCode(component: "php" | "web", directory: string | null | undefined): DataVolumes {
  if (directory === undefined || directory === null) return { volumes: [], mounts: [] };
  const name = `live-${component}`;
  return {
    volumes: [{ name, hostPath: { path: directory, type: "Directory" } }],
    mounts: [{ name, mountPath: CODE_ROOT, readOnly: true }],
  };
}

/** Volumes of a pod with where a container of it mounts them. */
export interface DataVolumes {
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
}

/** Volumes of environments lie where copies of them cost nothing, and most of them are copies. */
function claim(site: Site, name: string, storage: string): PersistentVolumeClaim {
  const { preview } = site;
  // One machine has one node: every volume can be mounted by all pods of it. With replicas on several nodes it must be ReadWriteMany.
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      ...{ name, labels: labelsFor(site, "data") },
      ...(preview === undefined ? {} : { annotations: { [COPIED_ANNOTATION]: "true" } }),
    },
    spec: claimSpec({ name, storage, accessModes: ["ReadWriteMany"] }, preview?.data.mounts[name], preview?.data),
  };
}

/** Volumes that live on: shared mounts, and the whole tree when it is writable. */
export function renderClaims(site: Site): PersistentVolumeClaim[] {
  const code = site.code === "writable" ? [claim(site, CODE_CLAIM, "2Gi")] : [];
  const sessions = sharesSessions(site) ? [claim(site, SESSIONS_CLAIM, "1Gi")] : [];
  return [
    ...code,
    ...sessions,
    ...renderMailClaim(site),
    ...site.mounts.filter((mount) => mount.storage === "shared").map((mount) => claim(site, mount.volume, mount.size)),
  ];
}

/** Sessions that all pods share, for PHP and what runs beside it: whoever reads them is signed in as anybody, so nginx has no such volume. */
export function renderSessions(site: Site): DataVolumes {
  if (!sharesSessions(site)) return { volumes: [], mounts: [] };
  return {
    volumes: [{ name: SESSIONS_CLAIM, persistentVolumeClaim: { claimName: SESSIONS_CLAIM } }],
    mounts: [{ name: SESSIONS_CLAIM, mountPath: SHARED_SESSIONS }],
  };
}

/** A pod's data volumes and where they are mounted: the same paths in nginx and PHP, else SCRIPT_FILENAME is wrong (R-A3). */
export function renderDataVolumes(site: Site, readOnly: boolean): { readonly volumes: Volume[]; readonly mounts: VolumeMount[] } {
  const code: Volume[] = site.code === "writable" ? [{ name: CODE_CLAIM, persistentVolumeClaim: { claimName: CODE_CLAIM } }] : [];
  const volumes = site.mounts.map(
    (mount): Volume =>
      mount.storage === "shared"
        ? { name: mount.volume, persistentVolumeClaim: { claimName: mount.volume } }
        : { name: mount.volume, emptyDir: { sizeLimit: mount.size } },
  );
  const mounts = [
    ...(site.code === "writable" ? [{ name: CODE_CLAIM, mountPath: CODE_ROOT, readOnly }] : []),
    ...site.mounts.map((mount) => ({ name: mount.volume, mountPath: `${CODE_ROOT}/${mount.path}`, readOnly })),
  ];
  return { volumes: [...code, ...volumes], mounts };
}
