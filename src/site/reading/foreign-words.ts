import type { Path } from "../../kernel/diagnostic.ts";

/** Where a word of Upsun, Lagoon, compose files or older habits lives in a site file. The key is `parent key` or the bare key. */
const words: Readonly<Record<string, string>> = {
  docroot: "The web root is `spec.web.root`.",
  document_root: "The web root is `spec.web.root`.",
  documentroot: "The web root is `spec.web.root`.",
  webroot: "The web root is `spec.web.root`.",
  type: 'Upsun\'s `type: "php:8.4"` is `spec.runtime.php: "8.4"` here.',
  php: "The PHP version is `spec.runtime.php`.",
  "runtime/version": "The PHP version is `spec.runtime.php`.",
  extensions: "PHP extensions are `spec.runtime.extensions`.",
  ini: "php.ini settings are `spec.runtime.ini`.",
  php_ini: "php.ini settings are `spec.runtime.ini`.",
  flavor: "Write `flavour`: Howdah spells it the British way; Upsun's build flavour is not needed.",
  build: "Build commands are `spec.hooks.build`.",
  build_step: "Build commands are `spec.hooks.build`.",
  build_steps: "Build commands are `spec.hooks.build`.",
  dependencies: "Install what the build needs in `spec.hooks.build`; composer and Node are there.",
  install: "The command for an empty database is `spec.hooks.install`.",
  migrate: "The command for each new code is `spec.hooks.migrate`.",
  deploy: "Upsun's `deploy` hook is `spec.hooks.migrate` (before the new code serves) or `spec.hooks.postDeploy` (after).",
  post_deploy: "Write `postDeploy`: `spec.hooks.postDeploy`.",
  "post-deploy": "Write `postDeploy`: `spec.hooks.postDeploy`.",
  postdeploy: "Write `postDeploy`: `spec.hooks.postDeploy`.",
  postDeploy: "It is `spec.hooks.postDeploy`.",
  pre_rollout: "Lagoon's pre-rollout tasks are `spec.hooks.migrate`.",
  "pre-rollout": "Lagoon's pre-rollout tasks are `spec.hooks.migrate`.",
  post_rollout: "Lagoon's post-rollout tasks are `spec.hooks.postDeploy`.",
  "post-rollout": "Lagoon's post-rollout tasks are `spec.hooks.postDeploy`.",
  tasks: "Lagoon's tasks are `spec.hooks.migrate` and `spec.hooks.postDeploy`.",
  services: "A MariaDB is `spec.database`; other servers are `spec.relationships`.",
  db: "The database is `spec.database`.",
  mysql: "The database is `spec.database` (MariaDB).",
  mariadb: "The database is `spec.database`.",
  routes: "Hostnames are `spec.hostnames`; redirects are `spec.web.locations.PATH.redirect`.",
  domains: "Hostnames are `spec.hostnames`.",
  domain: "Hostnames are `spec.hostnames`, a list.",
  hosts: "Hostnames are `spec.hostnames`.",
  hostname: "Hostnames are `spec.hostnames`, a list.",
  disk: "Disk space is `size` of each mount: `spec.mounts.PATH.size`.",
  volumes: "Writable paths are `spec.mounts`.",
  "mounts/source": "Upsun's `source` is `storage: shared` or `storage: local`.",
  source_path: "Not needed: each mount has a volume of its own, named after its path.",
  env: "Environment variables are `spec.variables`.",
  environment: "Environment variables are `spec.variables`.",
  locations: "Locations are `spec.web.locations`.",
  "web/commands": "Not needed: nginx and PHP-FPM are started for you.",
  "web/upstream": "Not needed: nginx and PHP-FPM find each other; see `spec.topology`.",
  rules: "Upsun's `rules` are `spec.web.rewrites`, `spec.web.deny` or locations of their own.",
  index: "Index files are `spec.web.index`, for the whole site.",
  headers: "Headers are per location: `spec.web.locations.PATH.headers`.",
  cron: "Write `crons`: `spec.crons`.",
  cronjobs: "Write `crons`: `spec.crons`.",
  spec: "A cron's time is `schedule`; everything else about a site is below the top-level `spec`.",
  commands: "The command is `command`.",
  resources: "Size is `spec.scale`: replicas, memory, cpu.",
  replicas: "The number of copies is `spec.scale.replicas`.",
  memory: "The memory limit is `spec.scale.memory`; PHP's own is `spec.runtime.memoryLimit`.",
  memory_limit: "It is `spec.runtime.memoryLimit`.",
  upload_max_filesize: "It follows `spec.web.maxBodySize`.",
  name: "The site's name is `metadata.name`.",
  "database/name": "Not needed: Howdah makes the database, a user and a password; `DB_NAME` and the like hold them.",
  "database/user": "Not needed: Howdah makes the database, a user and a password; `DB_USER` and the like hold them.",
  "database/password": "Not needed: Howdah makes the password and keeps it out of the file; `DB_PASSWORD` holds it.",
  "database/host": "Not needed: `DB_HOST` holds it. A server of your own belongs in `spec.relationships`.",
  "tls/enabled": "Write `mode: local` or `mode: secret`.",
  ssl: "HTTPS is `spec.tls`.",
  image: "A base image of your own is `spec.runtime.image`.",
  modules: "nginx modules are `spec.web.modules`.",
  root: "The web root is `spec.web.root`.",
};

/** Where people coming from elsewhere find what they wrote; undefined for words that no one uses. */
export function foreignWordHint(path: Path, key: string): string | undefined {
  const parents = path
    .filter((step) => typeof step === "string")
    .slice(-2)
    .reverse();
  for (const candidate of [...parents.map((parent) => `${parent}/${key}`), key]) {
    const hint = Object.hasOwn(words, candidate) ? words[candidate] : undefined;
    const itself = hint?.includes(`\`${[...path, key].join(".")}\``) ?? false;
    if (hint !== undefined && !itself) return hint;
  }
  return undefined;
}
