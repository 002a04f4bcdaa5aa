import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  killGroup,
  type Started,
  startEntrypoint,
  startServer,
  type TestServer,
  writeConfiguration,
} from "../../test/support/entrypoint-rig.ts";

/** How often a migration ran that must run once. */
interface MigrateOnce {
  readonly starters: number;
  readonly trials: number;
  /** Trials in which it ran exactly once, all starters ended well and the ledger says done. */
  readonly exactlyOnce: number;
  readonly killed: {
    readonly trials: number;
    /** The runner died before it began, or after its end was written: the next one ran it, or found it done. */
    readonly resumed: number;
    /** It died in between: the next ones refuse and name the commands that decide. */
    readonly markedInterrupted: number;
    /** It ran a second time by itself. */
    readonly ranTwice: number;
  };
}

/** Writes a line when it begins, makes a table, takes a moment: a second run would fail on the table, and be seen in the lines. */
const hook = String.raw`<?php
file_put_contents($argv[1], "began\n", FILE_APPEND | LOCK_EX);
$link = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
$link->query('CREATE TABLE one (i INT) ENGINE=InnoDB');
usleep(60000);
$link->query('ALTER TABLE one ADD COLUMN j INT NULL');
`;

/** D5: `starters` entrypoints at once on one real MariaDB, `trials` times; then one killed at a later moment each time. */
export async function migrateOnce(starters: number, trials: number, say: (line: string) => void): Promise<MigrateOnce> {
  const server = await startServer();
  const work = await mkdtemp(join(tmpdir(), "howdah-once-"));
  try {
    await writeFile(join(work, "hook.php"), hook);
    let exactlyOnce = 0;
    for (let trial = 0; trial < trials; trial++) {
      const round = await begin(server, work, `o${String(trial)}`);
      const outcomes = await Promise.all(Array.from({ length: starters }, () => round.start().outcome));
      if ((await round.ran()) === 1 && outcomes.every(({ exit }) => exit === 0) && round.state() === "done") exactlyOnce++;
      if (trial % 10 === 9) say(`${String(exactlyOnce)} of ${String(trial + 1)} exactly once`);
    }
    const killed = { trials, resumed: 0, markedInterrupted: 0, ranTwice: 0 };
    const whole = await lengthOf(await begin(server, work, "whole"));
    for (let trial = 0; trial < trials; trial++) {
      const round = await begin(server, work, `k${String(trial)}`);
      const first = round.start();
      await sleep((trial * whole * 1.1) / trials); // from before its beginning until after its end
      killGroup(first);
      await first.outcome;
      const { exit } = await round.start().outcome;
      await round.start().outcome;
      if ((await round.ran()) > 1) killed.ranTwice++;
      else if (exit === 0 && round.state() === "done") killed.resumed++;
      else if (exit === 73 && round.state() === "interrupted") killed.markedInterrupted++;
      if (trial % 10 === 9) say(`killed ${String(trial + 1)} times: ${JSON.stringify(killed)}`);
    }
    return { starters, trials, exactlyOnce, killed };
  } finally {
    await server.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** Milliseconds of one run that nobody disturbs. */
async function lengthOf(round: Round): Promise<number> {
  const started = performance.now();
  await round.start().outcome;
  return performance.now() - started;
}

interface Round {
  readonly start: () => Started;
  readonly ran: () => Promise<number>;
  readonly state: () => string;
}

async function begin(server: TestServer, work: string, name: string): Promise<Round> {
  server.database(name);
  const log = join(work, name);
  await writeFile(log, "");
  const config = writeConfiguration(work, {
    hooks: { install: [], migrate: [{ argv: ["php", join(work, "hook.php"), log] }] },
    migration: { step: "m", repeatable: false, by: "rollout" },
    database: { waitSeconds: 60 },
  });
  const address = { DB_HOST: "127.0.0.1", DB_PORT: String(server.port), DB_NAME: name, DB_USER: "u", DB_PASSWORD: `p w'"` };
  return {
    start: () => startEntrypoint(["migrate"], { HOWDAH_ENTRYPOINT_CONFIG: config, ...address }),
    ran: async () => (await readFile(log, "utf8")).split("began").length - 1,
    state: () => server.sql("SELECT state FROM howdah_ledger WHERE step = 'migrate:m'", name).trim(),
  };
}
