import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { JobRun, Jobs } from "../jobs.ts";
import { runProgram } from "./memory-program.ts";
import { namespaceOf, type World } from "./world.ts";

/** Jobs in memory: a program runs to its end at once, so that none is ever seen running. */
export function memoryJobs(world: World): Jobs {
  const runs = new Map<string, JobRun>();
  return {
    start: async (target, { id, name, argv, env, timeoutSeconds }) => {
      const space = namespaceOf(world, target.namespace);
      if (space.down || space.held) throw new HowdahError("site/down", `${target.namespace} is down`);
      const stdout = new PassThrough();
      const output = text(stdout);
      const exitCode = await runProgram(world, target, { argv, env, stdout, stderr: stdout }, "exec");
      stdout.end();
      const pod = [...space.pods.values()].find((one) => one.workload === target.workload)?.name ?? "";
      space.jobOutput.push(
        ...(await output)
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => ({ name, line })),
      );
      const state = { is: "ended", exitCode, endedAt: 0 } as const;
      runs.set(id, { id, namespace: target.namespace, name, pod, startedAt: 0, timeoutSeconds, state });
    },
    list: (namespace) => Promise.resolve([...runs.values()].filter((run) => namespace === undefined || run.namespace === namespace)),
    stop: () => Promise.resolve(),
    forget: (id) => Promise.resolve(void runs.delete(id)),
  };
}
