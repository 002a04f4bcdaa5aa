import { describe, expect, it } from "vitest";
import { HELP, parseDriverOptions } from "./driver-options.ts";

const needed = ["--node", "n", "--directory", "/d", "--socket", "/s"];

describe("the driver's arguments", () => {
  it("say what it needs", () => {
    const registered = ["--registration", "/r", "--registered-socket", "/seen", "--limit", "5"];
    expect(parseDriverOptions([...needed, ...registered])).toEqual({
      ...{ node: "n", directory: "/d", socket: "/s", limitBytes: 5 },
      registration: { directory: "/r", endpoint: "/seen" },
    });
    expect(parseDriverOptions(needed)).toMatchObject({ registration: null, limitBytes: null });
    expect(parseDriverOptions(["--help"])).toBeNull();
  });

  it("are those that the help names", () => {
    for (const flag of ["--node", "--directory", "--socket", "--registration", "--registered-socket", "--limit"])
      expect(HELP).toContain(flag);
  });

  it.each([
    [[]],
    [["--node", "n", "--directory", "d", "--socket", "/s"]],
    [[...needed, "--limit", "-1"]],
    [[...needed, "more"]],
    [[...needed, "--x"]],
  ])("are refused when they say too little or too much: %j", (argv) => {
    expect(() => parseDriverOptions(argv)).toThrow(expect.objectContaining({ code: "usage/invalid" }));
  });
});
