import { spawn } from "node:child_process";
import { join } from "node:path";
import { connect, createWorkshop } from "../../cluster/cluster.ts";
import { settingsOf } from "../../cluster/settings.ts";
import type { ApiProbe } from "./api-probes.ts";

/** The API server of the test cluster, as a person who is not its administrator. */
export interface AskingAs {
  /** The HTTP status of the answer. */
  ask(probe: ApiProbe): Promise<number>;
  close(): void;
}

/** Asks as a user, through kubectl's proxy: the API server takes its word for who it is, since it is the administrator's. `undefined`: the administrator. */
export async function askAs(user: string | undefined): Promise<AskingAs> {
  const settings = settingsOf();
  const { kubeconfig } = connect(createWorkshop(settings, () => undefined));
  const who = user === undefined ? [] : [`--as=${user}`];
  const argv = [`--kubeconfig=${kubeconfig}`, ...who, "proxy", "--port=0", "--disable-filter"];
  const child = spawn(join(settings.directory, "bin/kubectl"), argv, { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve, reject) => {
    let said = "";
    child.once("error", reject);
    child.once("close", () => reject(new Error(`kubectl proxy ended: ${said}`)));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const [, found] = /127\.0\.0\.1:(\d+)/.exec(said) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return {
    async ask({ method, path, body }) {
      const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": type } }),
      });
      await answer.body?.cancel();
      return answer.status;
    },
    close: () => void child.kill(),
  };
}
