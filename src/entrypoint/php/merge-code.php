<?php
declare(strict_types=1);

namespace Howdah;

/**
 * For `code: writable`: the tree lives on a volume, the image carries the sealed one. A newer image is merged in by comparing three
 * hashes of each file: as it was seeded (base), as it is on the volume (local), as the image has it (upstream). What was edited on the
 * site is never overwritten. Killed at any moment, it starts over: what is already equal is left alone, the manifest is written last.
 */
function merge_code(array $configuration): void
{
    $root = $configuration['root'];
    $seed = $configuration['codeSeed'];
    $own = own_directory($root);
    $lock = lock_file("$own/merge.lock", 'code');
    $release = getenv('HOWDAH_RELEASE') ?: $configuration['codeRelease'];
    $manifest = json_decode((string) @file_get_contents("$own/manifest.json"), true);
    if (!is_array($manifest) || $manifest['release'] !== $release) {
        step('code', 'started', is_array($manifest) ? 'merging a newer release into the code volume' : 'filling the code volume');
        $skip = array_column($configuration['mounts'], 'path');
        $upstream = hash_tree($seed, $skip);
        $counts = merge_trees($seed, $root, is_array($manifest) ? $manifest['files'] : [], $upstream, $skip);
        write_file("$own/manifest.json", (string) json_encode(['release' => $release, 'files' => $upstream], JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE));
        step('code', 'done', "code volume: {$counts['written']} written, {$counts['removed']} removed, {$counts['kept']} kept as edited, {$counts['conflict']} in conflict");
    }
    fclose($lock);
}

/**
 * Every file below a directory, by path: its sha256, or where a symlink points.
 * @param string[] $skip paths that are volumes of their own
 * @return array<string, string>
 */
function hash_tree(string $root, array $skip): array
{
    $hashes = [];
    $walk = static function (string $below) use (&$walk, &$hashes, $root, $skip): void {
        foreach (names_in($below === '' ? $root : "$root/$below") as $name) {
            check_stop();
            $path = $below === '' ? $name : "$below/$name";
            if (in_array($path, $skip, true)) {
                continue;
            }
            if (is_dir("$root/$path") && !is_link("$root/$path")) {
                if (names_in("$root/$path") === []) {
                    $hashes[$path] = 'directory'; // only empty ones: the others come with their files
                }
                $walk($path);
            } else {
                $hashes[$path] = hash_entry("$root/$path");
            }
        }
    };
    $walk('');
    return $hashes;
}

/** A file's identity, or '' when there is none (a directory counts as something else). */
function hash_entry(string $path): string
{
    if (is_link($path)) {
        return 'link:' . readlink($path);
    }
    if (is_dir($path)) {
        return 'directory';
    }
    return is_file($path) ? (string) hash_file('sha256', $path) : '';
}

/**
 * @param array<string, string> $base
 * @param array<string, string> $upstream
 * @param string[] $skip
 * @return array{written: int, removed: int, kept: int, conflict: int}
 */
function merge_trees(string $seed, string $root, array $base, array $upstream, array $skip): array
{
    $counts = ['written' => 0, 'removed' => 0, 'kept' => 0, 'conflict' => 0];
    foreach (array_keys($base + $upstream) as $path) {
        check_stop();
        $path = (string) $path;
        if (in_array($path, $skip, true)) {
            continue;
        }
        $was = $base[$path] ?? '';
        $wanted = $upstream[$path] ?? '';
        $local = hash_entry("$root/$path");
        if ($local === $wanted) {
            continue;
        }
        if ($local === $was) {
            $wanted === '' ? remove_entry($root, $path) : put_entry("$seed/$path", $root, $path);
            $counts[$wanted === '' ? 'removed' : 'written']++;
        } elseif ($was === $wanted) {
            $counts['kept']++;
        } else {
            $counts['conflict']++;
            keep_both($seed, $root, $path, $wanted !== '');
        }
    }
    return $counts;
}

/** Local edit and upstream change: the edit stays, the new version lies beside it, and both are named. */
function keep_both(string $seed, string $root, string $path, bool $upstreamHasIt): void
{
    $beside = null;
    $kept = file_exists("$root/$path") || is_link("$root/$path") ? 'your edit is kept' : 'it stays deleted';
    if ($upstreamHasIt && !is_dir(dirname("$root/$path")) && file_exists(dirname("$root/$path"))) {
        $kept .= ', a file of yours is where its directory would be'; // so nothing can lie beside it
    } elseif ($upstreamHasIt) {
        put_entry("$seed/$path", $root, "$path.howdah-new");
        $beside = "$path.howdah-new";
    }
    $new = $beside === null ? ($upstreamHasIt ? '' : ', upstream has removed it') : ", the new version lies beside it as $beside";
    step('code', 'conflict', "$path was changed here and upstream: $kept$new", ['path' => $path, 'beside' => $beside]);
}

/** Puts a copy in place by rename, so that a running site sees the old file or the new one. */
function put_entry(string $from, string $root, string $path): void
{
    $to = "$root/$path";
    $parent = is_dir($from) && !is_link($from) ? $to : dirname($to);
    if (!is_dir($parent) && !@mkdir($parent, 0755, true)) {
        throw files_failed("Can't make the directory", $parent);
    }
    if ($parent === $to) {
        return;
    }
    $draft = "$root/" . OWN . '/merge-draft';
    remove_tree($draft);
    copy_tree($from, $draft);
    if (!@rename($draft, $to)) {
        throw files_failed("Can't put in place", $to);
    }
}

function remove_entry(string $root, string $path): void
{
    is_dir("$root/$path") && !is_link("$root/$path") ? @rmdir("$root/$path") : @unlink("$root/$path");
    for ($parent = dirname($path); $parent !== '.' && @rmdir("$root/$parent"); $parent = dirname($parent)) {
        // upward, as long as directories are empty
    }
}
