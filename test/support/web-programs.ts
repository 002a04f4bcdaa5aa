import { type DebianPrograms, debianPrograms } from "./debian-programs.ts";

const PACKAGES = [
  "nginx",
  "nginx-common",
  "libnginx-mod-http-brotli-static",
  "libnginx-mod-http-brotli-filter",
  "php8.2-fpm",
  "php8.2-common",
  "libsodium23",
  "libargon2-1",
  "libmagic1",
  "libapparmor1",
  "libxml2",
  "libicu72",
  "libbrotli1",
];

/** nginx and PHP-FPM of Debian 12, for the web rig. */
export function webPrograms(): Promise<DebianPrograms | undefined> {
  return debianPrograms(PACKAGES);
}
