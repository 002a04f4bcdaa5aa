import { describe, expect, it } from "vitest";
import type { TrialProgram } from "./test-bench.ts";
import { environmentBeside, environmentLines, programArguments, trialNames } from "./trial-arguments.ts";

const names = trialNames("howdah", "ab12", "17-99");
const program: TrialProgram = {
  image: "localhost/howdah/php-builder:1",
  argv: ["php", "tests/run.php", "--filter=x y"],
  directory: "/cache/work/1/tree",
  environment: { PASSWORD: "s3cret", KEY: "one\ntwo" },
  files: {},
  memoryBytes: 1024,
  timeoutSeconds: 10,
  onLine: () => undefined,
};
const given = { mounts: [], limits: { memory: true, pids: false }, besideDatabase: true, environmentFile: "/run/e" };

it("passes the command on as it is, after the image", () => {
  const argv = programArguments(names, program, given);
  expect(argv.slice(argv.indexOf(program.image))).toEqual([program.image, "tests/run.php", "--filter=x y"]);
  expect(argv).toContain('--entrypoint=["php"]');
});

describe("the program's variables", () => {
  it("are not in the argument list, those that no file of variables can hold neither", () => {
    const argv = programArguments(names, program, given);
    expect(argv.join(" ")).not.toMatch(/s3cret|\ntwo/);
    expect(argv).toContain("--env=KEY");
    expect(environmentLines(program.environment)).toBe("PASSWORD=s3cret\n");
    expect(environmentBeside(program.environment)).toEqual({ KEY: "one\ntwo" });
  });

  it.each(["LD_PRELOAD", "PATH", "CONTAINER_HOST", "CONTAINERS_CONF", "XDG_RUNTIME_DIR", "HOME", "GODEBUG", "https_proxy"])(
    "never steer podman: %s of several lines is refused",
    (name) => {
      expect(() => environmentBeside({ [name]: "a\nb" })).toThrow(expect.objectContaining({ code: "usage/invalid" }) as Error);
      expect(environmentBeside({ [name]: "a" })).toEqual({});
    },
  );

  it("may be as long as Linux passes on, and not longer", () => {
    const most = "ä".repeat(65_533); // with `KEY=` and the zero at its end 131,071 bytes
    expect(environmentBeside({ KEY: most, GOOGLE_KEY: "a\nb" })).toEqual({ KEY: most, GOOGLE_KEY: "a\nb" });
    expect(() => environmentBeside({ KEY: `${most}ä` })).toThrow(expect.objectContaining({ code: "usage/invalid" }) as Error);
  });
});

it("is on the database's network, or on one of its own", () => {
  expect(programArguments(names, program, given)).toContain("--network=container:howdah._test.ab12.database");
  expect(programArguments(names, program, { ...given, besideDatabase: false })).toContain("--network=howdah._test.ab12");
});

it("leaves out limits that the kernel can't keep", () => {
  const argv = programArguments(names, program, given);
  expect(argv).toContain("--memory=1024b");
  expect(argv.some((word) => word.startsWith("--pids-limit"))).toBe(false);
});
