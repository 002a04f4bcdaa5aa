import { beforeEach, describe, expect, it } from "vitest";
import { createHmac } from "node:crypto";
import { deliveryReceiver } from "./receive-delivery.ts";
import { githubPayload, gitlabPayload, type Payload } from "./testing/payloads.ts";
import { WEBHOOK, reviewRig, type ReviewRig } from "./testing/review-rig.ts";

let rig: ReviewRig;
let send: (payload: Payload, site?: string) => Promise<number>;
beforeEach(async () => {
  rig = await reviewRig();
  const receive = deliveryReceiver(rig.ports);
  send = async ({ headers, body }, site = "shop") => (await receive(site, { headers, body: Buffer.from(body) })).status;
});

const wanted = async (): Promise<readonly number[]> => (await rig.reviews.requests.list()).map(({ number }) => number);
const github = (action: string, id = "1", secret = WEBHOOK): Payload => githubPayload(action, 12, { id, secret });
const resigned = (payload: Payload, body: string): Payload => ({
  headers: { ...payload.headers, "x-hub-signature-256": `sha256=${createHmac("sha256", WEBHOOK).update(body).digest("hex")}` },
  body,
});

describe("calls of GitHub", () => {
  it.each(["opened", "reopened", "synchronize", "closed"])("are written down: %s", async (action) => {
    expect([await send(github(action)), await wanted()]).toEqual([202, [12]]);
  });

  it.each(["labeled", "edited", "assigned", "review_requested"])("are answered when there is nothing to do: %s", async (action) => {
    expect([await send(github(action)), await wanted()]).toEqual([200, []]);
  });

  it.each([
    ["a wrong secret", github("opened", "1", "other"), 401],
    ["no signature", { headers: {}, body: "{}" }, 401],
    ["no JSON", resigned(github("opened"), "{"), 400],
    ["another document", resigned(github("opened"), '{"action":"opened"}'), 400],
    ["a number that is none", resigned(github("opened"), github("opened").body.replace('"number":12', '"number":-1')), 400],
    ["another project", resigned(github("opened"), github("opened").body.replaceAll("acme/shop", "acme/other")), 422],
    ["a ping", { ...github("opened"), headers: { ...github("opened").headers, "x-github-event": "ping" } }, 200],
  ])("leave nothing with %s", async (_name, payload, status) => {
    expect([await send(payload), await wanted()]).toEqual([status, []]);
  });

  it("are of sites that have a review", async () => {
    expect([await send(github("opened"), "other"), await wanted()]).toEqual([404, []]);
  });

  it("that come again change nothing, after a restart either", async () => {
    await send(github("opened", "same"));
    const [before] = await rig.reviews.requests.list();
    const again = deliveryReceiver(rig.ports);
    const { headers, body } = github("opened", "same");
    expect((await again("shop", { headers, body: Buffer.from(body) })).says).toBe("known already");
    expect(await rig.reviews.requests.list()).toEqual([before]);
    await send(github("synchronize", "next"));
    const [after] = await rig.reviews.requests.list();
    expect([after?.deliveries, after?.id === before?.id]).toEqual([["same", "next"], false]);
  });

  it("are sixty in a minute at most", async () => {
    const answers: number[] = [];
    for (let id = 0; id < 62; id++) answers.push(await send(github("synchronize", String(id))));
    expect([answers.filter((status) => status === 202).length, answers.at(-1)]).toEqual([60, 429]);
    rig.clock.now += 61_000;
    expect(await send(github("synchronize", "later"))).toBe(202);
  });
});

describe("calls of GitLab", () => {
  const gitlab = (action: string, oldrev?: string): Payload =>
    gitlabPayload(action, 7, { id: "g", secret: WEBHOOK, ...(oldrev === undefined ? {} : { oldrev }) });
  beforeEach(async () => {
    const [record] = await rig.reviews.records.list();
    if (record !== undefined) await rig.reviews.records.put("shop", { ...record, platform: "gitlab", project: "acme/web/shop" });
  });

  it.each([
    ["open", undefined, 202],
    ["reopen", undefined, 202],
    ["close", undefined, 202],
    ["merge", undefined, 202],
    ["update", "95790bf891e76fee5e1747ab589903a6a1f80f22", 202],
    ["update", undefined, 200],
    ["approved", undefined, 200],
  ])("%s, with the former commit %s", async (action, oldrev, status) => {
    expect([await send(gitlab(action, oldrev)), await wanted()]).toEqual([status, status === 202 ? [7] : []]);
  });
});
