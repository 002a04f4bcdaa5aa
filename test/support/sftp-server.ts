import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/providers/process.ts";

/** OpenSSH's own server on a loopback port, for SFTP alone, with a key of its own. */
export interface SftpServer {
  readonly port: number;
  /** What `ssh` needs to log in by itself. */
  readonly sshConfig: string;
  /** Ends the server and every connection at once, as a cut cable would. */
  cut(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts one; the user is whoever runs the test. */
export async function sftpServer(port: number): Promise<SftpServer> {
  const directory = await mkdtemp(join(tmpdir(), "t-sftp-"));
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(directory, "host")]);
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(directory, "user")]);
  await run(["cp", join(directory, "user.pub"), join(directory, "authorized")]);
  await mkdir("/run/sshd", { recursive: true });
  const lines = [
    `HostKey ${directory}/host`,
    `AuthorizedKeysFile ${directory}/authorized`,
    `PidFile ${directory}/pid`,
    "ListenAddress 127.0.0.1",
    `Port ${String(port)}`,
    "PermitRootLogin prohibit-password",
    "StrictModes no",
    "UsePAM no",
    "Subsystem sftp internal-sftp",
    "ForceCommand internal-sftp",
  ];
  await writeFile(join(directory, "sshd_config"), `${lines.join("\n")}\n`);
  const config = join(directory, "ssh_config");
  const client = ["Host *", `  IdentityFile ${directory}/user`, "  StrictHostKeyChecking no", `  UserKnownHostsFile ${directory}/known`];
  await writeFile(config, `${client.join("\n")}\n`);
  // A group of its own: its children hold the connections.
  const server: ChildProcess = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(directory, "sshd_config")], {
    stdio: "ignore",
    detached: true,
  });
  for (let tries = 0; tries < 100; tries += 1) {
    const asked = await run(["ssh", "-F", config, "-p", String(port), "-o", "BatchMode=yes", "127.0.0.1", "-s", "sftp"], { accept: "any" });
    if (!asked.stderr.includes("refused")) break;
    await sleep(100);
  }
  const cut = async (): Promise<void> => {
    const children = await run(["pgrep", "-P", String(server.pid)], { accept: "any" });
    const grandchildren = await Promise.all(
      children.stdout
        .split("\n")
        .filter(Boolean)
        .map((pid) => run(["pgrep", "-P", pid], { accept: "any" })),
    );
    const pids = [children, ...grandchildren].flatMap(({ stdout }) => stdout.split("\n").filter(Boolean).map(Number));
    for (const pid of [server.pid ?? -1, ...pids]) if (pid > 1) kill(pid);
    await sleep(100);
  };
  return {
    port,
    sshConfig: config,
    cut,
    async remove() {
      await cut();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended meanwhile
  }
}
