/**
 * Programs that busybox stands in for in an image with a shell, where no Debian package brings the real one.
 * Left out on purpose: anything that speaks to networks, mounts, or manages users and services.
 */
export const busyboxApplets: readonly string[] = (
  "[ [[ ash awk base64 basename bunzip2 bzcat bzip2 cat chgrp chmod chown cksum clear cmp comm cp cut date dd df diff dirname dos2unix du echo " +
  "env expand expr false find fold getopt grep egrep fgrep groups gunzip gzip head hexdump hostname id install kill less link ln ls lzcat " +
  "md5sum mkdir mkfifo mktemp more mv nice nl nohup od paste patch pgrep pkill printenv printf ps pwd readlink realpath reset rev rm rmdir " +
  "sed seq setsid sh sha1sum sha256sum sha512sum shred sleep sort split stat strings stty sync tac tail tar tee test time timeout touch tr " +
  "true truncate tty uname unexpand uniq unix2dos unlink unxz unzip uptime usleep vi wc which whoami xargs xxd xz xzcat yes zcat"
).split(" ");
