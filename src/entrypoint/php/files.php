<?php
declare(strict_types=1);

namespace Howdah;

/** Our own directory on a volume: hidden, and refused by nginx like every dot file. */
const OWN = '.howdah';

function files_failed(string $what, string $path): Failure
{
    $last = error_get_last();
    $why = $last === null ? '' : ': ' . preg_replace('/^.*\): /', '', $last['message']);
    return new Failure('site/files-failed', EXIT_FILES, "$what $path$why");
}

function own_directory(string $volume): string
{
    $directory = $volume . '/' . OWN;
    if (!is_dir($directory) && !@mkdir($directory, 0700, true) && !is_dir($directory)) {
        throw files_failed("Can't write to the volume at", $volume);
    }
    return $directory;
}

/** Waits for a lock that the kernel frees when we die. @return resource */
function lock_file(string $path, string $step)
{
    $handle = @fopen($path, 'c');
    if ($handle === false) {
        throw files_failed("Can't open", $path);
    }
    $told = 0.0;
    while (!flock($handle, LOCK_EX | LOCK_NB)) {
        if (microtime(true) - $told > 5) {
            $told = microtime(true);
            step($step, 'waiting', 'waiting: another replica prepares');
        }
        rest(0.2);
    }
    return $handle;
}

/** Whole or not at all: readers see the old content or the new one. */
function write_file(string $path, string $content, int $mode = 0600): void
{
    $draft = $path . '.' . getmypid() . '.tmp';
    if (@file_put_contents($draft, $content) !== strlen($content) || !@chmod($draft, $mode) || !@rename($draft, $path)) {
        $failure = files_failed("Can't write", $path);
        @unlink($draft);
        throw $failure;
    }
}

/** @return string[] names in a directory, without our own */
function names_in(string $directory): array
{
    $names = @scandir($directory);
    if ($names === false) {
        throw files_failed("Can't read", $directory);
    }
    return array_values(array_diff($names, ['.', '..', OWN, 'lost+found']));
}

/** Copies a file, a symlink or a whole directory, with modes and times. */
function copy_tree(string $from, string $to): void
{
    check_stop();
    if (is_link($from)) {
        if (!@symlink((string) readlink($from), $to)) {
            throw files_failed("Can't make the link", $to);
        }
        return;
    }
    if (is_dir($from)) {
        if (!is_dir($to) && !@mkdir($to, 0700)) {
            throw files_failed("Can't make the directory", $to);
        }
        foreach (array_diff((array) scandir($from), ['.', '..']) as $name) {
            copy_tree("$from/$name", "$to/$name");
        }
    } elseif (!@copy($from, $to)) {
        throw files_failed("Can't copy to", $to);
    }
    // The owner must be able to go on writing: volumes are for writing, whatever the image's modes were.
    @chmod($to, (fileperms($from) & 0777) | (is_dir($to) ? 0700 : 0600));
    @touch($to, (int) filemtime($from));
}

function remove_tree(string $path): void
{
    if (is_link($path) || !is_dir($path)) {
        @unlink($path);
        return;
    }
    foreach (array_diff((array) @scandir($path), ['.', '..']) as $name) {
        remove_tree("$path/$name");
    }
    @rmdir($path);
}
