import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HowdahMachine } from "../../test/support/howdah-machine.ts";

/** Who names no browser is taken for a robot, and robots wake nobody. */
const READER = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };

const SITE = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: shop}
spec:
  runtime: {php: "8.4"}
  web: {root: public, microcache: false}
  database: {}
  mounts: {public/uploads: {}}
  hooks: {install: {sql: install.sql}}
  scale: {memory: 128Mi}
  environments: {limit: 50}
  dataset:
    keep: 1
    tables:
      people:
        columns: {id: keep, name: full-name, mail: email, note: text, mark: keep}
      marks: keep
      howdah_ledger: keep
    files:
      - {match: "**", action: keep, reason: a bench}
`;

const INSTALL = `CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), mail VARCHAR(100), note TEXT, mark INT NOT NULL DEFAULT 0);
CREATE TABLE marks (id INT PRIMARY KEY, mark INT NOT NULL);
INSERT INTO people (name, mail, note) SELECT CONCAT('Gottlieb Personne ', seq), CONCAT('gottlieb', seq, '@realperson.example'), REPEAT(UUID(), 10) FROM seq_1_to_20000;
INSERT INTO marks VALUES (1, 0);
`;

/** \`?mark=N\` writes the same number to a table that is kept, to one that is masked and to a file; without it the page says what they hold. */
const PAGE = `<?php
header('Cache-Control: no-store');
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
if (isset($_GET['mark'])) {
    $mark = (int) $_GET['mark'];
    foreach (['marks', 'people'] as $table) $db->query("UPDATE $table SET mark = $mark");
    file_put_contents(__DIR__ . '/uploads/mark.txt', (string) $mark);
}
$marks = [];
foreach (['marks', 'people'] as $table) foreach ($db->query("SELECT MIN(mark), MAX(mark) FROM $table")->fetch_row() as $mark) $marks[] = (int) $mark;
$marks[] = (int) file_get_contents(__DIR__ . '/uploads/mark.txt');
echo json_encode($marks);
`;

/** Brings up a site with 20,000 people whose data says of which moment it is, in three places. */
export async function markedSite(machine: HowdahMachine): Promise<void> {
  const code = join(machine.directory, "shop");
  await mkdir(join(code, "public"), { recursive: true });
  await writeFile(join(code, "howdah.yaml"), SITE);
  await writeFile(join(code, "install.sql"), INSTALL);
  await writeFile(join(code, "public/index.php"), PAGE);
  await machine.ok("up", code);
}

/** Production's data becomes that of another moment. */
export async function mark(machine: HowdahMachine, moment: number): Promise<void> {
  const marks = await marksOf(machine, "shop.localhost", `/?mark=${String(moment)}`);
  if (marks.some((one) => one !== moment)) throw new Error(`production has the marks ${marks.join(", ")} instead of ${String(moment)}`);
}

/** Of which moments the data of a site or an environment is: one and the same five times, or it is mixed. Fails unless its page answers. */
export async function marksOf(machine: HowdahMachine, host: string, path = "/"): Promise<readonly number[]> {
  const { status, body } = await machine.get(host, path, { headers: READER });
  if (status !== 200) throw new Error(`${host} answers ${String(status)}: ${body.slice(0, 200)}`);
  return JSON.parse(body) as readonly number[];
}
