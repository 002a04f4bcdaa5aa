<?php
declare(strict_types=1);

namespace Howdah;

/** What every program of the site finds in place: its directories, its code, its data, a database that answers. @param array<string, mixed> $configuration */
function furnish(array $configuration): void
{
    make_directories($configuration);
    catch_mail($configuration); // before there is a connection that it would inherit
    if (($configuration['codeSeed'] ?? null) !== null) {
        merge_code($configuration);
    }
    seed_mounts($configuration);
    if ($configuration['database'] !== null) {
        wait_for_database(database_address(), $configuration['database']['waitSeconds']);
    }
    await_mail($configuration);
}

/** Everything that must be true before the server answers. @param array<string, mixed> $configuration */
function prepare(array $configuration): void
{
    furnish($configuration);
    run_hooks($configuration);
}

/** What a rollout has run once, before any container of the new release starts. @param array<string, mixed> $configuration */
function migrate(array $configuration): void
{
    furnish($configuration);
    run_hooks($configuration, true);
}

/** Prepares, then becomes the server, so that the server gets the container's signals itself. */
function serve(array $configuration): void
{
    prepare($configuration);
    step('server', 'started', 'starting the server');
    become(server_command($configuration));
}

/** A worker or one-off command in the site's environment. It never installs or migrates: that is the server's start. @param string[] $argv */
function run_one_off(array $configuration, array $argv): void
{
    if ($argv === []) {
        throw new Failure('usage/invalid', EXIT_USAGE, 'Usage: entrypoint.php run -- PROGRAM [ARGUMENT…]');
    }
    furnish($configuration);
    chdir($configuration['root']);
    become($argv);
}
