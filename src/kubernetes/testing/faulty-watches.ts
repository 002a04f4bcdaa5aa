import type { Clock } from "../../kernel/clock.ts";
import type { KubernetesApi, WatchEvent } from "../kubernetes-api.ts";

/**
 * What happens to an event on its way: it never comes; it comes again after the next one, as if the past were news; or it comes after the next one only.
 */
export type WatchFault = "dropped" | "duplicated" | "reordered";

/** An API whose watches are not what they should be. */
interface FaultyWatches {
  readonly watch: KubernetesApi["watch"];
  /** How many events there were to disturb, each counted once however often watches told it. */
  readonly events: () => number;
}

/**
 * Watches that end when they were asked to, and between the server and its client lose, repeat and swap what `faultOf` names: events by their number,
 * from 0 in the order in which they came first, without listings. A fault is the event's for good, so that a watch that goes on in the past meets it
 * again and only a listing puts it right.
 */
export function faultyWatches(
  api: Pick<KubernetesApi, "watch">,
  clock: Clock,
  faultOf: (nth: number, event: WatchEvent) => WatchFault | undefined,
): FaultyWatches {
  const faults = new Map<string, WatchFault | undefined>();
  const fault = (watched: string, event: WatchEvent): WatchFault | undefined => {
    const { namespace = "", name, resourceVersion = "" } = event.object.metadata;
    const key = [watched, namespace, name, resourceVersion].join("/");
    if (!faults.has(key)) faults.set(key, faultOf(faults.size, event));
    return faults.get(key);
  };
  return {
    events: () => faults.size,
    watch: async function* (resource, options, signal) {
      const over = new AbortController();
      const until = AbortSignal.any([signal, over.signal]);
      clock.sleep(options.timeoutSeconds * 1000, until).then(
        () => {
          over.abort();
        },
        () => undefined,
      );
      const watched = `${resource.plural}?${options.labelSelector ?? ""}`;
      let isListing = options.from === undefined;
      let late: readonly WatchEvent[] = [];
      try {
        for await (const event of api.watch(resource, options, until)) {
          const found = isListing || event.type === "BOOKMARK" ? undefined : fault(watched, event);
          if (event.initialEnd === true) isListing = false;
          if (found === undefined || found === "duplicated") yield event;
          yield* late;
          late = found === "duplicated" || found === "reordered" ? [event] : [];
        }
        yield* late;
      } finally {
        over.abort();
      }
    },
  };
}
