import { Writable } from "node:stream";
import type { ContainerName, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { stream } from "../../providers/process.ts";
import { lineReader } from "./rsync-output.ts";

/** One run of rsync, wherever it runs: lines as they come; the exit code and what it complained of. */
export type RunRsync = (
  args: readonly string[],
  onLine: (line: string) => void,
  signal: AbortSignal,
) => Promise<{ readonly code: number; readonly errors: readonly string[] }>;

/** More complaints than anybody reads. */
const KEPT_ERRORS = 200;

/** Runs the machine's own rsync. Nothing of this process's environment that changes rsync (`RSYNC_*`) reaches it. */
export function rsyncHere(): RunRsync {
  const environment = { PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8" };
  return async (args, onLine, signal) => {
    const lines = lineReader(onLine);
    const running = stream(["rsync", ...args], { signal, env: environment, accept: "any" });
    running.stdout.setEncoding("utf8");
    for await (const piece of running.stdout as AsyncIterable<string>) lines.write(piece);
    lines.end();
    const { code, stderr } = await running.done;
    return {
      code,
      errors: stderr
        .split("\n")
        .filter((line) => line !== "")
        .slice(-KEPT_ERRORS),
    };
  };
}

/** Runs rsync beside the waiting process of a pod. */
export function rsyncInPod(api: KubernetesApi, container: ContainerName): RunRsync {
  return async (args, onLine, signal) => {
    const lines = lineReader(onLine);
    const errors: string[] = [];
    const complaints = lineReader((line) => {
      if (errors.length < KEPT_ERRORS) errors.push(line);
    });
    const argv = ["/usr/bin/rsync", ...args];
    const request = { argv, stdin: undefined, stdout: into(lines.write), stderr: into(complaints.write), tty: false };
    const code = await api.exec(container, request, signal);
    lines.end();
    complaints.end();
    return { code, errors };
  };
}

function into(write: (piece: string) => void): Writable {
  const decoder = new TextDecoder();
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      write(decoder.decode(chunk, { stream: true }));
      done();
    },
  });
}
