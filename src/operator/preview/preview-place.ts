import { ENVIRONMENT_OF_ANNOTATION, LABEL_PREFIX } from "../../kernel/label.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { EnvironmentSpec } from "../../resources/schema/environment.ts";
import { ENVIRONMENT_NAME } from "../../site/site-of-environment.ts";

/** On the namespace that was made for an environment, and on all of it that lies outside: the namespace of the site. */
export const OF_LABEL = ENVIRONMENT_OF_ANNOTATION;

/** On what of an environment lies outside of its namespace: that namespace. */
export const PREVIEW_LABEL = `${LABEL_PREFIX}/environment`;

/** Of a Release in an environment's namespace: which making of it this belongs to, whose images it has, and which generation its data is a copy of. */
export const MAKING_ANNOTATION = `${LABEL_PREFIX}/making`;
export const RELEASE_OF_ANNOTATION = `${LABEL_PREFIX}/release-of`;
export const GENERATION_ANNOTATION = `${LABEL_PREFIX}/generation`;
export const RESET_DONE_ANNOTATION = `${LABEL_PREFIX}/reset-done`;

/** Names of namespaces hold so many characters. */
const LONGEST = 63;

/** The namespace of an environment: that of its site, which no other site of the cluster has, and its name. Undefined when it would be too long. */
export function previewNamespace(of: string, name: string): string | undefined {
  const namespace = `${of}--${name}`;
  return ENVIRONMENT_NAME.test(name) && namespace.length <= LONGEST ? namespace : undefined;
}

/** Whose namespace this would be: the names of environments have no double hyphen. */
export function previewOf(namespace: string): { readonly of: string; readonly name: string } | undefined {
  const at = namespace.lastIndexOf("--");
  return at < 1 ? undefined : { of: namespace.slice(0, at), name: namespace.slice(at + 2) };
}

/** True of an Environment for development or review; every other one is the environment of its namespace. */
export function isPreview(environment: KubeObject): boolean {
  return (environment["spec"] as Partial<EnvironmentSpec> | undefined)?.data !== undefined;
}
