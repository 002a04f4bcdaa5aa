import { expect, it } from "vitest";
import { inTurn } from "./prepare-site.ts";

it("makes nothing of a new site when the way in can't be had: nobody could take its network away", async () => {
  const did: string[] = [];
  const stage =
    (name: string, fails = false) =>
    async () => {
      did.push(name);
      if (fails) throw new Error("the port is taken");
    };
  const [machine, bases, images, network, database] = ["machine", "bases", "images", "network", "database"].map((name) => stage(name)) as [
    ...[() => Promise<void>, () => Promise<void>, () => Promise<void>, () => Promise<void>, () => Promise<void>],
  ];
  await expect(inTurn({ machine, bases, images, network, database, edge: stage("edge", true) })).rejects.toThrow("the port is taken");
  expect(did).toEqual(["machine", "bases", "images", "edge"]);
  did.length = 0;
  await inTurn({ machine, bases, images, network, database, edge: stage("edge") });
  expect(did).toEqual(["machine", "bases", "images", "edge", "network", "database"]);
});
