<?php
// What `sendmail_path` names in an environment: php -n sendmail.php [-t] [-i] [-f FROM] [RECIPIENT…], the mail on stdin.
declare(strict_types=1);

namespace Howdah\Mail;

require_once __DIR__ . '/mailbox.php';
require_once __DIR__ . '/addresses.php';

/** @param string[] $words @return array{from: string, to: string[], fromHeaders: bool} */
function sendmail_words(array $words): array
{
    $found = ['from' => '', 'to' => [], 'fromHeaders' => false];
    while (($word = array_shift($words)) !== null) {
        if ($word === '-t') {
            $found['fromHeaders'] = true;
        } elseif (preg_match('/^-[fr](.*)$/', $word, $sender) === 1) {
            $found['from'] = $sender[1] !== '' ? $sender[1] : (string) array_shift($words);
        } elseif (in_array($word, ['-F', '-o', '-N', '-R', '-B', '-h', '-O', '-p', '-q', '-L', '-X'], true)) {
            array_shift($words);
        } elseif ($word !== '' && $word[0] !== '-') {
            $found['to'][] = $word;
        }
    }
    return $found;
}

umask(0077);
$words = sendmail_words(array_slice($argv, 1));
$raw = (string) stream_get_contents(STDIN, LONGEST_MAIL + 1);
$to = array_merge($words['to'], $words['fromHeaders'] ? recipients_in($raw) : []);
try {
    store_mail(['from' => $words['from'] !== '' ? $words['from'] : sender_in($raw), 'to' => array_values(array_unique($to)), 'by' => 'sendmail'], $raw);
} catch (Refused $refused) {
    fwrite(STDERR, $refused->getMessage() . "\n");
    exit(75);
}
