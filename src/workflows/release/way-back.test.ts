import { describe, expect, it } from "vitest";
import { migrationsBetween, type PastRelease, servedBefore } from "./way-back.ts";

/** `r3<r1` is a rollback's release. Newest first. */
function past(id: string, state: string | undefined, migration: string | null = null): PastRelease {
  const [own = "", rollbackOf] = id.split("<");
  return { id: own, rollbackOf: rollbackOf ?? null, migration, state };
}

describe("going back", () => {
  it.each<[string, PastRelease[], string | undefined]>([
    ["to what served last", [past("r3", "serving"), past("r2", "superseded"), past("r1", "superseded")], "r2"],
    ["past what failed", [past("r3", "serving"), past("r2", "failed"), past("r1", "superseded")], "r1"],
    [
      "further back the second time, not to and fro",
      [past("r4<r2", "serving"), past("r3", "superseded"), past("r2", "superseded"), past("r1", "superseded")],
      "r1",
    ],
    [
      "to what a rollback brought back, not to the rollback",
      [past("r4", "serving"), past("r3<r1", "superseded"), past("r2", "superseded"), past("r1", "superseded")],
      "r1",
    ],
    ["nowhere from the first", [past("r1", "serving")], undefined],
  ])("leads %s", (_, known, to) => {
    expect(servedBefore(known, known[0] as PastRelease)?.id).toBe(to);
  });

  it("names the migrations that the former code has not seen", () => {
    const known = [
      past("r5", "serving", "m3"),
      past("r4", "interrupted", "mx"),
      past("r3", "superseded", "m2"),
      past("r2", "superseded", "m1"),
      past("r1", "superseded", null),
    ];
    const [from, , , to] = known as [PastRelease, PastRelease, PastRelease, PastRelease];
    expect(migrationsBetween(known, from, to)).toEqual(["r5", "r3"]);
    expect(migrationsBetween(known, to, from)).toEqual(["r3"]);
  });
});
