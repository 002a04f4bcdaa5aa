import { expect, it } from "vitest";
import type { DatabaseRouter, RouterPod, RouterWish } from "./database-router.ts";

/** A router that runs in two pods, in front of three nodes of which the first one writes. */
export interface RouterRig {
  readonly router: DatabaseRouter;
  readonly pods: readonly [RouterPod, RouterPod];
  readonly wish: RouterWish;
  /** Changes something in the first pod, behind the router's back. */
  drift(): Promise<void>;
  /** Ends the second pod. */
  end(): Promise<void>;
}

/** What every router does. The facts build on one another, and the last one ends a pod. */
export function databaseRouterContract(rig: () => RouterRig): void {
  it("puts all pods in step, and finds nothing to do the second time", async () => {
    const { router, wish, pods } = rig();
    for (const { state, detail } of await router.reconcile(wish, pods)) expect(["in-step", "changed"], detail).toContain(state);
    expect((await router.reconcile(wish, pods)).map(({ pod, state }) => [pod, state])).toEqual(pods.map(({ name }) => [name, "in-step"]));
  });

  it("has one writer, the same in every pod", async () => {
    const { router, wish, pods } = rig();
    const writers = async (pod: RouterPod) =>
      (await router.look(wish, pod)).filter(({ state }) => state === "writer").map(({ node }) => node);
    const first = wish.nodes[0]?.name;
    for (const pod of pods) await expect.poll(async () => await writers(pod), { timeout: 30_000 }).toEqual([first]);
  });

  it("finds what was changed behind its back, in that pod alone", async () => {
    const { router, wish, pods } = rig();
    await rig().drift();
    const [one, other] = await router.reconcile(wish, pods);
    expect(["changed", "drifted"]).toContain(one?.state);
    expect(other?.state).toBe("in-step");
  });

  it("says which pod can't be reached, and cares for the others", async () => {
    const { router, wish, pods } = rig();
    await rig().end();
    const [one, other] = await router.reconcile(wish, pods);
    expect(one?.state).not.toBe("unreachable");
    expect(other).toMatchObject({ pod: pods[1].name, state: "unreachable" });
    await expect(router.look(wish, pods[1])).rejects.toMatchObject({ code: "database/unreachable" });
  });
}
