import type { HowdahMachine } from "./howdah-machine.ts";

/** PHP that writes the row it is asked for and says so when the database has acknowledged it. No key makes a second one fail: it would be seen. */
export const WRITE_PHP = `<?php
require dirname(__DIR__) . '/database.php';
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$database = database();
$id = (int) $_GET['id'];
$database->begin_transaction();
$database->query("INSERT INTO acked (id, word) VALUES ($id, REPEAT('x', 40))");
$database->query("UPDATE counted SET n = n + 1");
$database->commit();
echo "acknowledged $id";
`;

/** PHP that makes what it writes to. */
export const SETUP_PHP = `<?php
require dirname(__DIR__) . '/database.php';
$database = database();
$database->query('CREATE TABLE acked (n INT AUTO_INCREMENT PRIMARY KEY, id INT, word TEXT, moment TIMESTAMP DEFAULT CURRENT_TIMESTAMP)');
$database->query('CREATE TABLE counted (n INT)');
$database->query('INSERT INTO counted VALUES (0)');
$database->query('CREATE TABLE seen (id INT)');
$database->query('CREATE TRIGGER noted AFTER INSERT ON acked FOR EACH ROW INSERT INTO seen VALUES (NEW.id)');
$database->query('CREATE VIEW newest AS SELECT MAX(id) AS id FROM acked');
echo 'made';
`;

/** PHP that shows what is there. */
export const READ_PHP = `<?php
require dirname(__DIR__) . '/database.php';
$database = database();
$ids = array_map('intval', array_column($database->query('SELECT id FROM acked ORDER BY n')->fetch_all(), 0));
$number = fn (string $query): int => (int) $database->query($query)->fetch_row()[0];
echo json_encode(['ids' => $ids, 'counted' => $number('SELECT n FROM counted'), 'seen' => $number('SELECT COUNT(*) FROM seen'), 'version' => $database->server_info]);
`;

/** What a site's pages say of its rows. */
export interface WrittenRows {
  readonly ids: readonly number[];
  readonly counted: number;
  readonly seen: number;
  readonly version: string;
}

/** Writes rows through a site's pages until it is stopped, each under a number of its own, and remembers which were acknowledged. */
export function acknowledgedWriter(
  machine: HowdahMachine,
  site: string,
  first = 1,
): { acknowledged(): number; stop(): Promise<ReadonlySet<number>> } {
  const acknowledged = new Set<number>();
  let next = first;
  const stopped = new AbortController();
  const work = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const id = next++;
      const answer = await machine.get(`${site}.localhost`, `/write.php?id=${String(id)}`).catch(() => undefined);
      if (answer?.status === 200 && answer.body === `acknowledged ${String(id)}`) acknowledged.add(id);
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const workers = [work(), work(), work()];
  return {
    acknowledged: () => acknowledged.size,
    async stop() {
      stopped.abort();
      await Promise.all(workers);
      return acknowledged;
    },
  };
}
