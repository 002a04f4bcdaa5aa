import { beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { addReview, projectOf } from "./add-review.ts";
import { removeReview } from "./remove-review.ts";
import { requestReview } from "./request-review.ts";
import { reviewLog } from "./review-log.ts";
import { environmentOf, reviewRig, type ReviewRig } from "./testing/review-rig.ts";

const none = { github: undefined, gitlab: undefined, api: undefined };

describe("where the code is", () => {
  it.each([
    [{ github: "acme/shop" }, ["acme/shop", "https://api.github.com", "https://github.com"]],
    [
      { github: "acme/shop", api: "https://ghe.example.org/api/v3/" },
      ["acme/shop", "https://ghe.example.org/api/v3", "https://ghe.example.org"],
    ],
    [{ gitlab: "https://gitlab.com/a/b/c.git" }, ["a/b/c", "https://gitlab.com/api/v4", "https://gitlab.com"]],
    [{ gitlab: "https://x.org/git/a/b", api: "https://x.org/git/api/v4" }, ["a/b", "https://x.org/git/api/v4", "https://x.org/git"]],
    [{ gitlab: "http://127.0.0.1:81/a/b" }, ["a/b", "http://127.0.0.1:81/api/v4", "http://127.0.0.1:81"]],
  ])("%j", (given, expected) => {
    const { project, api, web } = projectOf({ ...none, ...given });
    expect([project, api, web]).toEqual(expected);
  });

  it.each([
    {},
    { github: "acme/shop", gitlab: "https://gitlab.com/a/b" },
    { github: "acme" },
    { github: "../shop" },
    { github: "acme/shop/x" },
    { github: "acme/sh op" },
    { github: "acme/shop", api: "http://ghe.example.org/api/v3" },
    { github: "acme/shop", api: "https://user:word@ghe.example.org" },
    { gitlab: "https://gitlab.com/a" },
    { gitlab: "https://gitlab.com/a/../b" },
    { gitlab: "http://gitlab.com/a/b" },
    { gitlab: "git@gitlab.com:a/b" },
    { gitlab: "https://gitlab.com/a/b?x=1" },
    { gitlab: "https://gitlab.com/a/b", api: "https://other.org/api/v4" },
  ])("is not %j", (given) => {
    expect(() => projectOf({ ...none, ...given })).toThrow(expect.objectContaining({ code: "usage/invalid" }));
  });
});

describe("a review", () => {
  let rig: ReviewRig;
  const wanted = { ...none, github: "acme/shop", directory: "", forks: false, listen: "8484", token: new Secret("token-1", "test") };
  beforeEach(async () => {
    rig = await reviewRig();
    await removeReview("shop", rig.ports);
  });

  it("keeps its secrets as secrets, and goes with all that it kept but for environments", async () => {
    const { review, secret } = await addReview(rig.production, wanted, rig.ports, rig.context);
    expect(secret.reveal()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(review.listen).toEqual({ address: "127.0.0.1", port: 8484 });
    expect(JSON.stringify(await rig.reviews.records.list())).not.toMatch(/whsec_|token-1/);
    await expect(addReview(rig.production, wanted, rig.ports, rig.context)).rejects.toThrow("set up already");
    await requestReview({ site: "shop", number: 12 }, rig.reviews);
    expect(await reviewLog("shop", rig.ports)).toMatchObject([{ number: 12, phase: "waiting" }]);
    await rig.ports.environments?.put("shop--pr-12", environmentOf("a"));
    expect(await removeReview("shop", rig.ports)).toEqual(["shop--pr-12"]);
    expect([await rig.reviews.records.list(), await rig.reviews.requests.list()]).toEqual([[], []]);
    expect([...rig.secrets.keys()].filter((key) => key.includes("review-"))).toEqual([]);
    await expect(reviewLog("shop", rig.ports)).rejects.toMatchObject({ code: "review/unknown" });
  });

  it.each(["0", "70000", "0.0.0.0:8484", "10.0.0.1:8484", "x:1", "", "8484x"])("does not listen at %j", async (listen) => {
    await expect(addReview(rig.production, { ...wanted, listen }, rig.ports, rig.context)).rejects.toMatchObject({ code: "usage/invalid" });
  });

  it.each(["../x", "/etc", "a//b", ".git", "a/../b", "a/"])("is of no directory %j", async (directory) => {
    await expect(addReview(rig.production, { ...wanted, directory }, rig.ports, rig.context)).rejects.toMatchObject({
      code: "usage/invalid",
    });
  });
});
