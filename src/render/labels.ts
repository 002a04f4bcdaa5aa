import { LABEL_PREFIX } from "../kernel/label.ts";
import type { Site } from "../site/site.ts";

/** Labels of every object of a site: Kubernetes' recommended ones, and one of ours that names the site. */
export function labelsFor(site: Site, component: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": labelValue(site.recipe ?? "") || (site.runtime === null ? "static" : "php"),
    "app.kubernetes.io/instance": site.name,
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/part-of": site.name,
    "app.kubernetes.io/managed-by": "howdah",
    [`${LABEL_PREFIX}/site`]: site.name,
    [`${LABEL_PREFIX}/environment`]: site.environment,
  };
}

/** A person's words as Kubernetes takes a label's value: letters, digits, `.`, `_`, `-`, at most 63, a letter or digit at its ends. */
function labelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, 63)
    .replaceAll(/^[._-]+|[._-]+$/g, "");
}

/** The labels that select a component's pods: the stable ones only, since a selector can't change. */
export function selectorFor(site: Site, component: string): Record<string, string> {
  return {
    "app.kubernetes.io/component": component,
    [`${LABEL_PREFIX}/site`]: site.name,
    [`${LABEL_PREFIX}/environment`]: site.environment,
  };
}
