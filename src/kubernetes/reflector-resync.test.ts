import { expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "./kubernetes-api.ts";
import { Reflector } from "./reflector.ts";
import { resources } from "./resources.ts";
import { configMap } from "./testing/fake-api-server.ts";
import { faultyWatches } from "./testing/faulty-watches.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { memoryApi } from "./testing/memory-api.ts";

const RESYNC_MS = 300_000;
const SECOND = 1000;

type Watch = KubernetesApi["watch"];

/** Ends the first watch after some seconds, as a load balancer does that is restarted. */
function breaksOff(watch: Watch, clock: ManualClock, afterMs: number): Watch {
  let isFirst = true;
  return async function* (resource, options, signal) {
    const cut = new AbortController();
    if (isFirst)
      clock.sleep(afterMs, signal).then(
        () => {
          cut.abort();
        },
        () => undefined,
      );
    isFirst = false;
    yield* watch(resource, options, AbortSignal.any([signal, cut.signal]));
    if (cut.signal.aborted) throw new HowdahError("cluster/unreachable", "broke off");
  };
}

/** Watches for ever, whatever was asked. */
const endless =
  (watch: Watch): Watch =>
  (resource, options, signal) =>
    watch(resource, { ...options, timeoutSeconds: 1e6 }, signal);

it.each<{ name: string; disturbed: (watch: Watch, clock: ManualClock) => Watch; random: number }>([
  { name: "a watch to its end", disturbed: (watch) => watch, random: 0.99 },
  { name: "a watch that breaks off at once", disturbed: (watch, clock) => breaksOff(watch, clock, 5 * SECOND), random: 0.99 },
  { name: "a watch that breaks off just before its end", disturbed: (watch, clock) => breaksOff(watch, clock, 235 * SECOND), random: 0.99 },
  { name: "a server that never ends a watch", disturbed: endless, random: 0.5 },
])("puts right within five minutes what was lost, though other events come all the time: $name", async ({ disturbed, random }) => {
  const clock = new ManualClock();
  const api = memoryApi();
  const put = (name: string, data: Record<string, string>): Promise<KubeObject> => api.apply(resources.ConfigMap, configMap(name, data));
  const { watch } = faultyWatches(api, clock, (_nth, { object }) => (object.metadata.name === "lost" ? "dropped" : undefined));
  const reflector = new Reflector({
    ...{ api: { ...api, watch: disturbed(watch, clock) }, resource: resources.ConfigMap },
    ...{ clock, random: () => random },
  });
  const stop = new AbortController();
  const done = reflector.run(stop.signal);
  await reflector.whenSynced();
  await put("lost", {});
  for (let passed = 0; passed < RESYNC_MS; passed += 5 * SECOND) {
    await put("busy", { at: String(passed) });
    await clock.advance(5 * SECOND);
  }
  expect(reflector.objects.all().map(({ metadata }) => metadata.name)).toContain("lost");
  stop.abort();
  await clock.advance(0);
  await done;
});
