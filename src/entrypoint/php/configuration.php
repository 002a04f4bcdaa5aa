<?php
declare(strict_types=1);

namespace Howdah;

/**
 * Reads what src/render/php/entrypoint-config.ts rendered. Values are trusted to have that shape; the file is part of the release.
 * @return array<string, mixed>
 */
function read_configuration(string $path): array
{
    $text = @file_get_contents($path);
    if ($text === false) {
        throw new Failure('site/files-failed', EXIT_CONFIGURATION, "The configuration $path can't be read");
    }
    $configuration = json_decode($text, true);
    if (!is_array($configuration) || ($configuration['schema'] ?? null) !== 2) {
        throw new Failure('site/files-failed', EXIT_CONFIGURATION, "The configuration $path is not one that this entrypoint understands");
    }
    return $configuration;
}

/**
 * Where the database is, from the environment.
 * @return array{host: string, port: int, name: string, user: string, password: string}
 */
function database_address(): array
{
    $value = static function (string $name): string {
        $found = getenv($name);
        if ($found === false || $found === '') {
            throw new Failure('database/unreachable', EXIT_CONFIGURATION, "The environment has no $name, so the database is not known");
        }
        return $found;
    };
    return [
        'host' => $value('DB_HOST'),
        'port' => (int) (getenv('DB_PORT') ?: 3306),
        'name' => $value('DB_NAME'),
        'user' => $value('DB_USER'),
        'password' => (string) getenv('DB_PASSWORD'),
    ];
}

/** Makes the directories that PHP needs on memory file systems, which are empty at each start. @param array<string, mixed> $configuration */
function make_directories(array $configuration): void
{
    foreach ($configuration['directories'] ?? [] as $directory) {
        if (!is_dir($directory) && !@mkdir($directory, 0700, true) && !is_dir($directory)) {
            throw new Failure('site/files-failed', EXIT_FILES, "The directory $directory can't be made");
        }
    }
}
