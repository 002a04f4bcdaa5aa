import { MAIL_PORTS } from "../../site/environment-mail.ts";
import type { Site } from "../../site/site.ts";
import { labelsFor } from "../labels.ts";
import type { PersistentVolumeClaim, PodSpec } from "../objects.ts";
import type { DataVolumes } from "../site/render-volumes.ts";

/** Claim of an environment's mails. */
export const MAIL_CLAIM = "mail";

/** Where PHP's containers have it, and where their programs for it lie (src/entrypoint/php/mail). */
export const MAIL_PATHS = {
  directory: "/var/lib/howdah/mail",
  sendmail: "/usr/lib/howdah/mail/sendmail.php",
  function: "/usr/lib/howdah/mail/function.php",
  view: "/usr/lib/howdah/mail/view.php",
  ask: "/usr/lib/howdah/mail/ask-mailbox.php",
} as const;

/** Path of the web view, as src/entrypoint/php/mail/view.php has it. */
export const MAIL_VIEW = "/-/mail/";

/** True when what the site sends by mail is caught: in environments that run programs at all. */
export function catchesMail({ preview, runtime }: Pick<Site, "preview" | "runtime">): boolean {
  return preview !== undefined && runtime !== null;
}

/** Mails outlive the pods that caught them. */
export function renderMailClaim(site: Site): PersistentVolumeClaim[] {
  if (!catchesMail(site)) return [];
  return [
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: MAIL_CLAIM, labels: labelsFor(site, "data") },
      spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "256Mi" } } },
    },
  ];
}

/** For PHP and what runs beside it; nginx has no use for it. */
export function renderMailVolume(site: Site): DataVolumes {
  if (!catchesMail(site)) return { volumes: [], mounts: [] };
  return {
    volumes: [{ name: MAIL_CLAIM, persistentVolumeClaim: { claimName: MAIL_CLAIM } }],
    mounts: [{ name: MAIL_CLAIM, mountPath: MAIL_PATHS.directory }],
  };
}

/** What a pod needs for programs of it that speak SMTP to be heard by the pod itself: the names of production's servers, and ports below 1024. */
export function renderMailNetwork(site: Site): Pick<PodSpec, "hostAliases" | "securityContext"> {
  if (!catchesMail(site)) return {};
  const hostnames = site.preview?.mailHosts ?? [];
  return {
    ...(hostnames.length === 0 ? {} : { hostAliases: [{ ip: "127.0.0.1", hostnames }] }),
    securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: String(Math.min(...MAIL_PORTS)) }] },
  };
}
