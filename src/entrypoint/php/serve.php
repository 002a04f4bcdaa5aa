<?php
declare(strict_types=1);

namespace Howdah;

/** Everything that must be true before the server answers; `serve` and tests share it. @param array<string, mixed> $configuration */
function prepare(array $configuration): void
{
    make_directories($configuration);
    if (($configuration['codeSeed'] ?? null) !== null) {
        merge_code($configuration);
    }
    seed_mounts($configuration);
    if ($configuration['database'] !== null) {
        wait_for_database(database_address(), $configuration['database']['waitSeconds']);
    }
    run_hooks($configuration);
}

/** Prepares, then becomes the server, so that the server gets the container's signals itself. */
function serve(array $configuration): void
{
    prepare($configuration);
    step('server', 'started', 'starting the server');
    become($configuration['server']);
}

/** A one-off command in the site's environment. @param string[] $argv */
function run_one_off(array $configuration, array $argv): void
{
    if ($argv === []) {
        throw new Failure('usage/invalid', EXIT_USAGE, 'Usage: entrypoint.php run -- PROGRAM [ARGUMENT…]');
    }
    make_directories($configuration);
    if ($configuration['database'] !== null) {
        wait_for_database(database_address(), $configuration['database']['waitSeconds']);
    }
    chdir($configuration['root']);
    become($argv);
}
