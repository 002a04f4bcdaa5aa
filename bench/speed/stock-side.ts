import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prepareApt, updateIndexes } from "../../src/providers/image/apt-workspace.ts";
import { hostSources } from "../../src/providers/image/host-sources.ts";
import { run } from "../../src/providers/process.ts";
import { addressOf, type OurSite, type Side } from "./our-side.ts";

/** What Debian's packages configure, with the one site that its own comments tell people to write. */
const SITE = String.raw`server {
  listen 80 default_server;
  root /srv/web;
  index index.php index.html;
  server_name _;
  location / { try_files $uri $uri/ /index.php?$args; }
  location ~ \.php$ {
    include snippets/fastcgi-php.conf;
    fastcgi_pass unix:/run/php/php8.4-fpm.sock;
  }
}
`;

/** What the packages' scripts add to these files. */
const ACCOUNTS = {
  passwd: "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n",
  group: "root:x:0:\nwww-data:x:33:\n",
};

/**
 * The same programs, application and database as Howdah's side, configured by the files of Debian's packages `nginx-common` and
 * `php8.4-fpm` of the same release: www.conf, php.ini, nginx.conf as they are.
 */
export async function stockSide(site: OurSite, directory: string, instance: string): Promise<Side & { remove(): Promise<void> }> {
  const etc = join(await unpacked(directory, ["nginx-common", "php8.4-fpm"]), "etc");
  await writeFile(join(etc, "nginx/sites-available/default"), SITE);
  await run(["ln", "-sf", "/etc/nginx/sites-available/default", join(etc, "nginx/sites-enabled/default")]);
  for (const [name, text] of Object.entries(ACCOUNTS)) await writeFile(join(directory, name), text);
  await writeFile(join(directory, "wp-config.php"), await configurationOf(site));
  for (const name of ["run", "log/nginx", "lib"]) await mkdir(join(directory, name), { recursive: true });
  const mount = (from: string, to: string, mode = "ro"): string[] => ["-v", `${join(directory, from)}:${to}:${mode}`];
  const fpm = "root/etc/php/8.4/fpm";
  const common = [
    ...mount("passwd", "/etc/passwd"),
    ...mount("group", "/etc/group"),
    ...mount("run", "/run/php", "rw"),
    ...mount("log", "/var/log", "rw"),
  ];
  // The database's name in /etc/hosts as Howdah's pod has it: a question to podman's name server in each request is not Debian's doing.
  const hosts = await databaseHosts(site);
  const start = async (name: string, image: string, more: readonly string[], argv: readonly string[]): Promise<string> => {
    const [program = "", ...rest] = argv;
    const container = `${instance}.stock-${name}`;
    await run(["podman", "rm", "-f", "-t", "1", container], { accept: "any" });
    const options = ["--user", "0", "--network", site.namespace, ...hosts, "--tmpfs", "/tmp", "--entrypoint", program, ...common, ...more];
    await run(["podman", "run", "-d", "--name", container, ...options, "--", image, ...rest]);
    return container;
  };
  const php = await start(
    "php",
    site.images.php,
    [
      ...mount("wp-config.php", "/srv/web/wp-config.php"),
      ...mount(`${fpm}/php-fpm.conf`, "/etc/php/8.4/fpm/php-fpm.conf"),
      ...mount(`${fpm}/pool.d`, "/etc/php/8.4/fpm/pool.d"),
    ],
    ["/usr/sbin/php-fpm", "-F"],
  );
  const nginx = await start(
    "nginx",
    site.images.web,
    [...mount("root/etc/nginx", "/etc/nginx"), ...mount("lib", "/var/lib/nginx", "rw")],
    ["/usr/sbin/nginx", "-g", "daemon off;"],
  );
  return {
    name: "Debian's stock configuration",
    origin: `http://${await addressOf(nginx)}`,
    containers: [nginx, php],
    remove: async () => {
      await run(["podman", "rm", "-f", "-t", "1", nginx, php], { accept: "any" });
    },
  };
}

async function databaseHosts(site: OurSite): Promise<readonly string[]> {
  const code = 'echo getenv("DB_HOST"), ":", gethostbyname(getenv("DB_HOST"));';
  return ["--add-host", (await run(["podman", "exec", site.phpContainer, "/usr/bin/php", "-r", code])).stdout.trim()];
}

async function unpacked(directory: string, packages: readonly string[]): Promise<string> {
  const debs = join(directory, "debs");
  const root = join(directory, "root");
  await mkdir(debs, { recursive: true });
  await mkdir(root, { recursive: true });
  const apt = await prepareApt(join(directory, "apt"), "trixie", await hostSources(process.env["HOWDAH_DEBIAN_MIRROR"]), "bench");
  await updateIndexes(apt, "trixie");
  await run(["apt-get", "-c", apt.config, "download", ...packages], { cwd: debs });
  for (const deb of await readdir(debs)) await run(["dpkg-deb", "-x", join(debs, deb), root]);
  return root;
}

/** The site's own wp-config.php with the values written into it, as on a machine without an environment: Debian's pool clears it. */
async function configurationOf(site: OurSite): Promise<string> {
  const read = async (...argv: readonly string[]): Promise<string> => (await run(["podman", "exec", site.phpContainer, ...argv])).stdout;
  const code = await read("/usr/bin/php", "-r", 'echo file_get_contents("/srv/web/wp-config.php");');
  const environment = JSON.parse(await read("/usr/bin/php", "-r", "echo json_encode(getenv());")) as Record<string, string>;
  const literal = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
  const values = Object.entries(environment).filter(([name]) => /^(DB|WP|HOWDAH)_/.test(name));
  // Debian's fastcgi_params leaves the port out of HTTP_HOST: WordPress would redirect for ever.
  const host = `$_SERVER['HTTP_HOST'] = ${literal(site.host)};`;
  return code.replace("<?php", `<?php ${values.map(([name, value]) => `putenv(${literal(`${name}=${value}`)});`).join(" ")} ${host}`);
}
