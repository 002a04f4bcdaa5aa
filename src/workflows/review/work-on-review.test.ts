import { beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Killed, life } from "../cluster/testing/mortal.ts";
import type { Ports } from "../ports.ts";
import { dueReviews } from "./due-reviews.ts";
import { requestReview } from "./request-review.ts";
import type { ReviewState } from "./review.ts";
import { COMMIT, environmentOf, reviewRig, type ReviewRig } from "./testing/review-rig.ts";
import { type ReviewVerbs, workOnReview } from "./work-on-review.ts";

const NEXT = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";
const away = (): HowdahError => new HowdahError("code-host/unreachable", "GET /x does not answer");

let rig: ReviewRig;
beforeEach(async () => {
  rig = await reviewRig();
});

/** One round of the agent. */
async function round(ports: Ports = rig.ports, verbs: ReviewVerbs = rig.verbs): Promise<number> {
  const due = await dueReviews(ports);
  for (const work of due) await workOnReview(work, ports, rig.context, verbs);
  return due.length;
}
const call = (): Promise<void> => requestReview({ site: "shop", number: 12 }, rig.reviews);
const state = async (): Promise<ReviewState | undefined> => rig.reviews.states.get("shop.12");
const texts = (): readonly string[] => [...rig.platform.comments.values()].map(({ text }) => text);
const become = (more: Partial<ReviewRig["platform"]["mergeRequest"]>): void => {
  rig.platform.mergeRequest = { ...rig.platform.mergeRequest, ...more };
};

describe("a merge request", () => {
  it("gets an environment, follows its pushes, goes when it is closed, and has one comment all the time", async () => {
    await call();
    expect(await round()).toBe(1);
    expect(await state()).toMatchObject({ phase: "serving", commit: COMMIT, url: "http://pr-12.shop.localhost:8080" });
    expect(texts()).toEqual([expect.stringContaining(`of \`${COMMIT.slice(0, 12)}\`:\n\nhttp://pr-12.shop.localhost:8080`)]);
    expect(await round()).toBe(0);
    become({ commit: NEXT });
    await call();
    await round();
    expect([rig.built, texts()]).toEqual([[COMMIT, NEXT], [expect.stringContaining(NEXT.slice(0, 12))]]);
    become({ state: "closed" });
    await call();
    await round();
    expect([await state(), await rig.ports.environments?.list(), texts()]).toEqual([
      expect.objectContaining({ phase: "gone" }),
      [],
      ["**Howdah** has deleted the environment, with its data."],
    ]);
  });

  it("is built once however often it is called for", async () => {
    for (const _ of [1, 2, 3]) {
      await call();
      await round();
    }
    expect(rig.built).toEqual([COMMIT]);
  });

  it("says why it failed, in words that name nobody, and is built by the next push", async () => {
    rig.broken.push(new HowdahError("site/invalid", "`@everybody` look:\n<img src=x>"));
    await call();
    await round();
    expect(await state()).toMatchObject({ phase: "failed", reason: "`@everybody` look:\n<img src=x>" });
    expect(texts()).toEqual([expect.stringContaining("` @everybody  look: <img src=x>`")]);
    expect(await round()).toBe(0);
    become({ commit: NEXT });
    await call();
    await round();
    expect(await state()).toMatchObject({ phase: "serving", commit: NEXT, reason: null });
  });

  it("is not said to serve what a rollout did not bring to its end, by whoever looks again", async () => {
    await call();
    await round();
    rig.broken.push(new HowdahError("site/invalid", "it does not answer"));
    become({ commit: NEXT });
    await call();
    await round();
    expect([await state(), rig.built]).toEqual([expect.objectContaining({ phase: "failed", commit: NEXT, brought: COMMIT }), [COMMIT]]);
    await call();
    await round();
    expect([await state(), rig.built]).toEqual([expect.objectContaining({ phase: "serving", brought: NEXT }), [COMMIT, NEXT]]);
  });

  it("from another project gets a word, and no code of it runs", async () => {
    become({ isFork: true });
    await call();
    await round();
    expect([rig.built, (await state())?.phase, texts().length]).toEqual([[], "refused", 1]);
    const record = await rig.reviews.records.get("shop");
    if (record !== undefined) await rig.reviews.records.put("shop", { ...record, forks: true });
    await call();
    await round();
    expect([rig.built, (await state())?.phase]).toEqual([[COMMIT], "serving"]);
  });

  it("leaves alone what somebody else has made under its name", async () => {
    await rig.ports.environments?.put("shop--pr-12", environmentOf(NEXT, "ann"));
    await call();
    await round();
    expect([rig.built, await state()]).toEqual([[], expect.objectContaining({ phase: "refused" })]);
    become({ state: "closed" });
    await call();
    await round();
    expect((await rig.ports.environments?.list())?.length).toBe(1);
  });

  it("that was closed before anybody knew it gets no comment", async () => {
    become({ state: "closed" });
    await call();
    await round();
    expect([texts(), (await state())?.phase]).toEqual([[], "gone"]);
  });
});

describe("what may be better later", () => {
  it("is tried again, later each time, and ends", async () => {
    rig.platform.failures.push(...Array.from({ length: 100 }, away));
    await call();
    const waited: number[] = [];
    while ((await state())?.phase !== "failed") {
      expect(await round()).toBe(1);
      const { notBefore = 0 } = (await state()) ?? {};
      if (notBefore === 0) break;
      waited.push(Math.round((notBefore - rig.clock.now) / 1000));
      expect(await round()).toBe(0);
      rig.clock.now = notBefore;
    }
    expect(waited).toEqual([5, 20, 80, 320, 1280]);
    expect(await state()).toMatchObject({ phase: "failed", reason: "GET /x does not answer" });
    expect(await round()).toBe(0);
  });

  it("is what the comment says meanwhile, with the reason, once there is one", async () => {
    const full = new HowdahError("environment/limit", "there is no room for shop--pr-12");
    rig.broken.push(full, full);
    await call();
    for (const _ of [1, 2]) {
      await round();
      expect([await state(), texts()]).toEqual([
        expect.objectContaining({ phase: "building", reason: full.message }),
        [`**Howdah** waits to make an environment of \`${COMMIT.slice(0, 12)}\`: \`${full.message}\`\n\nIt is tried again by itself.`],
      ]);
      rig.clock.now = (await state())?.notBefore ?? 0;
    }
    await round();
    expect([(await state())?.phase, texts()]).toEqual(["serving", [expect.stringContaining("has made an environment")]]);
  });

  it("does not hold up a newer call", async () => {
    rig.platform.failures.push(away());
    await call();
    await round();
    expect(await round()).toBe(0);
    await call();
    expect(await round()).toBe(1);
    expect((await state())?.phase).toBe("serving");
  });

  it("is the comment, too: the environment is not built again for it", async () => {
    await call();
    const { reviews } = rig;
    const noComment: ReviewRig["reviews"] = {
      ...reviews,
      host: async (...given) => ({ ...(await reviews.host(...given)), comment: () => Promise.reject(away()) }),
    };
    await round({ ...rig.ports, reviews: noComment });
    expect([rig.built, texts()]).toEqual([[COMMIT], []]);
    rig.clock.now += 6000;
    await round();
    expect([rig.built, texts().length, (await state())?.phase]).toEqual([[COMMIT], 1, "serving"]);
  });
});

describe("a call that is lost", () => {
  it("is made up for: what is closed goes, and what is over is not made anew", async () => {
    await call();
    await round();
    rig.clock.now += 31 * 60_000;
    expect(await round()).toBe(1);
    expect((await state())?.phase).toBe("serving");
    await rig.ports.environments?.remove("shop--pr-12");
    rig.clock.now += 31 * 60_000;
    await round();
    expect([rig.built, (await state())?.phase]).toEqual([[COMMIT], "gone"]);
    await call();
    await round();
    expect([rig.built.length, (await state())?.phase]).toEqual([2, "serving"]);
  });

  it("is a platform's that is away: what serves is left as it is", async () => {
    await call();
    await round();
    rig.clock.now += 31 * 60_000;
    rig.platform.failures.push(away());
    await round();
    expect(await state()).toMatchObject({ phase: "serving", reason: null });
  });
});

/** The agent, killed at one act of documents, platform and environments, and started again. */
async function killedAt(act: number, when: "before" | "after"): Promise<boolean> {
  const process = life({ act, when });
  const { reviews, ports } = rig;
  const dying: Ports = {
    ...ports,
    reviews: {
      ...reviews,
      requests: process.mortal("requests", reviews.requests, ["put", "remove"]),
      states: process.mortal("states", reviews.states, ["put", "remove"]),
      host: async (...given) => process.mortal("host", await reviews.host(...given), ["comment"]),
    },
  };
  const killed = await round(dying, process.mortal("verbs", rig.verbs, ["bring", "remove"])).then(
    () => false,
    (error: unknown) => error instanceof Killed,
  );
  while ((await round()) > 0);
  return killed;
}

it("is done in the end wherever the agent is killed, with one comment and one environment", async () => {
  for (const when of ["before", "after"] as const)
    for (let act = 1, killed = true; killed; act++) {
      rig = await reviewRig();
      await call();
      killed = await killedAt(act, when);
      expect([await state(), texts()]).toEqual([
        expect.objectContaining({ phase: "serving", commit: COMMIT }),
        [expect.stringContaining("http://pr-12")],
      ]);
      become({ state: "closed" });
      await call();
      const killedAgain = await killedAt(act, when);
      expect([(await state())?.phase, await rig.ports.environments?.list(), texts().length]).toEqual(["gone", [], 1]);
      killed ||= killedAgain;
      expect(act).toBeLessThan(20);
    }
});
