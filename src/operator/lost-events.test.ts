import { describe, expect, it } from "vitest";
import { randomFrom } from "../../test/support/seeded-random.ts";
import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import { resources } from "../kubernetes/resources.ts";
import type { WatchFault } from "../kubernetes/testing/faulty-watches.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { type Fleet, fleet } from "./testing/fleet.ts";

/** Within one listing anew of everything, all is as if nothing had been lost (B3). */
const RESYNC_MS = 300_000;
const STEP_MS = 30_000;
const FAULTS: readonly WatchFault[] = ["dropped", "duplicated", "reordered"];
/** `HOWDAH_LOST_EVENTS=200` disturbs each event of each deed in each way, in about ten minutes. */
const RUNS = Number(process.env["HOWDAH_LOST_EVENTS"] ?? 2);
const PATIENCE_MS = 120_000;
const NAMESPACE = "site-1";

const environment = { resource: resources.Environment, namespace: NAMESPACE, name: PRODUCTION };
const tenant = { resource: resources.Tenant, namespace: undefined, name: `of-${NAMESPACE}` };

async function takeAway({ api }: Fleet, kind: keyof typeof resources, name: string): Promise<void> {
  const place = { resource: resources[kind], namespace: NAMESPACE, name };
  await api.delete(place, { preconditions: { uid: (await api.get(place))?.metadata.uid ?? "" } });
}

/** What people do, one after the other. */
const deeds: readonly { readonly name: string; readonly perform: (one: Fleet) => Promise<unknown> }[] = [
  { name: "install", perform: (one) => one.makeSites([NAMESPACE]) },
  { name: "deploy", perform: (one) => one.deploy(NAMESPACE, "r2") },
  { name: "scale", perform: ({ api }) => api.mergePatch(environment, { spec: { replicas: 3 } }) },
  { name: "roll back", perform: ({ api }) => api.mergePatch(environment, { spec: { release: "r1", replicas: 1 } }) },
  {
    name: "take away and edit what was made",
    perform: async (one) => {
      for (const kind of ["Deployment", "Service", "HTTPRoute"] as const) await takeAway(one, kind, "web");
      await takeAway(one, "NetworkPolicy", "default-deny");
      const policy = { resource: resources.NetworkPolicy, namespace: NAMESPACE, name: "web-in" };
      one.api.edit(policy, { spec: { policyTypes: ["Egress"] } });
    },
  },
  {
    name: "change the tenant",
    perform: ({ api }) => api.mergePatch(tenant, { spec: { quota: { pods: 20 }, roles: { viewer: { users: ["ann"] } } } }),
  },
  { name: "take its quota back", perform: ({ api }) => api.mergePatch(tenant, { spec: { quota: null } }) },
  { name: "delete the environment", perform: (one) => takeAway(one, "Environment", PRODUCTION) },
];

/** Everything that is there, without what counts, names a moment or is random; of Pods what they are of. Events are words about what was. */
function stateOf({ api }: Fleet): readonly string[] {
  return Object.keys(resources)
    .filter((kind) => kind !== "Event")
    .flatMap((kind) => api.all(kind))
    .map(plain)
    .toSorted();
}

function plain({ kind, metadata, status, ...content }: KubeObject): string {
  const { namespace = "", name, labels = {}, finalizers = [] } = metadata;
  const called = kind === "Pod" ? name.replace(/-\d+$/, "") : name;
  const { podIP: _address, ...said } = (status ?? {}) as Readonly<Record<string, unknown>>;
  const text = JSON.stringify([kind, namespace, called, labels, finalizers, content, said]);
  const withoutKeys = text.replaceAll(/"(private-key|public-key|key-id|jwks\.json|keys":\{"id)":"[^"]*"/g, '"$1":"random"');
  return withoutKeys.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "then");
}

/** What happens to an event, by the deed's number and its own within that deed. What the repair of it makes known comes as it should. */
type Faults = (deed: number, nth: number) => WatchFault | undefined;

/** What is there in the end of a deed, and how many events it had before the calm. */
interface Told {
  readonly deed: string;
  readonly misknown: readonly string[];
  readonly state: readonly string[];
  readonly events: number;
}

async function play(faults: Faults): Promise<readonly Told[]> {
  const told: Told[] = [];
  let [before, isCalm] = [0, false];
  const one = await fleet({ faultOf: (nth) => (isCalm ? undefined : faults(told.length, nth - before)) });
  for (const { name: deed, perform } of deeds) {
    [before, isCalm] = [one.events(), false];
    await perform(one);
    await one.rest();
    const events = one.events() - before;
    isCalm = true;
    for (let passed = 0; passed < RESYNC_MS; passed += STEP_MS) {
      await one.clock.advance(STEP_MS);
      await one.rest();
    }
    told.push({ deed, misknown: await one.misknown(), state: stateOf(one), events });
  }
  await one.stop();
  return told;
}

let quiet: Promise<readonly Told[]> | undefined;
const undisturbed = (): Promise<readonly Told[]> => (quiet ??= play(() => undefined));

async function expectTheSame(faults: Faults): Promise<void> {
  const [told, wanted] = [await play(faults), await undisturbed()];
  for (const [index, { deed, misknown, state }] of told.entries())
    expect([deed, misknown, state]).toEqual([deed, [], wanted[index]?.state]);
}

describe.each(Array.from({ length: RUNS }, (_, index) => index + 1))("run %i of watches that are not what they should be", (run) => {
  it("ends as if nothing had happened, with one event of each deed lost, told again or swapped", { timeout: PATIENCE_MS }, async () => {
    const events = (await undisturbed()).map((one) => one.events);
    await expectTheSame((deed, nth) => {
      const count = events[deed] ?? 1;
      const chosen = ((run + deed) * 7919) % (count * FAULTS.length); // a prime: so many runs meet each event with each fault
      return nth === chosen % count ? FAULTS[Math.floor(chosen / count)] : undefined;
    });
  });

  it("ends as if nothing had happened, with every second event lost, told again or swapped", { timeout: PATIENCE_MS }, async () => {
    const random = randomFrom(run);
    await expectTheSame(() => FAULTS[Math.floor(random() * FAULTS.length * 2)]);
  });
});
