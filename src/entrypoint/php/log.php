<?php
declare(strict_types=1);

namespace Howdah;

/** The engine reads lines of at most 4096 bytes. */
const LONGEST_MESSAGE = 1500;

/**
 * One line of progress for the engine, on stderr: `howdah: {"event":"step"|"failed","message":...}`. Everything else on stderr is a
 * program's own output.
 * @param array<string, mixed> $fields
 */
function emit(string $event, string $message, array $fields): void
{
    $message = shortened($message);
    if (is_plain()) {
        fwrite(STDERR, $message . "\n");
        return;
    }
    $fields = ['event' => $event, 'message' => $message] + $fields;
    fwrite(STDERR, 'howdah: ' . json_encode($fields, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
}

function shortened(string $message): string
{
    return strlen($message) > LONGEST_MESSAGE ? (string) preg_replace('/[\x80-\xff]+$/', '', substr($message, 0, LONGEST_MESSAGE)) . '…' : $message;
}

/**
 * How far a step is. Steps: code, mounts, database, ledger, install, migrate, sql, server. States: started, waiting, done, skipped, notice.
 * @param array<string, mixed> $more
 */
function step(string $step, string $state, string $message, array $more = []): void
{
    emit('step', $message, ['step' => $step, 'state' => $state] + $more);
}

/**
 * True in a child that is part of a hook: its lines are the hook's output, the events are its parent's; and for a person's one-off
 * (HOWDAH_PLAIN), who reads words.
 */
function is_plain(bool $set = false): bool
{
    static $plain = null;
    $plain ??= getenv('HOWDAH_PLAIN') === '1';
    $plain = $plain || $set;
    return $plain;
}
