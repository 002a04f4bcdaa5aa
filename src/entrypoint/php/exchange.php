<?php
// Lists, sends and takes files of a site's mounts, for `howdah files`: php exchange.php list|pack|unpack MOUNTS PATH
// MOUNTS is a JSON list of absolute directories; nothing outside them is read or written. `pack` writes a tar to stdout, `unpack`
// reads one from stdin: only regular files and directories, on both ways. Runs on PHP 7.4 and later, without a shell.
declare(strict_types=1);

namespace Howdah\Exchange;

const BLOCK = 512;
const CHUNK = 65536;

/** A path that leaves the mounts (77), or anything else that goes wrong (74); the words are for people. */
final class Refused extends \RuntimeException
{
}

function refuse(string $message): Refused
{
    return new Refused($message, 77);
}

function broken(string $message): Refused
{
    return new Refused($message, 74);
}

/** @param string[] $mounts */
function is_below(string $path, array $mounts): bool
{
    foreach ($mounts as $mount) {
        if ($path === $mount || strncmp($path, "$mount/", strlen($mount) + 1) === 0) {
            return true;
        }
    }
    return false;
}

/**
 * The path, if it is below a mount both as written and as the file system sees it: no symbolic link on the way leads out.
 * What does not exist yet is judged by its nearest parent that does.
 * @param string[] $mounts
 */
function checked(string $path, array $mounts): string
{
    $segments = explode('/', $path);
    if ($path === '' || $path[0] !== '/' || strpos($path, "\0") !== false || array_intersect(['.', '..'], $segments) !== [] || !is_below($path, $mounts)) {
        throw refuse("$path is not below one of the site's mounts");
    }
    $there = $path;
    while (!file_exists($there) && !is_link($there) && $there !== '/') {
        $there = dirname($there);
    }
    $real = realpath($there);
    if ($real === false || !is_below($real, array_filter(array_map('realpath', $mounts), 'is_string'))) {
        throw refuse("$path leads out of the site's mounts through a symbolic link");
    }
    return $path;
}

/**
 * Does work in a directory below a mount, with paths that have no `/` in them: the working directory is the one handle of a directory that PHP
 * has. Programs of the site may put a symbolic link in the place of any part of a path between two calls, so each part is entered by itself, and
 * where that leads is asked of the kernel. `$make`: what is missing is made.
 * @param string[] $mounts
 * @return mixed
 */
function in_directory(string $path, array $mounts, bool $make, callable $work)
{
    $below = array_values(array_filter($mounts, static function (string $mount) use ($path): bool { return is_below($path, [$mount]); }));
    if ($below === []) {
        throw refuse("$path is not below one of the site's mounts");
    }
    usort($below, static function (string $a, string $b): int { return strlen($a) - strlen($b); });
    enter($below[0], $path, $mounts);
    foreach (array_filter(explode('/', substr($path, strlen($below[0]))), 'strlen') as $part) {
        if ($make && @lstat($part) === false) {
            @mkdir($part, 0755);
        }
        $there = @lstat($part);
        if ($there !== false && !in_array($there['mode'] & 0170000, [0040000, 0120000], true)) {
            throw refuse("$path is there already and is no directory");
        }
        enter($part, $path, $mounts);
    }
    return $work();
}

/** @param string[] $mounts */
function enter(string $part, string $path, array $mounts): void
{
    if (!@chdir($part)) {
        throw broken("$path can't be entered: " . last_words());
    }
    if (!is_below((string) getcwd(), real_mounts($mounts))) {
        throw refuse("$path leads out of the site's mounts through a symbolic link");
    }
}

/** @param string[] $mounts @return string[] */
function real_mounts(array $mounts): array
{
    static $real = null;
    return $real = $real ?? array_values(array_filter(array_map('realpath', $mounts), 'is_string'));
}

/** The kernel's name of an open file, `/proc/self/fd/N`: it stays that file's, whatever becomes of its path. @param resource $file */
function handle_of($file): string
{
    $own = fstat($file);
    foreach (scandir('/proc/self/fd') ?: [] as $number) {
        $stat = ctype_digit($number) ? @stat("/proc/self/fd/$number") : false;
        if ($stat !== false && $stat['ino'] === $own['ino'] && $stat['dev'] === $own['dev']) {
            return "/proc/self/fd/$number";
        }
    }
    throw broken('an open file has no handle: is /proc mounted?');
}

/** @return array{name: string, type: string, size: int, mtime: int} */
function described(string $path, string $name): array
{
    $stat = @lstat($path);
    if ($stat === false) {
        throw broken("$path can't be read");
    }
    $types = [0100000 => 'file', 0040000 => 'directory', 0120000 => 'link'];
    return ['name' => $name, 'type' => $types[$stat['mode'] & 0170000] ?? 'other', 'size' => $stat['size'], 'mtime' => $stat['mtime']];
}

/** @return string[] */
function names_of(string $directory): array
{
    $names = @scandir($directory);
    if ($names === false) {
        throw broken("$directory can't be read");
    }
    return array_values(array_diff($names, ['.', '..']));
}

/** One JSON object a line; a name that is no UTF-8 is sent with replacement characters and marked. @param string[] $mounts */
function list_path(string $path, array $mounts): void
{
    $isDirectory = is_dir($path);
    in_directory($isDirectory ? $path : dirname($path), $mounts, false, static function () use ($isDirectory, $path): void {
        foreach ($isDirectory ? names_of('.') : [basename($path)] as $name) {
            write(json_encode(described($name, $name), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
        }
    });
}

function write(string $bytes): void
{
    for ($at = 0; $at < strlen($bytes); $at += $written) {
        $written = @fwrite(STDOUT, $at === 0 ? $bytes : substr($bytes, $at));
        if ($written === false || $written === 0) {
            throw broken('the receiver stopped listening');
        }
    }
}

/** @param string[] $mounts */
function pack_path(string $path, array $mounts): void
{
    checked($path, $mounts);
    $entry = described($path, '.');
    if ($entry['type'] === 'link' || $entry['type'] === 'other') {
        throw refuse("$path is neither a file nor a directory");
    }
    if ($entry['type'] === 'file') {
        in_directory(dirname($path), $mounts, false, static function () use ($path, $mounts): void {
            pack_entry(basename($path), basename($path), $mounts);
        });
    } else {
        in_directory($path, $mounts, false, static function () use ($entry, $mounts): void {
            pack_here('', $entry['mtime'], $mounts);
        });
    }
    write(str_repeat("\0", 2 * BLOCK));
}

/** The working directory and what is in it; `$name` is its own in the archive. @param string[] $mounts */
function pack_here(string $name, int $mtime, array $mounts): void
{
    write(headers($name === '' ? './' : "$name/", '5', 0, $mtime, 0755));
    foreach (names_of('.') as $child) {
        pack_entry($child, $name === '' ? $child : "$name/$child", $mounts);
    }
}

/** What is in the working directory under a name; what went away since it was listed is left out: a site that serves has such files. @param string[] $mounts */
function pack_entry(string $child, string $name, array $mounts): void
{
    if (@lstat($child) === false) {
        fwrite(STDERR, "left out $name: it went away\n");
        return;
    }
    $entry = described($child, $name);
    if ($entry['type'] === 'directory') {
        pack_directory($child, $name, $entry['mtime'], $mounts);
    } elseif ($entry['type'] === 'file') {
        pack_file($child, $name, $entry, $mounts);
    } else {
        fwrite(STDERR, "left out $name: it is neither a file nor a directory\n");
    }
}

/** @param string[] $mounts */
function pack_directory(string $child, string $name, int $mtime, array $mounts): void
{
    $above = (string) getcwd();
    if (!@chdir($child)) {
        if (@lstat($child) !== false && is_dir($child)) {
            throw broken("$name can't be read");
        }
        fwrite(STDERR, "left out $name: it went away\n");
        return;
    }
    $here = getcwd();
    if ($here === rtrim($above, '/') . "/$child") {
        pack_here($name, $mtime, $mounts);
    } else {
        fwrite(STDERR, "left out $name: something else took its place\n");
    }
    // By its name, since `..` of a directory that was moved is elsewhere; and it may be another one by now.
    if (!@chdir($above) || getcwd() !== $above || !is_below($above, real_mounts($mounts))) {
        throw refuse("$name was moved while it was read");
    }
}

/** Sends as many bytes as were announced, or fails: a file that shrinks meanwhile would shift everything after it. @param string[] $mounts */
function pack_file(string $path, string $name, array $entry, array $mounts): void
{
    // `n`: whoever puts a pipe in its place does not hold us up.
    $file = @fopen($path, 'rbn');
    if ($file === false) {
        if (is_file($path)) {
            throw broken("$name can't be read");
        }
        fwrite(STDERR, "left out $name: it went away\n");
        return;
    }
    $stat = fstat($file);
    if (($stat['mode'] & 0170000) !== 0100000 || !is_below((string) @readlink(handle_of($file)), real_mounts($mounts))) {
        fwrite(STDERR, "left out $name: something else took its place\n");
        fclose($file);
        return;
    }
    $size = (int) $stat['size'];
    write(headers($name, '0', $size, $entry['mtime'], 0644));
    for ($left = $size; $left > 0; $left -= strlen($chunk)) {
        $chunk = fread($file, min(CHUNK, $left));
        if ($chunk === false || $chunk === '') {
            throw broken("$name became shorter while it was read");
        }
        write($chunk);
    }
    fclose($file);
    write(str_repeat("\0", (BLOCK - $size % BLOCK) % BLOCK));
}

/** A ustar header, with a pax header before it when the name is long or not ASCII, or the size is 8 GiB and more. */
function headers(string $name, string $type, int $size, int $mtime, int $mode): string
{
    $records = [];
    if (strlen($name) > 100 || preg_match('/[^\x20-\x7e]/', $name) === 1) {
        $records['path'] = $name;
    }
    if ($size >= 1 << 33) {
        $records['size'] = (string) $size;
    }
    if ($records === []) {
        return header_block($name, $type, $size, $mtime, $mode);
    }
    $text = implode('', array_map(__NAMESPACE__ . '\pax_record', array_keys($records), $records));
    $padding = str_repeat("\0", (BLOCK - strlen($text) % BLOCK) % BLOCK);
    $short = 'entry' . ($type === '5' ? '/' : '');
    return header_block('pax', 'x', strlen($text), $mtime, 0644) . $text . $padding . header_block($short, $type, $size & ((1 << 33) - 1), $mtime, $mode);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function pax_record(string $key, string $value): string
{
    $rest = " $key=$value\n";
    $length = strlen($rest) + strlen((string) strlen($rest));
    return strlen($length . $rest) === $length ? $length . $rest : ($length + 1) . $rest;
}

function header_block(string $name, string $type, int $size, int $mtime, int $mode): string
{
    $before = pack('a100a8a8a8a12a12', $name, sprintf('%07o', $mode), '0141520', '0141520', sprintf('%011o', $size), sprintf('%011o', max(0, $mtime)));
    $after = pack('a1a100a6a2a32a32a8a8a155a12', $type, '', "ustar\0", '00', '', '', '', '', '', '');
    $sum = array_sum(unpack('C*', $before . '        ' . $after));
    return $before . sprintf('%06o', $sum) . "\0 " . $after;
}

/** Exactly so many bytes of stdin. */
function read(int $length): string
{
    $bytes = '';
    while (strlen($bytes) < $length) {
        $chunk = fread(STDIN, $length - strlen($bytes));
        if ($chunk === false || $chunk === '') {
            throw broken('the transfer broke off before its end; files that had arrived whole are in place');
        }
        $bytes .= $chunk;
    }
    return $bytes;
}

/** @param string[] $mounts */
function unpack_path(string $path, array $mounts): void
{
    checked($path, $mounts);
    $times = [];
    $pax = [];
    $first = true;
    for (;;) {
        $block = read(BLOCK);
        if ($block === str_repeat("\0", BLOCK)) {
            break;
        }
        $header = parse_header($block);
        if ($header['type'] === 'x') {
            $pax = parse_pax(padded($header['size']));
            continue;
        }
        $name = rtrim($pax['path'] ?? $header['name'], '/');
        $size = isset($pax['size']) ? (int) $pax['size'] : $header['size'];
        $mtime = isset($pax['mtime']) ? (int) $pax['mtime'] : $header['mtime'];
        $pax = [];
        // A first entry `.` says that the path becomes a directory; otherwise it is the one file itself, or goes into the directory there.
        $single = $first && $header['type'] === '0' && !is_dir($path);
        $target = $single || $name === '.' ? $path : $path . '/' . entry_name($name);
        $first = false;
        if ($header['type'] === '5') {
            make_directory($target, $mounts);
            $times[$target] = $mtime;
        } elseif ($header['type'] === '0') {
            take_file($target, $size, $mtime, $mounts);
        } else {
            throw refuse("the archive holds $name, which is neither a file nor a directory");
        }
    }
    foreach (array_reverse($times) as $directory => $mtime) {
        in_directory($directory, $mounts, false, static function () use ($mtime): void {
            @touch('.', $mtime);
        });
    }
}

function entry_name(string $name): string
{
    if ($name === '' || $name[0] === '/' || strpos($name, "\0") !== false || array_intersect(['', '.', '..'], explode('/', $name)) !== []) {
        throw refuse("the archive holds the name $name, which leads elsewhere");
    }
    return $name;
}

/** @return array{name: string, type: string, size: int, mtime: int} */
function parse_header(string $block): array
{
    $sum = array_sum(unpack('C*', substr($block, 0, 148) . '        ' . substr($block, 156)));
    if ($sum !== octdec(trim(substr($block, 148, 8), "\0 "))) {
        throw broken('the transfer is damaged');
    }
    $prefix = rtrim(substr($block, 345, 155), "\0");
    $name = rtrim(substr($block, 0, 100), "\0");
    $type = $block[156] === "\0" ? '0' : $block[156];
    return ['name' => $prefix === '' ? $name : "$prefix/$name", 'type' => $type, 'size' => number(substr($block, 124, 12)), 'mtime' => number(substr($block, 136, 12))];
}

/** Octal digits, or base 256 when the first bit is set. */
function number(string $field): int
{
    if ((ord($field[0]) & 0x80) === 0) {
        return (int) octdec(trim($field, "\0 "));
    }
    $value = 0;
    foreach (str_split(substr($field, 4)) as $byte) {
        $value = ($value << 8) | ord($byte);
    }
    return $value;
}

function padded(int $size): string
{
    if ($size > 1 << 20) {
        throw broken('the transfer is damaged');
    }
    $bytes = read($size);
    read((BLOCK - $size % BLOCK) % BLOCK);
    return $bytes;
}

/** @return array<string, string> */
function parse_pax(string $text): array
{
    $records = [];
    while (preg_match('/^(\d+) /', $text, $match) === 1 && (int) $match[1] > strlen($match[0])) {
        $record = substr($text, strlen($match[0]), (int) $match[1] - strlen($match[0]) - 1);
        [$key, $value] = explode('=', $record, 2) + [1 => ''];
        $records[$key] = $value;
        $text = substr($text, (int) $match[1]);
    }
    return $records;
}

/** @param string[] $mounts */
function make_directory(string $target, array $mounts): void
{
    checked($target, $mounts);
    if (is_link($target)) {
        throw refuse("$target is there already and is no directory");
    }
    in_directory($target, $mounts, true, static function (): void {
    });
}

/** The file appears under its name only when it is whole. @param string[] $mounts */
function take_file(string $target, int $size, int $mtime, array $mounts): void
{
    if (is_dir($target)) {
        throw refuse("$target is a directory");
    }
    checked(dirname($target), $mounts);
    in_directory(dirname($target), $mounts, true, static function () use ($target, $size, $mtime): void {
        take_here($target, basename($target), $size, $mtime);
    });
}

/**
 * A new file in the working directory. `fopen` makes a whole path of a name (strace shows it) and opens that, which may lead elsewhere
 * by then, so it must not make the file: `touch` and `lstat` take names as they are. What it opens counts only when it is that very file.
 * @return resource
 */
function created(string $name, string $target)
{
    $made = !@touch($name) ? false : @lstat($name);
    $file = $made === false || ($made['mode'] & 0170000) !== 0100000 ? false : @fopen($name, 'r+b');
    if ($file === false) {
        throw broken("$target can't be written: " . last_words());
    }
    $opened = fstat($file);
    if ($opened['ino'] !== $made['ino'] || $opened['dev'] !== $made['dev']) {
        throw refuse("$target was swapped for something else while it was written");
    }
    return $file;
}

/** Into the working directory. */
function take_here(string $target, string $name, int $size, int $mtime): void
{
    $draft = '.howdah-' . bin2hex(random_bytes(6));
    try {
        $file = created($draft, $target);
        for ($left = $size; $left > 0; $left -= strlen($chunk)) {
            $chunk = read(min(CHUNK, $left));
            if (@fwrite($file, $chunk) !== strlen($chunk)) {
                throw broken("$target can't be written: " . last_words());
            }
        }
        read((BLOCK - $size % BLOCK) % BLOCK);
        if (!fflush($file) || !touch(handle_of($file), $mtime) || !fclose($file) || !rename($draft, $name)) {
            throw broken("$target can't be written: " . last_words());
        }
    } finally {
        clearstatcache();
        if (@lstat($draft) !== false) {
            @unlink($draft);
        }
    }
}

function last_words(): string
{
    $last = error_get_last();
    return $last === null ? 'no reason given' : (string) preg_replace('/^.*\): /', '', $last['message']);
}

/** @param string[] $arguments */
function main(array $arguments): void
{
    [$verb, $list, $path] = $arguments + ['', '', ''];
    $mounts = json_decode($list, true);
    if (!is_array($mounts) || $mounts === [] || count($arguments) !== 3) {
        throw new Refused('Usage: exchange.php list|pack|unpack MOUNTS PATH', 64);
    }
    switch ($verb) {
        case 'list':
            if (!file_exists(checked($path, $mounts))) {
                throw broken("$path is not there");
            }
            list_path($path, $mounts);
            return;
        case 'pack':
            if (!file_exists(checked($path, $mounts))) {
                throw broken("$path is not there");
            }
            pack_path($path, $mounts);
            return;
        case 'unpack':
            unpack_path($path, $mounts);
            return;
    }
    throw new Refused('Usage: exchange.php list|pack|unpack MOUNTS PATH', 64);
}

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
ini_set('memory_limit', '256M');
set_time_limit(0);
umask(0022);
try {
    main(array_slice($argv, 1));
    exit(0);
} catch (Refused $refused) {
    fwrite(STDERR, $refused->getMessage() . "\n");
    exit($refused->getCode());
}
