import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";

/** Name of the container in the server's pod, for `exec`. */
export const DATABASE_CONTAINER = "mariadb";

/**
 * Name of a server's StatefulSet, Service, PVC, ConfigMap and Secret, and its host name on the networks of its sites:
 * `mariadb-11-8` for version 11.8. One server for each version, so that no site changes its version because another did.
 */
export function databaseServerName(version: string): string {
  if (!/^\d{1,3}\.\d{1,3}$/.test(version)) throw new HowdahError("site/invalid", `${JSON.stringify(version)} is no version of MariaDB`);
  return `mariadb-${version.replace(".", "-")}`;
}

/** Labels of a server's objects; the first two select its pod. */
export function databaseLabels(version: string): Readonly<Record<string, string>> {
  return {
    ...databaseSelector(version),
    "app.kubernetes.io/version": version,
    "app.kubernetes.io/component": "database",
    "app.kubernetes.io/managed-by": "howdah",
    "app.kubernetes.io/part-of": "howdah",
  };
}

/** What a Service, StatefulSet and NetworkPolicy select a server's pod by. Never changes: a StatefulSet's selector can't. */
export function databaseSelector(version: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": "mariadb", "app.kubernetes.io/instance": databaseServerName(version) };
}

/** Annotation that carries a digest of the configuration: a change rolls the pod. */
export const CONFIG_DIGEST = `${LABEL_PREFIX}/config-digest`;
