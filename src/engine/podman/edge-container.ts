import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import { digestOf } from "../../render/rendered.ts";
import { lastLines } from "./container-log.ts";
import type { Prepared } from "./edge-files.ts";
import { portFailure, refuseTakenPorts } from "./edge-port-check.ts";
import { EDGE_CONFIG, EDGE_INSIDE, EDGE_POLL_MS, EDGE_START_MS, type EdgePorts, type EdgeSettings } from "./edge-ports.ts";
import { label } from "./names.ts";
import { nginxMaster, workersOf } from "./nginx-processes.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** True when the edge's container runs and was made with these settings. */
export async function runsWith(ports: EdgePorts, wanted: EdgeSettings): Promise<boolean> {
  const found = (await ports.podman.list({ [label.instance]: ports.names.instance, [label.workload]: "edge_" })).find(
    (container) => container.name === ports.names.edge,
  );
  if (found?.state !== "running" || found.labels[label.settings] !== settingsDigest(wanted)) return false;
  return seesDirectory(found.pid, join(ports.stateDir, "edge", "conf"));
}

/** A container goes on seeing a directory that was deleted and made anew: then a reload would change nothing. */
async function seesDirectory(pid: number, directory: string): Promise<boolean> {
  const [inside, outside] = await Promise.all(
    [`/proc/${pid}/root${EDGE_INSIDE}`, directory].map((path) => stat(path).catch(() => undefined)),
  );
  return inside !== undefined && outside !== undefined && inside.dev === outside.dev && inside.ino === outside.ino;
}

/** Ports change the container only through its capability; nginx itself opens new ports on a reload. */
function settingsDigest(wanted: EdgeSettings): string {
  const low = [wanted.httpPort, wanted.httpsPort ?? wanted.httpPort].some((port) => port < 1024);
  return digestOf({ image: wanted.image, low }).slice(0, 16);
}

/** nginx itself reads the configuration in a throw-away container without a network before anything is replaced. */
export async function testConfig(ports: EdgePorts, files: Prepared): Promise<void> {
  const candidate = "candidate.conf";
  await writeAtomically(join(files.directory, candidate), files.text, { mode: 0o400, uid: RUN_AS });
  const tested = await ports.podman.run(
    [
      "run",
      "--rm",
      "--network=none",
      ...hardening(files, "test"),
      "--entrypoint=nginx",
      files.image,
      "-t",
      "-q",
      "-e",
      "/dev/stderr",
      "-c",
      `${EDGE_INSIDE}/${candidate}`,
    ],
    { accept: "any", timeoutMs: 60_000 },
  );
  await rm(join(files.directory, candidate), { force: true });
  if (tested.code !== 0) throw new HowdahError("config/rejected", "nginx refuses the edge's configuration", { output: tested.lastLines });
}

function hardening(files: Prepared, scratch: "live" | "test"): string[] {
  return [
    `--user=${RUN_AS}:${RUN_AS}`,
    "--pull=never",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    ...files.capabilities,
    "--security-opt=no-new-privileges",
    "--pids-limit=256",
    `--volume=${join(files.memory, scratch)}:/run:rw,nosuid,nodev`,
    `--volume=${files.buffers}:/tmp:rw,nosuid,nodev`,
    `--volume=${files.directory}:${EDGE_INSIDE}:ro,nosuid,nodev`,
  ];
}

/** Starts the edge anew and waits until it has its workers. */
export async function start(ports: EdgePorts, files: Prepared, wanted: EdgeSettings): Promise<void> {
  await testConfig(ports, files);
  await ports.podman.run(["rm", "--force", "--ignore", "--time=10", ports.names.edge]);
  await refuseTakenPorts(files, "");
  await writeAtomically(join(files.directory, EDGE_CONFIG), files.text, { mode: 0o400, uid: RUN_AS });
  await ports.podman.run([
    "run",
    "--detach",
    `--name=${ports.names.edge}`,
    "--network=host",
    "--restart=on-failure",
    `--label=${label.instance}=${ports.names.instance}`,
    `--label=${label.workload}=edge_`,
    `--label=${label.settings}=${settingsDigest(wanted)}`,
    "--log-driver=k8s-file",
    "--log-opt=max-size=50mb",
    "--stop-signal=SIGQUIT",
    "--stop-timeout=60",
    "--no-healthcheck",
    ...hardening(files, "live"),
    "--entrypoint=nginx",
    files.image,
    "-e",
    "/dev/stderr",
    "-c",
    `${EDGE_INSIDE}/${EDGE_CONFIG}`,
  ]);
  await awaitWorkers(ports, wanted.bind);
}

async function awaitWorkers(ports: EdgePorts, bind: string): Promise<void> {
  const until = ports.clock.now() + EDGE_START_MS;
  for (;;) {
    const [seen] = await ports.podman.inspect([ports.names.edge]);
    if (seen?.status === "running" && (await workersOf(await nginxMaster(seen.pid))).size > 0) return;
    if (seen === undefined || seen.restarts > 0 || ports.clock.now() > until) {
      const output = (await lastLines(seen?.logPath ?? "", 50)).map((line) => line.text);
      await ports.podman.run(["rm", "--force", "--ignore", "--time=0", ports.names.edge], { accept: "any" });
      throw (await portFailure(output, bind)) ?? new HowdahError("engine/crashed", "The edge did not start", { output });
    }
    await ports.clock.sleep(EDGE_POLL_MS);
  }
}
