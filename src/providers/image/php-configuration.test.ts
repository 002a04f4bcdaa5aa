import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ImageTree } from "./image-tree.ts";
import { confdNames, configurePhp, iniPriority } from "./php-configuration.ts";
import { parseModules } from "./php-gate.ts";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

it.each([
  ["; configuration for php common module\n; priority=10\nextension=pdo.so\n", 10],
  ["; priority=15\nextension=xml.so", 15],
  [";priority = 25\nextension=memcached.so", 25],
  ["extension=redis.so\n", 20],
  ["priority=99\nextension=x.so\n", 20],
])("reads the load order of %j", (text, priority) => {
  expect(iniPriority(text)).toBe(priority);
});

it("loads drivers before what stands on them", () => {
  const names = confdNames([
    { name: "xsl", priority: 20 },
    { name: "mysqli", priority: 20 },
    { name: "xml", priority: 15 },
    { name: "mysqlnd", priority: 10 },
    { name: "memcached", priority: 25 },
  ]);
  expect(names).toEqual(["10-mysqlnd.ini", "15-xml.ini", "20-mysqli.ini", "20-xsl.ini", "25-memcached.ini"]);
});

it("switches every packaged extension on for both programs and gives them names without a version", async () => {
  const directory = await mkdtemp(join(tmpdir(), "howdah-"));
  directories.push(directory);
  const tree = await ImageTree.open(join(directory, "spool"));
  await tree.write("usr/share/php8.4-mysql/mysql/mysqlnd.ini", "; priority=10\nextension=mysqlnd.so\n");
  await tree.write("etc/php/8.4/mods-available/redis.ini", "; priority=25\nextension=redis.so\n");
  await tree.write("usr/lib/php/8.4/php.ini-production", "memory_limit = 128M\n");
  await tree.write("usr/lib/php/8.4/php.ini-production.cli", "memory_limit = -1\n");
  await tree.write("usr/bin/php8.4", "", 0o755);
  await tree.write("usr/sbin/php-fpm8.4", "", 0o755);
  await configurePhp(tree, "8.4");
  const links = tree.paths().flatMap((path) => {
    const entry = tree.get(path);
    return entry?.type === "symlink" ? [`${path} -> ${entry.target}`] : [];
  });
  expect(links).toEqual([
    "etc/php/8.4/cli/conf.d/10-mysqlnd.ini -> /etc/php/8.4/mods-available/mysqlnd.ini",
    "etc/php/8.4/cli/conf.d/25-redis.ini -> /etc/php/8.4/mods-available/redis.ini",
    "etc/php/8.4/fpm/conf.d/10-mysqlnd.ini -> /etc/php/8.4/mods-available/mysqlnd.ini",
    "etc/php/8.4/fpm/conf.d/25-redis.ini -> /etc/php/8.4/mods-available/redis.ini",
    "usr/bin/php -> php8.4",
    "usr/sbin/php-fpm -> php-fpm8.4",
  ]);
  const ini = tree.get("etc/php/8.4/fpm/php.ini");
  expect(ini?.type === "file" && (await tree.read(ini)).toString()).toBe("memory_limit = 128M\n");
  expect(tree.get("usr/share/php8.4-mysql/mysql/mysqlnd.ini")).toBeUndefined();
  await tree.close();
});

it("reads the modules that PHP lists by the catalog's names", () => {
  expect(parseModules("[PHP Modules]\nCore\nPDO\nSimpleXML\nZend OPcache\n\n[Zend Modules]\nZend OPcache\n")).toEqual([
    "core",
    "opcache",
    "pdo",
    "simplexml",
  ]);
});
