import { loadavg } from "node:os";
import { howdahMachine } from "../../test/support/howdah-machine.ts";
import { tokenLoad, tokenSite } from "../../test/support/token-site.ts";

const PORT = 18_494;

/** One kind of rotation, again and again under load. */
export interface RotationRow {
  readonly rotated: "the database's password" | "the tenant's key";
  readonly times: number;
  readonly medianSeconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly errors: readonly string[];
  readonly load: number;
}

/** Passwords and keys change while visitors of two tenants' sites get tokens and show them: none of them may notice. */
export async function rotations(times: number, say: (line: string) => void): Promise<readonly RotationRow[]> {
  const machine = await howdahMachine("bench-rotation", PORT);
  try {
    const code = await tokenSite(machine);
    await machine.ok("tenant", "create", "acme", "--site", code);
    const hosts = ["shop.acme.localhost", "shop.acme.localhost", "shop.acme.localhost"];
    const during = async (rotated: RotationRow["rotated"], rotate: () => Promise<unknown>): Promise<RotationRow> => {
      const load = tokenLoad(machine, hosts);
      const seconds: number[] = [];
      try {
        for (let count = 0; count < times; count += 1) {
          const began = performance.now();
          await rotate();
          seconds.push((performance.now() - began) / 1000);
        }
      } finally {
        await load.stop();
      }
      const { good, wrong } = await load.stop();
      const medianSeconds = Math.round((seconds.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? 0) * 10) / 10;
      const row = { rotated, times, medianSeconds, requests: good + wrong.length, failed: wrong.length, errors: wrong.slice(0, 3) };
      say(JSON.stringify(row));
      return { ...row, load: Math.round(loadavg()[0] ?? 0) };
    };
    return [
      await during("the database's password", () => machine.ok("secret", "rotate", "acme--shop", "database")),
      await during("the tenant's key", async () => {
        await machine.ok("tenant", "rotate-key", "acme");
        // Tokens live for a second at most here: none of the former key is in use after it.
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        await machine.ok("tenant", "rotate-key", "acme", "--finish");
      }),
    ];
  } finally {
    await machine.howdah("tenant", "delete", "acme", "--no-export", "--yes");
    await machine.howdah("destroy", "acme--shop", "--purge", "--yes");
    await machine.remove();
  }
}
