import { ATTACKS, type Attack } from "./resource-attack/attack-site.ts";
import { resourceAttacks } from "./resource-attack/resource-attack.ts";
import { rotations } from "./rotation/rotations.ts";

const ATTACK_SECONDS = 10;
const ROTATIONS = 3;

const say = (line: string): void => {
  console.error(line);
};

/**
 * `node bench/apart.ts attack [KIND…]`: what visitors of a site see while another one takes processors, processes, memory, connections or inodes, or
 * floods its log. `node bench/apart.ts rotation [TIMES]`: failed requests while a database's password and a tenant's key are rotated.
 */
async function main([what, ...rest]: readonly string[]): Promise<boolean> {
  if (what === "rotation") {
    const rows = await rotations(Number(rest[0] ?? ROTATIONS), say);
    return rows.every(({ failed }) => failed === 0);
  }
  if (what !== "attack") {
    say("usage: node bench/apart.ts attack [KIND…] | rotation [TIMES]");
    return false;
  }
  const isAttack = (kind: string): kind is Attack => ATTACKS.some((one) => one === kind);
  const rows = await resourceAttacks(rest.filter(isAttack), ATTACK_SECONDS, say);
  return rows.every(({ attacked, diskFreePercent }) => attacked.errors.length === 0 && diskFreePercent > 10);
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
