import { expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { KubernetesApi, WatchEvent } from "./kubernetes-api.ts";
import { Reflector } from "./reflector.ts";
import { resources } from "./resources.ts";
import { configMap } from "./testing/fake-api-server.ts";
import { FakeObjects } from "./testing/fake-objects.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const collection = "/api/v1/namespaces/blog/configmaps";
const MINUTE = 60_000;

/** A small random generator, so that a failure is met again with its seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Watches straight from memory, with faults by chance: ends, breaks, events that come twice, are lost or come late. */
function hostileApi(objects: FakeObjects, clock: ManualClock, random: () => number, faulty: () => boolean) {
  const listedAt: number[] = [];
  async function* watch(
    _resource: unknown,
    { from, timeoutSeconds }: { from: string | undefined; timeoutSeconds: number },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    if (from === undefined) {
      listedAt.push(clock.now());
      for (const object of objects.below(collection)) yield { type: "ADDED", object };
      const metadata = { name: "", resourceVersion: String(objects.version) };
      yield { type: "BOOKMARK", object: { apiVersion: "v1", kind: "ConfigMap", metadata }, initialEnd: true };
    }
    let at = from === undefined ? objects.version : Number(from);
    const ends = clock.now() + timeoutSeconds * 1000;
    let late: WatchEvent[] = [];
    while (clock.now() < ends) {
      if (at < objects.oldest) throw new HowdahError("cluster/expired", "too old resource version");
      const events = objects.since(collection, at).map(({ type, object }): WatchEvent => ({ type, object }));
      at = objects.version;
      for (const event of [...events, ...late.splice(0)]) {
        const chance = faulty() ? random() : 1;
        if (chance < 0.1) continue;
        if (chance < 0.2) late.push(event);
        else yield event;
        if (chance > 0.2 && chance < 0.3) yield event;
      }
      if (faulty() && random() < 0.05) throw new HowdahError("cluster/unreachable", "broke off");
      await clock.sleep(5000, signal);
    }
    late = [];
  }
  const api: Pick<KubernetesApi, "list" | "watch"> = { watch, list: () => Promise.reject(new Error("not asked for")) };
  return { api, listedAt };
}

it.each([1, 2])(
  "misses nothing in a day with 410 every five minutes and a stream that loses, doubles and delays (seed %i)",
  async (seed) => {
    const clock = new ManualClock();
    const random = seeded(seed);
    const objects = new FakeObjects();
    let faulty = true;
    const { api, listedAt } = hostileApi(objects, clock, random, () => faulty);
    const reflector = new Reflector({ api, resource: resources.ConfigMap, clock, random });
    const stop = new AbortController();
    const done = reflector.run(stop.signal);

    for (let minute = 1; minute <= 24 * 60; minute += 1) {
      const name = `m${String(Math.floor(random() * 20))}`;
      if (random() < 0.3) objects.remove(collection, name);
      else objects.put(collection, configMap(name, { minute: String(minute) }));
      if (minute % 5 === 0) objects.compact();
      await clock.advance(MINUTE);
      if (minute % 240 !== 0) continue;
      faulty = false; // calm: within five minutes and a listing all is as it is
      await clock.advance(6 * MINUTE);
      const truth = objects.below(collection).map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ""}`);
      expect(
        reflector.objects
          .all()
          .map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ""}`)
          .sort(),
      ).toEqual(truth.sort());
      faulty = true;
    }
    stop.abort();
    await clock.advance(0);
    await done;
    expect(listedAt.some((at, index) => index > 0 && at - (listedAt[index - 1] ?? 0) < 1000)).toBe(false);
  },
);
