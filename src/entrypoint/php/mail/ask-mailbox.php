<?php
// Answers `howdah mail` in JSON: php ask-mailbox.php list [SUBJECT] | wait SECONDS [SUBJECT] | show ID | raw ID | clear. A list is of mails whose subject holds the
// given text, the newest first. Runs on PHP 7.4 and later.
declare(strict_types=1);

namespace Howdah\Mail;

require_once __DIR__ . '/mailbox.php';
require_once __DIR__ . '/parse-mail.php';

/** A mail's text is cut there. */
const LONGEST_TEXT = 1 << 20;

/** @param mixed $answer */
function answer($answer): void
{
    fwrite(STDOUT, json_encode($answer, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
}

/** @param string[] $ids @return list<array<string, mixed>> */
function mails_with(string $subject, array $ids): array
{
    $found = array_filter(array_map(__NAMESPACE__ . '\summary_of', $ids));
    return array_values(array_filter($found, static fn(array $mail): bool => $subject === '' || stripos($mail['subject'], $subject) !== false));
}

/** Until there is one, or the time is over. A mail is looked at once. @return list<array<string, mixed>> */
function awaited_mails(int $seconds, string $subject): array
{
    $end = microtime(true) + $seconds;
    $seen = [];
    do {
        $new = array_diff(mail_ids(), $seen);
        $found = mails_with($subject, $new);
        if ($found !== []) {
            return $found;
        }
        $seen = array_merge($seen, $new);
        usleep(200000);
    } while (microtime(true) < $end);
    return [];
}

/** @return array<string, mixed>|null */
function shown_mail(string $id): ?array
{
    $mail = whole_mail($id);
    if ($mail === null) {
        return null;
    }
    unset($mail['parts']);
    foreach (['text', 'html'] as $kind) {
        $mail[$kind] = $mail[$kind] === null ? null : valid_utf8(substr($mail[$kind], 0, LONGEST_TEXT));
    }
    return $mail;
}

/** @param string[] $words */
function ask(array $words): int
{
    [$verb, $first, $second] = $words + ['', '', ''];
    switch ($verb) {
        case 'list':
            answer(mails_with($first, mail_ids()));
            return 0;
        case 'wait':
            answer(awaited_mails((int) $first, $second));
            return 0;
        case 'show':
            answer(shown_mail($first));
            return 0;
        case 'raw':
            fwrite(STDOUT, read_mail($first)['raw'] ?? '');
            return 0;
        case 'clear':
            answer(['deleted' => clear_mails()]);
            return 0;
    }
    fwrite(STDERR, "Usage: ask-mailbox.php list [SUBJECT] | wait SECONDS [SUBJECT] | show ID | raw ID | clear\n");
    return 64;
}

forget_old_mails();
exit(ask(array_slice($argv, 1)));
