import { describe, expect, it } from "vitest";
import { resources } from "../../kubernetes/resources.ts";
import type { BackupStatus } from "../../resources/schema/backup.ts";
import { operatorRig } from "../testing/operator-rig.ts";
import { reconcileBackup } from "./reconcile-backup.ts";

const never = new AbortController().signal;
const ID = "20261120-030405-ab12";

interface Said {
  readonly step: string;
  readonly words?: object | string;
  readonly exit?: number;
}

/** A site that serves, a store and a Backup; Jobs end as the test says. */
async function backupRig({ store = true, spec = {} }: { readonly store?: boolean; readonly spec?: object } = {}) {
  const rig = operatorRig();
  const { api } = rig;
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  rig.events.length = 0;
  const make = (kind: "Backup" | "BackupStore", name: string, of: object) =>
    api.create(resources[kind], { apiVersion: "howdah.dev/v1alpha1", kind, metadata: { name, namespace: "acme" }, spec: of });
  if (store) await make("BackupStore", "default", { secret: "store", claim: { name: "store" } });
  await make("Backup", "site", spec);
  const clock = { now: Date.parse("2026-11-22T12:00:00Z") };
  const look = async (): Promise<void> => {
    const ports = { ...rig.operator, clock: { now: () => clock.now, sleep: async () => undefined } };
    for (let times = 0; times < 4; times += 1) await reconcileBackup(ports)({ namespace: "acme", name: "site" }, never);
  };
  const status = async () => ((await rig.object("Backup", "site"))?.["status"] ?? {}) as BackupStatus;
  await look(); // a wish that is there at the first look is of another Backup
  return {
    ...{ rig, clock, look, status },
    ask: async (annotations: Readonly<Record<string, string | null>>) => {
      await api.mergePatch({ resource: resources.Backup, namespace: "acme", name: "site" }, { metadata: { annotations } });
      await look();
    },
    /** Another Backup of the namespace is at this; answers how that changes. */
    another: async (current: object, name = "other") => {
      await make("Backup", name, {});
      const change = (now: object | null) =>
        api.mergePatch({ resource: resources.Backup, namespace: "acme", name }, { status: { current: now } }, { subresource: "status" });
      await change({ id: ID, why: "asked", job: "j", ...current });
      return change;
    },
    job: async () => rig.object("Job", (await status()).current?.job ?? "none"),
    /** The Job under way ends, and its pod's containers have said this. */
    end: async (ok: boolean, said: readonly Said[]) => {
      const name = (await status()).current?.job ?? "";
      const conditions = [{ type: ok ? "Complete" : "Failed", status: "True", message: "Job was active longer than specified deadline" }];
      await api.mergePatch({ resource: resources.Job, namespace: "acme", name }, { status: { conditions } }, { subresource: "status" });
      const containerStatuses = said.map(({ step, words = "", exit = 0 }) => ({
        ...{ name: step, image: "", ready: false, restartCount: 0 },
        state: { terminated: { exitCode: exit, message: typeof words === "string" ? words : JSON.stringify(words) } },
      }));
      const pod = { name: `${name}-x`, namespace: "acme" };
      await api.create(resources.Pod, { apiVersion: "v1", kind: "Pod", metadata: { ...pod, labels: { "job-name": name } }, spec: {} });
      await api.mergePatch({ resource: resources.Pod, ...pod }, { status: { containerStatuses } }, { subresource: "status" });
      await look();
    },
    ready: async () => {
      const found = (await status()).conditions?.find(({ type }) => type === "Ready");
      return `${found?.status ?? ""} ${found?.reason ?? ""}`;
    },
  };
}

const numbers = { tables: 1, rows: 2, files: 3 };
const wellDone = (id: string): readonly Said[] => [
  { step: "save", words: { made: { id, at: "2026-11-22T12:00:10Z", bytes: 9, ...numbers } } },
  { step: "judge", words: { verified: { id, at: "2026-11-22T12:00:20Z", ...numbers }, kept: [id] } },
];

describe("a Backup", () => {
  it("is verified when its Job says that it restored and compared, and not before", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/backup-now": "1" });
    const id = (await one.status()).current?.id ?? "";
    expect(await one.ready()).toBe("False NotYet");
    await one.end(true, wellDone(id));
    expect(await one.ready()).toBe("True Verified");
    expect(await one.status()).toMatchObject({ verified: { id }, last: { id, bytes: 9 }, backups: [{ id, why: "asked" }] });
    expect((await one.status()).current).toBeUndefined();
    expect(one.rig.events).toEqual(["Normal Verified"]);
  });

  it.each([
    {
      what: "a wrong key",
      said: [{ step: "save", exit: 1, words: { failed: { code: "backup/store-refused", message: "no" } } }],
      reason: "BackupStoreRefused",
    },
    {
      what: "a store that is away",
      said: [{ step: "save", exit: 1, words: { failed: { code: "backup/store-unreachable", message: "no" } } }],
      reason: "BackupStoreUnreachable",
    },
    { what: "a dump that breaks off", said: [{ step: "dump", exit: 2, words: "ERROR 2013: lost" }], reason: "BackupFailed" },
    {
      what: "content that a server refuses",
      said: [...wellDone("x").slice(0, 1), { step: "scratch", exit: 1, words: "ERROR 1064 at line 3" }],
      reason: "BackupDamaged",
    },
    { what: "a killed pod", said: [{ step: "save", exit: 137 }], reason: "BackupFailed" },
    { what: "a pod that is gone", said: [], reason: "BackupFailed" },
    { what: "a verification in a Job that failed", said: wellDone("x"), reason: "BackupFailed" },
  ])("is failed, never verified, with $what", async ({ said, reason }) => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/backup-now": "1" });
    await one.end(false, said);
    expect(await one.ready()).toBe(`False ${reason}`);
    expect((await one.status()).verified).toBeUndefined();
    expect(one.rig.events).toEqual([`Warning ${reason}`]);
  });

  it("is failed when its Job ended well and said nothing", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/backup-now": "1" });
    await one.end(true, []);
    expect([await one.ready(), (await one.status()).verified]).toEqual(["False BackupFailed", undefined]);
  });

  it("is failed when somebody deletes its Job", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/backup-now": "1" });
    const job = await one.job();
    const name = { resource: resources.Job, namespace: "acme", name: job?.metadata.name ?? "" };
    await one.rig.api.delete(name, { preconditions: { uid: job?.metadata.uid ?? "" } });
    await one.look();
    expect(await one.ready()).toBe("False BackupFailed");
  });

  it("is failed without a store", async () => {
    const one = await backupRig({ store: false });
    await one.ask({ "howdah.dev/backup-now": "1" });
    expect(await one.ready()).toBe("False BackupStoreMissing");
  });

  it("runs at its schedule, once for each time", async () => {
    const one = await backupRig({ spec: { schedule: "0 3 * * *", timeZone: "Europe/Berlin" } });
    await one.look();
    expect((await one.status()).next).toMatch(/^2026-11-23T02:00/);
    one.clock.now = Date.parse("2026-11-23T02:01:30Z");
    await one.look();
    const { current } = await one.status();
    expect(current).toMatchObject({ what: "backup", why: "schedule" });
    await one.end(true, wellDone(current?.id ?? ""));
    expect([(await one.status()).current, await one.ready()]).toEqual([undefined, "True Verified"]);
  });

  it("says what is wrong with its schedule", async () => {
    const one = await backupRig({ spec: { schedule: "every day" } });
    await one.look();
    expect(await one.ready()).toBe("False SpecInvalid");
  });

  it("restores only when what is there is backed up and verified", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/restore": `${ID}/1` });
    const before = (await one.status()).current?.id ?? "";
    await one.end(true, wellDone(before));
    expect((await one.status()).current).toMatchObject({ what: "restore", restore: ID, before });
    expect(await one.job()).toMatchObject({ spec: { template: { spec: { containers: [{ name: "put" }] } } } });
    await one.end(true, [{ step: "put", words: { restored: { id: ID, at: "2026-11-22T12:01:00Z", ...numbers } } }]);
    expect(await one.status()).toMatchObject({ restored: { id: ID, before }, backups: [{ id: before, why: "before a restore" }] });
  });

  it("replaces nothing while a release is taken into service, however long its first half took, and gives its pod its time then", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/restore": `${ID}/1` });
    const environment = { resource: resources.Environment, namespace: "acme", name: "production" };
    const rollout = (value: object | null) =>
      one.rig.api.mergePatch(environment, { status: { rollout: value } }, { subresource: "status" });
    await rollout({ release: "r2", step: "build" });
    one.clock.now += 3_600_000;
    await one.end(true, wellDone((await one.status()).current?.id ?? ""));
    const waiting = await one.status();
    expect([waiting.current?.before === undefined, waiting.current?.made, await one.job()]).toEqual([false, undefined, undefined]);
    expect(waiting.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual(["Ready Verified", "Reconciling Waiting"]);
    await rollout(null);
    await one.look();
    expect([(await one.status()).current?.made, (await one.job()) === undefined]).toEqual([true, false]);
  });

  it("replaces nothing once the tenant is to be suspended, though its site does not rest yet", async () => {
    const one = await backupRig();
    const { api } = one.rig;
    const suspend = (suspended: boolean) =>
      api.apply(
        resources.Tenant,
        { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec: { suspended } },
        { fieldManager: "kubectl" },
      );
    await suspend(false);
    await one.rig.tenant("acme");
    await one.ask({ "howdah.dev/restore": `${ID}/1` });
    await suspend(true);
    await one.end(true, wellDone((await one.status()).current?.id ?? ""));
    expect([(await one.status()).current?.made, await one.job()]).toEqual([undefined, undefined]);
    await suspend(false);
    await one.look();
    expect((await one.status()).current?.made).toBe(true);
  });

  it.each([
    { asks: "restore", theirs: { what: "backup" }, waits: true },
    { asks: "restore", theirs: { what: "restore" }, waits: true },
    { asks: "restore", theirs: { what: "verify" }, waits: false },
    { asks: "backup-now", theirs: { what: "restore" }, waits: true },
    { asks: "backup-now", theirs: { what: "backup" }, waits: false },
    { asks: "verify", theirs: { what: "restore" }, waits: false },
  ])("waits for another Backup of its namespace where one of them restores: %o", async ({ asks, theirs, waits }) => {
    const one = await backupRig();
    const other = await one.another(theirs);
    await one.ask({ [`howdah.dev/${asks}`]: ID });
    expect((await one.status()).current === undefined).toBe(waits);
    await other(null);
    await one.look();
    expect((await one.status()).current).toBeDefined();
  });

  it.each([
    { name: "zone", made: false, waits: false },
    { name: "zone", made: true, waits: true },
    { name: "aside", made: false, waits: true },
  ])("of two restores that are about to replace one goes first: %o", async ({ name, made, waits }) => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/restore": `${ID}/1` });
    await one.another({ what: "restore", before: ID, made }, name);
    await one.end(true, wellDone((await one.status()).current?.id ?? ""));
    expect((await one.status()).current?.made).toBe(waits ? undefined : true);
  });

  it("restores nothing when what is there can't be backed up", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/restore": ID });
    await one.end(false, [{ step: "save", exit: 1, words: { failed: { code: "backup/store-unreachable", message: "away." } } }]);
    expect((await one.status()).failed).toMatchObject({ what: "restore", message: "away. Nothing was restored." });
    expect((await one.status()).current).toBeUndefined();
    await one.ask({ "howdah.dev/restore": null });
    expect((await one.status()).failed).toBeUndefined();
  });

  it("stays failed when another backup is verified, until a whole one works again", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/backup-now": "1" });
    await one.end(false, [{ step: "save", exit: 1, words: { failed: { code: "backup/store-unreachable", message: "away." } } }]);
    await one.ask({ "howdah.dev/verify": ID });
    await one.end(true, wellDone(ID).slice(1));
    expect([(await one.status()).verified?.id, (await one.status()).failed?.what]).toEqual([ID, "backup"]);
    expect(await one.ready()).toBe("False BackupStoreUnreachable");
    await one.ask({ "howdah.dev/verify": "no name" });
    expect(await one.ready()).toBe("False BackupUnknown");
    one.clock.now += 60_000;
    await one.ask({ "howdah.dev/verify": `${ID}/again` });
    await one.end(true, wellDone(ID).slice(1));
    expect(await one.ready()).toBe("False BackupStoreUnreachable");
    one.clock.now += 60_000;
    await one.ask({ "howdah.dev/backup-now": "2" });
    await one.end(true, wellDone((await one.status()).current?.id ?? ""));
    expect(await one.ready()).toBe("True Verified");
  });

  it.each(["verify", "backup-now"])("forgets a verification that failed after a %s that worked", async (next) => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/verify": `${ID}/1` });
    await one.end(false, [{ step: "scratch", exit: 1 }]);
    expect(await one.ready()).toBe("False BackupDamaged");
    one.clock.now += 60_000;
    await one.ask({ [`howdah.dev/${next}`]: `${ID}/2` });
    await one.end(true, wellDone((await one.status()).current?.id ?? ""));
    expect(await one.ready()).toBe("True Verified");
  });

  it("says that what is no longer kept could not be deleted, until that works", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/backup-now": "1" });
    const id = (await one.status()).current?.id ?? "";
    const judged = { verified: { id, at: "2026-11-22T12:00:20Z", ...numbers }, kept: null, uncleaned: "the store is locked" };
    await one.end(true, [...wellDone(id).slice(0, 1), { step: "judge", words: judged }]);
    expect(await one.ready()).toBe("True Verified");
    expect((await one.status()).uncleaned).toMatchObject({ message: "the store is locked" });
    expect((await one.status()).conditions?.find(({ type }) => type === "Ready")?.message).toContain("the store is locked");
    expect(one.rig.events).toEqual(["Warning NotDeleted", "Normal Verified"]);
    one.clock.now += 60_000;
    await one.ask({ "howdah.dev/backup-now": "2" });
    await one.end(true, wellDone((await one.status()).current?.id ?? ""));
    expect((await one.status()).uncleaned).toBeUndefined();
  });

  it.each(["restore", "verify"])("takes nothing for a backup's name but one, and says so (%s)", async (what) => {
    const one = await backupRig();
    await one.ask({ [`howdah.dev/${what}`]: "../x" });
    expect((await one.status()).current).toBeUndefined();
    expect([await one.ready(), one.rig.events]).toEqual(["False BackupUnknown", ["Warning BackupUnknown"]]);
    expect((await one.status()).failed).toMatchObject({ what, message: expect.stringContaining("names no backup") });
  });

  it.each([{ schedule: "0 3 * * *" }, { schedule: "every day" }])(
    "restores nothing because of what a former one was asked (%o)",
    async (spec) => {
      const one = await backupRig({ spec });
      const place = { resource: resources.Backup, namespace: "acme", name: "site" };
      const { uid = "" } = (await one.rig.object("Backup", "site"))?.metadata ?? {};
      await one.rig.api.delete(place, { preconditions: { uid } });
      const metadata = { name: "site", namespace: "acme", annotations: { "howdah.dev/restore": ID } };
      await one.rig.api.create(resources.Backup, { apiVersion: "howdah.dev/v1alpha1", kind: "Backup", metadata, spec });
      await one.look();
      expect([(await one.status()).current, one.rig.events]).toEqual([undefined, ["Warning RestoreNotAsked"]]);
      await one.rig.api.mergePatch(place, { spec: { schedule: null } });
      await one.look();
      expect((await one.status()).current).toBeUndefined();
      await one.ask({ "howdah.dev/restore": `${ID}/again` });
      expect((await one.status()).current).toMatchObject({ what: "restore", restore: ID });
    },
  );

  it("runs in pods without a token, whose steps have only the secrets that they need", async () => {
    const one = await backupRig();
    await one.ask({ "howdah.dev/backup-now": "1" });
    const closed = {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    };
    expect(await one.job()).toMatchObject({ spec: { template: { spec: closed } } });
    expect(await one.rig.object("NetworkPolicy", "howdah-backup-site")).toMatchObject({ spec: { ingress: [], egress: [] } });
  });
});

describe("the deletion of backups", () => {
  const OTHER = "20261119-030405-ab12";
  const place = { resource: resources.Backup, namespace: "acme", name: "site" };

  /** Two verified backups, the newer one last. */
  async function two(spec: object = {}) {
    const one = await backupRig({ spec });
    const made: string[] = [];
    for (const value of ["1", "2"]) {
      await one.ask({ "howdah.dev/backup-now": value });
      const id = (await one.status()).current?.id ?? "";
      made.push(id);
      await one.end(true, [
        { step: "save", words: { made: { id, at: `2026-11-22T12:0${value}:10Z`, bytes: 9, ...numbers } } },
        { step: "judge", words: { verified: { id, at: `2026-11-22T12:0${value}:20Z`, ...numbers } } },
      ]);
      one.clock.now += 60_000;
    }
    const remove = async (): Promise<void> => {
      await one.rig.api.delete(place, { preconditions: { uid: (await one.rig.api.get(place))?.metadata.uid ?? "" } });
      await one.look();
    };
    const orders = async (): Promise<unknown> => {
      const { template } = ((await one.job())?.["spec"] ?? {}) as {
        template?: { spec: { containers: { name: string; command: string[] }[] } };
      };
      const [container] = template?.spec.containers ?? [];
      return { step: container?.name, ...(JSON.parse(container?.command.at(-1) ?? "{}") as object) };
    };
    return { ...one, made, remove, orders, isThere: async () => (await one.rig.api.get(place)) !== undefined };
  }

  it("is a Job when somebody names them, and what proved nothing any more is no proof", async () => {
    const one = await two();
    const [first = "", second = ""] = one.made;
    await one.ask({ "howdah.dev/delete-backups": `${second}/1` });
    expect((await one.status()).current).toMatchObject({ what: "delete", ids: [second] });
    expect(await one.orders()).toMatchObject({ step: "forget", forget: [second], plan: "site", database: null });
    await one.end(true, [{ step: "forget", words: { deleted: [second] } }]);
    expect(await one.status()).toMatchObject({ last: { id: first }, verified: { id: first }, backups: [{ id: first }] });
    expect([await one.ready(), one.rig.events.at(-1)]).toEqual(["True Verified", "Normal Deleted"]);
    await one.ask({ "howdah.dev/delete-backups": first });
    await one.end(true, [{ step: "forget", words: { deleted: [first] } }]);
    expect(await one.ready()).toBe("False NotYet");
  });

  it("is told when the store has none of that name, and when the words name none", async () => {
    const one = await two();
    await one.ask({ "howdah.dev/delete-backups": `${OTHER}/1` });
    await one.end(false, [{ step: "forget", exit: 1, words: { failed: { code: "backup/unknown", message: "no such" } } }]);
    expect(await one.ready()).toBe("False BackupUnknown");
    await one.ask({ "howdah.dev/delete-backups": null });
    expect(await one.ready()).toBe("True Verified");
    await one.ask({ "howdah.dev/delete-backups": `${OTHER},all/2` });
    expect(await one.ready()).toBe("False BackupUnknown");
    expect((await one.status()).current).toBeUndefined();
  });

  it("does not come with the Backup: its data stays in the store", async () => {
    const one = await two();
    await one.remove();
    expect(await one.isThere()).toBe(false);
  });

  it("comes before the Backup goes, where it says so; a store that is away holds it until somebody lets it go", async () => {
    const one = await two({ whenDeleted: "delete" });
    await one.remove();
    expect(await one.orders()).toMatchObject({ step: "forget", forget: "all" });
    await one.end(false, [{ step: "forget", exit: 1, words: { failed: { code: "backup/store-unreachable", message: "away" } } }]);
    expect([await one.isThere(), await one.ready(), (await one.status()).current]).toEqual([
      true,
      "False BackupStoreUnreachable",
      undefined,
    ]);
    one.clock.now += 300_000;
    await one.look();
    await one.end(true, [{ step: "forget", words: { deleted: "all" } }]);
    expect(await one.isThere()).toBe(false);
    const other = await two({ whenDeleted: "delete" });
    await other.remove();
    await other.end(false, [{ step: "forget", exit: 1, words: "away" }]);
    await other.rig.api.mergePatch(place, { spec: { whenDeleted: "keep" } });
    await other.look();
    expect(await other.isThere()).toBe(false);
  });

  it("does not come with the end of its namespace", async () => {
    const one = await two({ whenDeleted: "delete" });
    const namespace = { resource: resources.Namespace, namespace: undefined, name: "acme" };
    if ((await one.rig.api.get(namespace)) === undefined)
      await one.rig.api.create(resources.Namespace, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "acme", finalizers: ["test/x"] },
      });
    await one.rig.api.delete(namespace, { preconditions: { uid: (await one.rig.api.get(namespace))?.metadata.uid ?? "" } });
    await one.remove();
    expect(await one.isThere()).toBe(false);
  });
});
