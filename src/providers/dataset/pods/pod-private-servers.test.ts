import { beforeEach, describe, expect, it } from "vitest";
import { resources } from "../../../kubernetes/resources.ts";
import { type MemoryApi, memoryApi } from "../../../kubernetes/testing/memory-api.ts";
import { podState } from "./pod-life.ts";
import { isAlive, podPrivateServers } from "./pod-private-servers.ts";
import { sealedPod } from "./sealed-pod.ts";

let api: MemoryApi;

/** A pod as the API server has it, in some state. */
async function made(name: string, status: object, object: object = {}): Promise<string> {
  const created = await api.create(resources.Pod, {
    apiVersion: "v1",
    kind: "Pod",
    ...object,
    metadata: { name, namespace: "shop", ...metaOf(object) },
    status,
  });
  return created.metadata.uid ?? "";
}

function metaOf(object: object): object {
  return { ...(object as { readonly metadata?: object }).metadata };
}

beforeEach(() => {
  api = memoryApi();
});

describe("a pod's state", () => {
  it.each([
    [
      { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", message: "no node fits" }] },
      { is: "waiting", why: "no node fits" },
    ],
    [
      { phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ErrImagePull", message: "denied" } } }] },
      { is: "waiting", why: "ErrImagePull: denied" },
    ],
    [{ phase: "Running" }, { is: "running" }],
    [
      { phase: "Failed", containerStatuses: [{ state: { terminated: { exitCode: 1 } } }] },
      { is: "ended", code: 1 },
    ],
    [
      { phase: "Failed", reason: "Evicted" },
      { is: "ended", code: 255 },
    ],
    [{ phase: "Succeeded" }, { is: "ended", code: 0 }],
  ])("%j is %j", async (status, state) => {
    await made("one", status);
    expect(await podState(api, "shop", "one")).toEqual(state);
  });

  it("of one that is not there is that", async () => {
    expect(await podState(api, "shop", "none")).toEqual({ is: "gone" });
  });
});

describe("private servers in pods", () => {
  const left = (): readonly string[] => api.all("Pod").map(({ metadata }) => metadata.name);
  const servers = (uid: string) => podPrivateServers({ api, pod: { ...breeder, uid }, runDirectory: "/nowhere", copyAt: () => undefined });
  const breeder = {
    ...{ namespace: "shop", job: "job", name: "breeder", node: "node-1", volumes: [], storageClassName: null, deadlineSeconds: 60 },
  };
  const server = async (name: string, breed: string, uid: string): Promise<void> => {
    const container = { breed, image: "mariadb", argv: ["mariadbd"], directories: [], memoryBytes: 2 ** 30 };
    await made(name, {}, sealedPod({ name, part: "sealed", container, copyAt: () => undefined }, { ...breeder, uid }));
  };

  it("are swept by their breed, and no other's", async () => {
    const uid = await made("breeder", { phase: "Running" });
    await server("a", "shop.g3", uid);
    await server("b", "shop.g31", uid);
    expect(await servers(uid).sweep("shop.g3")).toBe(1);
    expect(left()).toEqual(["breeder", "b"]);
  });

  it("are swept when the breeder's program has ended, and not while it runs", async () => {
    const ended = await made("breeder", { phase: "Failed" });
    await server("a", "shop.g3", ended);
    expect(await isAlive(api, "shop", { name: "breeder", uid: ended })).toBe(false);
    expect(await servers("another").sweep()).toBe(1);
    expect(left()).toEqual(["breeder"]);
  });

  it("of a breeder that runs are left to it", async () => {
    const uid = await made("breeder", { phase: "Running" });
    await server("a", "shop.g3", uid);
    expect(await isAlive(api, "shop", { name: "breeder", uid })).toBe(true);
    expect(await isAlive(api, "shop", { name: "breeder", uid: "of another" })).toBe(false);
    expect(await servers(uid).sweep()).toBe(0);
  });
});
