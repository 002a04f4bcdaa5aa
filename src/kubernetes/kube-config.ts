/**
 * The one thing that is taken from the client library, so that bundles leave its 15 MB of generated types out: an `import()` of the library
 * itself would bring all of it. Import this module lazily, too.
 */
export { KubeConfig } from "@kubernetes/client-node";
