<?php
// Where an environment's mail is kept: one file for each, made whole elsewhere and renamed. The first line is the envelope
// as a query (PHP 7.4 of Debian has no JSON without its settings), the rest is what was sent.
declare(strict_types=1);

namespace Howdah\Mail;

/** No more mails than that, nor more bytes, nor older ones: the oldest go first. */
const MOST_MAILS = 1000;
const MOST_BYTES = 200 << 20;
const MOST_DAYS = 14;
/** One mail. */
const LONGEST_MAIL = 25 << 20;
const MAIL_ID = '/^\d{8}T\d{6}\.\d{6}-[0-9a-f]{8}$/D';

/** A mail can't be taken: the words are for whoever sends it. */
final class Refused extends \RuntimeException
{
}

function mail_directory(): string
{
    $own = getenv('HOWDAH_MAIL_DIRECTORY');
    return $own === false || $own === '' ? '/var/lib/howdah/mail' : $own;
}

function mail_path(string $id): string
{
    return mail_directory() . "/$id.eml";
}

/** A mail that is being received: nobody sees it before `keep_mail`. */
final class Draft
{
    /** @var resource */
    public $file;
    public string $path;
    public int $bytes = 0;

    /** @param resource $file */
    public function __construct($file, string $path)
    {
        $this->file = $file;
        $this->path = $path;
    }
}

/**
 * @param array{from: string, to: string[], by: string} $envelope `by`: how it was sent, `mail()`, `sendmail` or `smtp`
 * @throws Refused
 */
function begin_mail(array $envelope): Draft
{
    $directory = mail_directory();
    $path = "$directory/." . bin2hex(random_bytes(8)) . '.part';
    $file = @fopen($path, 'xb');
    if ($file === false) {
        throw new Refused('The mailbox of this environment can\'t be written');
    }
    $draft = new Draft($file, $path);
    write_all($draft, http_build_query($envelope) . "\n");
    return $draft;
}

/** @throws Refused */
function add_to_mail(Draft $draft, string $bytes): void
{
    $draft->bytes += strlen($bytes);
    if ($draft->bytes > LONGEST_MAIL) {
        throw new Refused('The mail is longer than ' . (LONGEST_MAIL >> 20) . ' MiB');
    }
    write_all($draft, $bytes);
}

/** @throws Refused */
function write_all(Draft $draft, string $bytes): void
{
    if (@fwrite($draft->file, $bytes) !== strlen($bytes)) {
        throw new Refused('The disk of this environment\'s mailbox is full');
    }
}

/** Makes it a mail of the mailbox and answers its name, which says when it came. @throws Refused */
function keep_mail(Draft $draft): string
{
    $now = \DateTimeImmutable::createFromFormat('U.u', sprintf('%.6F', microtime(true)));
    $id = ($now === false ? gmdate('Ymd\THis') . '.000000' : $now->format('Ymd\THis.u')) . '-' . bin2hex(random_bytes(4));
    if (!@fclose($draft->file) || !@rename($draft->path, mail_path($id))) {
        @unlink($draft->path);
        throw new Refused('The mailbox of this environment can\'t be written');
    }
    forget_old_mails();
    return $id;
}

function discard_mail(Draft $draft): void
{
    @fclose($draft->file);
    @unlink($draft->path);
}

/** Stores a whole mail. @param array{from: string, to: string[], by: string} $envelope @throws Refused */
function store_mail(array $envelope, string $raw): string
{
    $draft = begin_mail($envelope);
    try {
        add_to_mail($draft, $raw);
        return keep_mail($draft);
    } catch (Refused $refused) {
        discard_mail($draft);
        throw $refused;
    }
}

/** The names of all mails, the newest first. @return string[] */
function mail_ids(): array
{
    $found = [];
    foreach (@scandir(mail_directory(), SCANDIR_SORT_DESCENDING) ?: [] as $name) {
        $id = substr($name, 0, -4);
        if (substr($name, -4) === '.eml' && preg_match(MAIL_ID, $id) === 1) {
            $found[] = $id;
        }
    }
    return $found;
}

/**
 * What is known of a mail, and what was sent or its beginning. Null for one that is not there.
 * @return array{envelope: array{from: string, to: string[], by: string}, raw: string, bytes: int}|null
 */
function read_mail(string $id, int $most = LONGEST_MAIL): ?array
{
    $file = preg_match(MAIL_ID, $id) === 1 ? @fopen(mail_path($id), 'rb') : false;
    if ($file === false) {
        return null;
    }
    $line = (string) fgets($file, 1 << 20);
    $raw = (string) stream_get_contents($file, $most);
    $size = (int) (fstat($file)['size'] ?? 0);
    fclose($file);
    parse_str(rtrim($line, "\n"), $envelope);
    $texts = static fn($list): array => array_values(array_filter(is_array($list) ? $list : [], 'is_string'));
    return [
        'envelope' => [
            'from' => is_string($envelope['from'] ?? null) ? $envelope['from'] : '',
            'to' => $texts($envelope['to'] ?? null),
            'by' => is_string($envelope['by'] ?? null) ? $envelope['by'] : '',
        ],
        'raw' => $raw,
        'bytes' => max(0, $size - strlen($line)),
    ];
}

/** When a mail came, from its name: RFC 3339 in UTC. */
function received_at(string $id): string
{
    return preg_replace('/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})\.(\d{3}).*$/D', '$1-$2-$3T$4:$5:$6.$7Z', $id) ?? '';
}

function delete_mail(string $id): bool
{
    return preg_match(MAIL_ID, $id) === 1 && @unlink(mail_path($id));
}

function clear_mails(): int
{
    return count(array_filter(array_map(__NAMESPACE__ . '\delete_mail', mail_ids())));
}

/** Keeps within the bounds; two at once only find less to do. */
function forget_old_mails(): void
{
    $oldest = time() - MOST_DAYS * 86400;
    $bytes = 0;
    foreach (mail_ids() as $index => $id) {
        $stat = @stat(mail_path($id));
        $bytes += $stat === false ? 0 : $stat['size'];
        if ($index >= MOST_MAILS || ($index > 0 && $bytes > MOST_BYTES) || ($stat !== false && $stat['mtime'] < $oldest)) {
            delete_mail($id);
        }
    }
    // What was cut off while it was received.
    foreach (@scandir(mail_directory()) ?: [] as $name) {
        $path = mail_directory() . "/$name";
        if (substr($name, -5) === '.part' && (int) @filemtime($path) < time() - 3600) {
            @unlink($path);
        }
    }
}
