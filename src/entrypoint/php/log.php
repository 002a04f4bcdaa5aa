<?php
declare(strict_types=1);

namespace Howdah;

/**
 * One line of progress for the engine, on stderr: `howdah: {"event":...}`. Everything else on stderr is a program's own output.
 * @param array<string, mixed> $fields
 */
function emit(string $event, array $fields): void
{
    if (is_plain()) {
        fwrite(STDERR, ($fields['message'] ?? ($fields['step'] ?? $event) . ': ' . ($fields['detail'] ?? $fields['state'] ?? '')) . "\n");
        return;
    }
    $line = json_encode(['event' => $event] + $fields, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
    fwrite(STDERR, 'howdah: ' . $line . "\n");
}

/** A step's state: started, waiting, done, skipped. */
function step(string $step, string $state, string $detail = ''): void
{
    emit('step', ['step' => $step, 'state' => $state] + ($detail === '' ? [] : ['detail' => $detail]));
}

/** Something a person should know, though the work goes on. */
function notice(string $message): void
{
    emit('notice', ['message' => $message]);
}

/** True in a child that is part of a hook: its lines are the hook's output, the events are its parent's. */
function is_plain(bool $set = false): bool
{
    static $plain = false;
    $plain = $plain || $set;
    return $plain;
}
