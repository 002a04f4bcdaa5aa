import { expect, it } from "vitest";
import type { TrialProgram } from "./test-bench.ts";
import { environmentLines, programArguments, trialNames } from "./trial-arguments.ts";

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

it("keeps values out of the argument list, but for those that no file of variables can hold", () => {
  const argv = programArguments(names, program, given);
  expect(argv.join(" ")).not.toContain("s3cret");
  expect(argv).toContain("--env=KEY=one\ntwo");
  expect(environmentLines(program.environment)).toBe("PASSWORD=s3cret\n");
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
