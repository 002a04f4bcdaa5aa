/** What an image keeps of the packages it is made from. */
export interface FilterOptions {
  /** Character set tables of iconv: PHP's iconv and mbstring users need them (+8 MB). */
  readonly gconv: boolean;
  readonly perl: boolean;
  /** Programs to keep; a name that ends in `*` stands for all that begin so. Undefined keeps all. */
  readonly programs: readonly string[] | undefined;
}

/** Beginnings of paths that no container of ours needs: documentation, and what serves booting and administering a machine. */
const dropped = (
  "boot/ etc/apache2/ etc/apparmor etc/apt/ etc/bash_completion.d/ etc/cron etc/debconf.conf etc/default/ etc/dpkg/ etc/init/ etc/init.d/ " +
  "etc/insserv etc/ld.so.conf.d/fakeroot etc/logcheck/ etc/logrotate.d/ etc/motd etc/mysql/ etc/network/ etc/profile.d/ etc/rc etc/skel/ etc/sysctl.d/ " +
  "etc/systemd/ etc/udev/ etc/ufw/ etc/update-motd.d/ etc/xdg/systemd/ usr/include/ usr/lib/apt/ usr/lib/dpkg/ usr/lib/init/ usr/lib/lsb/ " +
  "usr/lib/pkgconfig/ usr/lib/systemd/ usr/lib/sysusers.d/ usr/lib/tmpfiles.d/ usr/lib/udev/ usr/lib/valgrind/ usr/share/aclocal/ " +
  "usr/share/applications/ usr/share/apport/ usr/share/bash-completion/ usr/share/bug/ usr/share/cmake/ usr/share/debconf/ usr/share/doc-base/ " +
  "usr/share/fish/ usr/share/gcc/ usr/share/gdb/ usr/share/icons/ usr/share/info/ usr/share/initramfs-tools/ usr/share/keyrings/ " +
  "usr/share/lintian/ usr/share/locale/ usr/share/man/ usr/share/menu/ usr/share/pixmaps/ usr/share/pkgconfig/ usr/share/zoneinfo/posix/ " +
  "usr/share/zoneinfo/right/ usr/share/zsh/ var/cache/ var/lib/dpkg/ var/lib/apt/ var/log/ var/www/"
).split(" ");

/** nginx's example site and snippets must not be found by a configuration; of the types alone we ship Debian's. fastcgi_params loses the port (trap 1). */
const nginxDefaults = ["etc/nginx/", "usr/share/nginx/html/", "usr/share/nginx/modules-available/", "var/lib/nginx/"];

/** FPM's example pool runs as www-data on a socket of its own; a missing configuration must be an error, not that pool. */
const fpmDefaults = /^etc\/php\/[^/]+\/fpm\/(pool\.d|php-fpm\.conf)/;

/** Whether a file or symlink of a package goes into the image. `path` is as in the package, without a leading `./`, after `mergedUsr`. */
export function keepsPath(path: string, options: FilterOptions): boolean {
  if (path.startsWith("usr/share/doc/")) return /^usr\/share\/doc\/[^/]+\/copyright$/.test(path);
  if (path === "etc/nginx/mime.types") return true;
  if (dropped.some((start) => path.startsWith(start)) || nginxDefaults.some((start) => path.startsWith(start))) return false;
  if (fpmDefaults.test(path) || path.endsWith(".a") || /\/pkgconfig\//.test(path)) return false;
  // ImageMagick finds its coders by their .la files: without them it reads no picture at all
  if (path.endsWith(".la") && !/\/ImageMagick-/.test(path)) return false;
  if (!options.gconv && /\/gconv\//.test(path)) return false;
  if (!options.perl && /^usr\/(share|lib|lib\/[^/]+)\/(perl|perl5|perl-base)(\/|$)/.test(path)) return false;
  return keepsProgram(path, options.programs);
}

function keepsProgram(path: string, programs: readonly string[] | undefined): boolean {
  if (programs === undefined) return true;
  const name = /^usr\/(?:bin|sbin|games)\/(.+)$/.exec(path)?.[1];
  return name === undefined || programs.some((kept) => (kept.endsWith("*") ? name.startsWith(kept.slice(0, -1)) : name === kept));
}

/** Moves /bin, /lib… into /usr, where merged-/usr has them: packages of older releases still ship the old names. */
export function mergedUsr(path: string): string {
  return /^(bin|sbin|lib|lib32|lib64|libx32)\//.test(path) ? `usr/${path}` : path;
}
