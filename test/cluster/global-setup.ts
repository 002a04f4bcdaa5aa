import { connect, createWorkshop } from "./cluster.ts";
import { readRecord } from "./record.ts";
import { settingsOf } from "./settings.ts";
import { chooseAddons, startCluster } from "./start.ts";
import { stopCluster } from "./stop.ts";

/**
 * Around all tests of the project `cluster`: starts the test cluster once, and stops it at the end when it was not there before. One that
 * is there is taken as it is. With
 * KUBECONFIG in the environment those tests that need no machine of ours use that cluster, and nothing is started.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if ((process.env["KUBECONFIG"] ?? "") !== "") return undefined;
  const workshop = createWorkshop(settingsOf(), (line) => {
    process.stderr.write(`cluster: ${line}\n`);
  });
  const wasThere = await answers(workshop);
  const chosen = chooseAddons([]);
  const known = (await readRecord(workshop.settings))?.addons ?? [];
  if (wasThere && chosen.every(({ name }) => known.includes(name))) return undefined;
  await startCluster(workshop, chosen);
  return wasThere ? undefined : () => stopCluster(workshop);
}

async function answers(workshop: Parameters<typeof connect>[0]): Promise<boolean> {
  const said = await connect(workshop)
    .kubectl(["get", "--raw=/readyz"], { accept: "any", timeoutMs: 10_000 })
    .catch(() => undefined);
  return said?.code === 0;
}
