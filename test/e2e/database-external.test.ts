import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { type OutsideMachine, outsideMachine, type OutsideServer, whyNoOutsideMachine } from "../support/outside-mariadb.ts";

const PORT = 18_874;
const skip = (await whyNoMachine()) ?? (await whyNoOutsideMachine());

const siteFile = (database: string): string =>
  `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata:\n  name: outer\nspec:\n  runtime: {php: "8.4"}\n  web: {root: public, microcache: false}\n  database: ${database}\n`;
const page = `<?php
$m = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
$m->query('CREATE TABLE IF NOT EXISTS visits (id INT AUTO_INCREMENT PRIMARY KEY)');
if (isset($_GET['write'])) $m->query('INSERT INTO visits () VALUES ()');
[$n] = $m->query('SELECT COUNT(*) FROM visits')->fetch_row();
[$server] = $m->query('SELECT @@server_id')->fetch_row();
echo getenv('DB_HOST'), ' ', $server, ' ', $n;
`;

describe.skipIf(skip !== undefined)(`a site on a database server that exists${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let outside: OutsideMachine;
  let primary: OutsideServer;
  let replica: OutsideServer;
  let directory: string;
  let password: string;

  beforeAll(async () => {
    outside = await outsideMachine(74, 2);
    machine = await howdahMachine("outer", PORT);
    [primary, replica] = outside.servers as [OutsideServer, OutsideServer];
    const { user } = outside.administrator;
    const quoted = outside.administrator.password.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    await primary.query("CREATE USER follower@'%' IDENTIFIED BY 'follower'");
    await primary.query("GRANT REPLICATION SLAVE ON *.* TO follower@'%'");
    for (const server of outside.servers) {
      await server.query(`CREATE USER ${user}@'%' IDENTIFIED BY '${quoted}'`);
      await server.query(`GRANT ALL PRIVILEGES ON *.* TO ${user}@'%' WITH GRANT OPTION`);
    }
    const [{ File, Position }] = (await primary.query("SHOW MASTER STATUS")) as [{ File: string; Position: number }];
    const from = `MASTER_HOST='${primary.address}', MASTER_USER='follower', MASTER_PASSWORD='follower', MASTER_LOG_FILE='${File}', MASTER_LOG_POS=${String(Position)}`;
    await replica.query(`CHANGE MASTER TO ${from}, MASTER_CONNECT_RETRY=1`);
    await replica.query("START SLAVE");
    await replica.query("SET GLOBAL read_only=1");
    directory = join(machine.directory, "outer");
    await mkdir(join(directory, "public"), { recursive: true });
    await writeFile(join(directory, "howdah.yaml"), siteFile("{server: company}"));
    await writeFile(join(directory, "public/index.php"), page);
    password = join(machine.directory, "password");
    await writeFile(password, `${outside.administrator.password}\n`);
  }, 300_000);
  afterAll(async () => {
    const left = await machine.remove();
    await outside.remove();
    expect(left).toEqual([]);
  });

  const addresses = (): readonly string[] => [`${replica.address}:3306`, primary.address];
  const visit = async (query = ""): Promise<string> => (await machine.get("outer.localhost", `/${query}`)).body;

  it("says clearly what is wrong with a server, and keeps nothing of one that can't be used", async () => {
    const wrong = join(machine.directory, "wrong");
    await writeFile(wrong, "not the password\n");
    const set = (...more: readonly string[]) => machine.howdah("db", "server", "set", "company", ...more, "--administrator", "keeper");
    const refused = await set("--address", primary.address, "--password-file", wrong);
    expect([refused.code, refused.stderr]).toEqual([
      77,
      expect.stringContaining(`${primary.address}:3306 of the database server company refuses the user or its password`),
    ]);
    const silent = await set("--address", `${primary.address}:3399`, "--password-file", password);
    expect([silent.code, silent.stderr]).toEqual([75, expect.stringContaining("does not answer")]);
    const readOnly = await set("--address", replica.address, "--password-file", password);
    expect([readOnly.code, readOnly.stderr]).toEqual([75, expect.stringMatching(/no address takes writes.*replica/)]);
    await primary.query("CREATE USER weak@'%' IDENTIFIED BY 'weak'");
    await writeFile(wrong, "weak");
    const weak = await machine.howdah(
      "db",
      "server",
      "set",
      "company",
      "--address",
      primary.address,
      "--administrator",
      "weak",
      "--password-file",
      wrong,
    );
    expect([weak.code, weak.stderr]).toEqual([77, expect.stringContaining("CREATE USER")]);
    expect(JSON.parse((await machine.ok("db", "server", "ls", "--output", "json")).stdout)).toEqual([]);
    const unknown = await machine.howdah("up", directory);
    expect([unknown.code, unknown.stderr]).toEqual([66, expect.stringContaining("There is no database server company")]);
  });

  it("takes the address that takes writes, and warns that an asynchronous pair can lose data", async () => {
    const set = ["db", "server", "set", "company", "--address", ...addresses(), "--administrator", "keeper", "--password-file", password];
    expect((await machine.ok(...set)).stdout).toMatch(/its writer is 10\.213\.74\.2:3306.*\n! its replicas are asynchronous/);
    const checked = JSON.parse((await machine.ok("db", "server", "check", "company", "--output", "json")).stdout) as {
      addresses: object[];
    };
    expect(checked).toMatchObject({ writer: `${primary.address}:3306`, addresses: [{ role: "replica" }, { role: "writer" }] });
  });

  it("runs a site there, with its dumps, imports and shell", async () => {
    await machine.ok("up", directory);
    expect(await visit("?write")).toBe("company 1 1");
    expect((await primary.query("SHOW DATABASES LIKE 'outer'")).length).toBe(1);
    const dump = join(machine.directory, "outer.sql");
    await machine.ok("db", "dump", "outer", dump);
    expect(await readFile(dump, "utf8")).toContain("CREATE TABLE `visits`");
    expect(await visit("?write")).toBe("company 1 2");
    await machine.ok("db", "import", "outer", dump, "--clean", "--yes");
    expect(await visit()).toBe("company 1 1");
    const own = await machine.ok("db", "shell", "outer");
    expect(own.code).toBe(0);
    const servers = JSON.parse((await machine.ok("db", "server", "ls", "--output", "json")).stdout) as unknown;
    expect(servers).toMatchObject([{ name: "company", kind: "external", sites: ["outer"] }]);
  });

  it("never moves a site to another server by a changed word, and leaves it where it is without one", async () => {
    const set = ["db", "server", "set", "other", "--address", primary.address, "--administrator", "keeper", "--password-file", password];
    await machine.ok(...set, "--default");
    await writeFile(join(directory, "howdah.yaml"), siteFile("{server: other}"));
    const moved = await machine.howdah("up", directory);
    expect([moved.code, moved.stderr]).toEqual([65, expect.stringContaining("outer has its data in company")]);
    await writeFile(join(directory, "howdah.yaml"), siteFile("{}"));
    await machine.ok("up", directory);
    expect(await visit()).toBe("company 1 1");
    await machine.ok("db", "server", "rm", "other", "--yes");
  });

  it("follows the writer by itself when the primary dies and the replica is promoted", async () => {
    await expect.poll(() => replica.query("SELECT COUNT(*) AS n FROM outer.visits"), { timeout: 60_000 }).toMatchObject([{ n: 1 }]);
    await primary.kill();
    await replica.query("STOP SLAVE");
    await replica.query("RESET SLAVE ALL");
    await replica.query("SET GLOBAL read_only=0");
    await expect.poll(() => visit("?write").catch(String), { timeout: 180_000, interval: 1000 }).toBe("company 2 2");
  });

  it("does not go to an address that lacks the databases of its sites", async () => {
    await primary.start();
    await primary.query("DROP DATABASE `outer`");
    const refused = await machine.howdah("db", "server", "set", "company", "--address", primary.address);
    expect([refused.code, refused.stderr]).toEqual([
      65,
      expect.stringMatching(/10\.213\.74\.2:3306 lacks databases that are on company: outer \(of outer\)[^]*howdah db move SITE --to NAME/),
    ]);
    expect(await visit()).toBe("company 2 2");
    await primary.kill();
  });

  it("is not forgotten while a site has data on it; with the site's data its database goes", async () => {
    const used = await machine.howdah("db", "server", "rm", "company", "--yes");
    expect([used.code, used.stderr]).toEqual([65, expect.stringContaining("Databases of outer are on company")]);
    await machine.ok("destroy", "outer", "--yes");
    expect((await replica.query("SHOW DATABASES LIKE 'outer'")).length).toBe(1);
    await machine.ok("destroy", "outer", "--purge", "--yes");
    expect(await replica.query("SHOW DATABASES LIKE 'outer'")).toEqual([]);
    expect(await replica.query("SELECT User FROM mysql.user WHERE User = 'outer'")).toEqual([]);
    await machine.ok("db", "server", "rm", "company", "--yes");
  });
});
