import { TENANT_ANNOTATION } from "../kernel/label.ts";
import type { HttpRoute } from "../render/objects.ts";

/** Whether a visitor's hostname can be meant by both. `*.acme.org` is every name below `acme.org`, at any depth, and not that itself. */
export function overlaps(a: string, b: string): boolean {
  return a === b || covers(a, b) || covers(b, a);
}

/** Whether a wildcard is over a hostname, which may be a narrower wildcard. */
export function covers(wildcard: string, hostname: string): boolean {
  return wildcard.startsWith("*.") && hostname !== wildcard && hostname.endsWith(wildcard.slice(1));
}

/**
 * The first hostname of a route that an engine of one machine must refuse because of another site's: the very same one is nobody else's; one that
 * a wildcard covers, or that covers another, is nobody else's where a tenant is in the play: visitors whom one tenant expects would come to the
 * other. Sites of one tenant, and of nobody, share wildcards as their owner likes.
 */
export function takenBy(wanted: HttpRoute, other: HttpRoute): string | undefined {
  const [own, others] = [wanted, other].map((route) => route.metadata.annotations?.[TENANT_ANNOTATION]);
  const meet = own === others ? (a: string, b: string) => a === b : overlaps;
  return wanted.spec.hostnames.find((hostname) => other.spec.hostnames.some((one) => meet(hostname, one)));
}
