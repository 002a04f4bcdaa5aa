<?php
declare(strict_types=1);

namespace Howdah;

/**
 * A hook that failed is not repeated by the attempt that saw it fail, however often its containers are restarted and whatever replicas
 * come later: they refuse in the words of the first time. Who asks for another attempt (`howdah up`) has it run again.
 */
function refuse_repeat(?array $row, string $hook, int $exit): void
{
    if ($row === null || $row['state'] !== 'failed' || attempt() === '') {
        return;
    }
    $note = read_failure_note($row);
    if ($note['attempt'] === attempt()) {
        step($hook, 'skipped', 'it failed in this attempt already, so it is not run again');
        throw new Failure("site/$hook-failed", $exit, $note['message']);
    }
}

/** Names the start that somebody asked for, the same in all its containers and their restarts; '' when nobody says. */
function attempt(): string
{
    return (string) getenv('HOWDAH_ATTEMPT');
}

/** What the ledger keeps of a failure, as `detail`. @param string $fingerprint of the data right after it */
function failure_note(string $message, string $fingerprint): string
{
    $note = ['attempt' => attempt(), 'message' => shortened($message), 'fingerprint' => $fingerprint];
    return (string) json_encode($note, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
}

/** @param array{detail: string} $row @return array{attempt: string, message: string, fingerprint: string} */
function read_failure_note(array $row): array
{
    $note = json_decode($row['detail'], true);
    return (is_array($note) ? $note : []) + ['attempt' => '', 'message' => '', 'fingerprint' => ''];
}
