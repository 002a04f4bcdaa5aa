import { Writable } from "node:stream";
import type { ContainerName, KubernetesApi } from "../kubernetes/kubernetes-api.ts";

/** Runs a program in a container and keeps the first bytes of what it says: more is nobody's. Errors: `cluster/*`, also when there is no such container. */
export async function execInPod(
  api: Pick<KubernetesApi, "exec">,
  container: ContainerName,
  { argv, mostBytes }: { readonly argv: readonly string[]; readonly mostBytes: number },
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly output: string }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= mostBytes) chunks.push(chunk);
      done();
    },
  });
  const code = await api.exec(container, { argv, stdin: undefined, stdout, stderr: undefined, tty: false }, signal);
  return { code, output: Buffer.concat(chunks).toString("utf8") };
}
