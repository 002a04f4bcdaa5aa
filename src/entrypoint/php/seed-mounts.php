<?php
declare(strict_types=1);

namespace Howdah;

/**
 * Gives an empty volume what the code has at that path. A kill at any moment leaves a journal, so the next start goes on; entries
 * appear whole, by rename; data that was there before is never touched.
 * @param array{target: string, seed: ?string} $mount
 */
function seed_mount(array $mount): void
{
    $target = $mount['target'];
    if (!is_dir($target) || !is_writable($target)) {
        throw new Failure('site/files-failed', EXIT_FILES, "The volume at $target is missing or not writable for uid " . posix_geteuid());
    }
    if (($mount['seed'] ?? null) === null || !is_dir($mount['seed']) || is_file("$target/" . OWN . '/seeded')) {
        return;
    }
    $own = own_directory($target);
    $lock = lock_file("$own/seed.lock", 'mounts');
    $journal = "$own/seeding";
    if (!is_file("$own/seeded")) {
        if (is_file($journal) || names_in($target) === []) {
            step('mounts', 'started', "filling $target from the image");
            write_file($journal, gmdate('c') . "\n");
            move_in($mount['seed'], $target, $own);
        }
        write_file("$own/seeded", gmdate('c') . "\n");
        @unlink($journal);
    }
    fclose($lock);
}

function move_in(string $seed, string $target, string $own): void
{
    $draft = "$own/seed-draft";
    remove_tree($draft);
    foreach (array_diff((array) scandir($seed), ['.', '..', OWN]) as $name) {
        if (file_exists("$target/$name") || is_link("$target/$name")) {
            continue; // came in whole before we were interrupted
        }
        if (!is_dir($draft)) {
            mkdir($draft, 0700);
        }
        copy_tree("$seed/$name", "$draft/$name");
        if (!@rename("$draft/$name", "$target/$name")) {
            throw files_failed("Can't move into place", "$target/$name");
        }
    }
    remove_tree($draft);
}

/** @param array<string, mixed> $configuration */
function seed_mounts(array $configuration): void
{
    foreach ($configuration['mounts'] as $mount) {
        seed_mount($mount);
    }
}
