import { describe, expect, it } from "vitest";
import { keepsPath, mergedUsr } from "./file-filter.ts";

const slim = { gconv: true, perl: false, programs: ["php*", "nginx", "mariadb"] };

describe("file filter", () => {
  it.each([
    "usr/bin/php8.4",
    "usr/sbin/php-fpm8.4",
    "usr/sbin/nginx",
    "usr/lib/x86_64-linux-gnu/libc.so.6",
    "usr/lib/x86_64-linux-gnu/gconv/GB18030.so",
    "usr/lib/x86_64-linux-gnu/ImageMagick-7.1.1/modules-Q16/coders/jpeg.la",
    "usr/lib/locale/C.utf8/LC_CTYPE",
    "usr/share/zoneinfo/Europe/Berlin",
    "usr/share/doc/libc6/copyright",
    "usr/share/nginx/modules",
    "etc/nginx/mime.types",
    "etc/php/8.4/mods-available/redis.ini",
    "usr/share/mysql/mariadb_system_tables.sql",
    "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
  ])("keeps %s", (path) => {
    expect(keepsPath(path, slim)).toBe(true);
  });

  it.each([
    "usr/share/doc/libc6/changelog.gz",
    "usr/share/man/man1/php.1.gz",
    "usr/share/locale/de/LC_MESSAGES/libc.mo",
    "usr/share/lintian/overrides/libc6",
    "usr/lib/x86_64-linux-gnu/libfoo.a",
    "usr/lib/x86_64-linux-gnu/libfoo.la",
    "usr/share/perl5/Debconf.pm",
    "usr/lib/x86_64-linux-gnu/perl-base/Errno.pm",
    "usr/lib/systemd/system/nginx.service",
    "etc/init.d/nginx",
    "etc/cron.d/php",
    "etc/nginx/fastcgi_params",
    "etc/nginx/sites-available/default",
    "usr/share/nginx/html/index.html",
    "etc/php/8.4/fpm/pool.d/www.conf",
    "etc/php/8.4/fpm/php-fpm.conf",
    "etc/mysql/mariadb.cnf",
    "usr/bin/mariadb-access",
    "usr/bin/openssl",
    "usr/sbin/a2enmod",
  ])("drops %s", (path) => {
    expect(keepsPath(path, slim)).toBe(false);
  });

  it("keeps character sets, Perl and programs only where they are wanted", () => {
    expect(keepsPath("usr/lib/x86_64-linux-gnu/gconv/GB18030.so", { ...slim, gconv: false })).toBe(false);
    expect(keepsPath("usr/share/perl5/Debconf.pm", { ...slim, perl: true })).toBe(true);
    expect(keepsPath("usr/bin/openssl", { ...slim, programs: undefined })).toBe(true);
  });

  it.each([
    ["lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"],
    ["lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"],
    ["sbin/ldconfig", "usr/sbin/ldconfig"],
    ["usr/lib/php", "usr/lib/php"],
    ["libexec/x", "libexec/x"],
  ])("moves %s to %s", (from, to) => {
    expect(mergedUsr(from)).toBe(to);
  });
});
