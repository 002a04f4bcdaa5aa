import { connect } from "node:net";
import type { AnyProbe } from "../../render/objects.ts";
import { httpAsk } from "./http-ask.ts";

/** Runs a program in the container for an exec probe and answers its exit code. */
export type ExecInContainer = (command: readonly string[], timeoutMs: number) => Promise<number>;

/** Asks once whether a container is healthy. Never throws: every failure is a no, with its reason. */
export async function probeOnce(
  probe: AnyProbe,
  address: string,
  exec: ExecInContainer,
): Promise<{ readonly ok: boolean; readonly why: string }> {
  const timeoutMs = probe.timeoutSeconds * 1000;
  try {
    if ("httpGet" in probe) return await httpProbe(probe.httpGet, address, timeoutMs);
    if ("tcpSocket" in probe) return await tcpProbe(probe.tcpSocket.port, address, timeoutMs);
    const code = await exec(probe.exec.command, timeoutMs);
    return { ok: code === 0, why: `${probe.exec.command[0]} ends with exit code ${code}` };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

type HttpGet = Extract<AnyProbe, { httpGet: unknown }>["httpGet"];

async function httpProbe(get: HttpGet, address: string, timeoutMs: number): Promise<{ ok: boolean; why: string }> {
  const { port, path } = get;
  const headers = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  try {
    const { status } = await httpAsk({ address, port, path, headers, bodyLimit: 0, signal: AbortSignal.timeout(timeoutMs) });
    return { ok: status >= 200 && status < 400, why: `port ${port} answers ${path} with status ${status}` };
  } catch (error) {
    throw new Error(reasonOf(error as NodeJS.ErrnoException, port), { cause: error });
  }
}

function tcpProbe(port: number, address: string, timeoutMs: number): Promise<{ ok: boolean; why: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    socket.on("connect", () => {
      socket.destroy();
      resolve({ ok: true, why: "" });
    });
    socket.on("timeout", () => {
      socket.destroy();
      reject(new Error(`port ${port} does not answer`));
    });
    socket.on("error", (error: NodeJS.ErrnoException) => reject(new Error(reasonOf(error, port), { cause: error })));
  });
}

function reasonOf(error: NodeJS.ErrnoException, port: number): string {
  if (error.code === "ECONNREFUSED") return `nothing listens on port ${port}`;
  if (error.name === "AbortError" || error.name === "TimeoutError") return `port ${port} does not answer in time`;
  return `port ${port}: ${error.message}`;
}
