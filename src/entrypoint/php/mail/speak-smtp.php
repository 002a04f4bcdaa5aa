<?php
declare(strict_types=1);

namespace Howdah\Mail;

/** Seconds that a client may be silent. */
const SILENCE = 60;
const MOST_RECIPIENTS = 500;
const LONGEST_COMMAND = 4096;

/**
 * One client's whole visit (RFC 5321): everything it sends is taken, whoever it says it is and whatever password it shows, which is not kept. No STARTTLS: no
 * certificate of ours would be trusted, and a client that may do without does.
 */
final class SmtpVisit
{
    /** @var resource */
    private $stream;
    private ?string $from = null;
    /** @var string[] */
    private array $to = [];

    /** @param resource $stream */
    public function __construct($stream)
    {
        $this->stream = $stream;
        stream_set_timeout($stream, SILENCE);
    }

    public function serve(): void
    {
        $this->say('220 mail.howdah.internal ESMTP: mails of this environment are caught');
        while (($line = $this->line()) !== null && $this->obey($line)) {
        }
        @fclose($this->stream);
    }

    /** False: the visit is over. */
    private function obey(string $line): bool
    {
        $verb = strtoupper((string) strtok($line, " \r\n"));
        $rest = trim(substr($line, strlen($verb)));
        switch ($verb) {
            case 'EHLO':
                $this->forget();
                $this->say("250-mail.howdah.internal\r\n250-SIZE " . LONGEST_MAIL . "\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n250 HELP");
                return true;
            case 'HELO':
            case 'RSET':
                $this->forget();
                $this->say('250 OK');
                return true;
            case 'AUTH':
                $this->signIn($rest);
                return true;
            case 'MAIL':
                $this->sender($rest);
                return true;
            case 'RCPT':
                $this->recipient($rest);
                return true;
            case 'DATA':
                return $this->data();
            case 'NOOP':
            case 'VRFY':
            case 'HELP':
                $this->say('250 OK');
                return true;
            case 'QUIT':
                $this->say('221 Bye');
                return false;
            case 'STARTTLS':
                $this->say('502 There is no TLS here: nothing leaves this environment');
                return true;
        }
        $this->say('500 That is no command of SMTP');
        return true;
    }

    private function signIn(string $rest): void
    {
        [$how, $first] = explode(' ', strtoupper($rest) . ' ', 2);
        $questions = ['PLAIN' => trim($first) === '' ? [''] : [], 'LOGIN' => ['VXNlcm5hbWU6', 'UGFzc3dvcmQ6'], 'CRAM-MD5' => ['PDFAaG93ZGFoPg=='], 'XOAUTH2' => trim($first) === '' ? [''] : []];
        if (!isset($questions[$how])) {
            $this->say('504 That way of signing in is not known here');
            return;
        }
        $asked = $questions[$how];
        if ($how === 'LOGIN' && trim($first) !== '') {
            array_shift($asked);
        }
        foreach ($asked as $question) {
            $this->say("334 $question");
            $answer = $this->line();
            if ($answer === null || trim($answer) === '*') {
                $this->say('501 Given up');
                return;
            }
        }
        $this->say('235 Whoever you are');
    }

    private function sender(string $rest): void
    {
        if (preg_match('/^FROM:\s*<?([^<>\s]*)>?/i', $rest, $found) !== 1) {
            $this->say('501 MAIL FROM:<address>');
            return;
        }
        if (preg_match('/\sSIZE=(\d{1,18})/i', $rest, $size) === 1 && (int) $size[1] > LONGEST_MAIL) {
            $this->say('552 The mail is longer than ' . (LONGEST_MAIL >> 20) . ' MiB');
            return;
        }
        $this->forget();
        $this->from = $found[1];
        $this->say('250 OK');
    }

    private function recipient(string $rest): void
    {
        if ($this->from === null || preg_match('/^TO:\s*<?([^<>\s]+)>?/i', $rest, $found) !== 1) {
            $this->say($this->from === null ? '503 MAIL first' : '501 RCPT TO:<address>');
            return;
        }
        if (count($this->to) >= MOST_RECIPIENTS) {
            $this->say('452 Too many recipients');
            return;
        }
        $this->to[] = $found[1];
        $this->say('250 OK');
    }

    /** Takes the mail's lines up to the one with a single dot. */
    private function data(): bool
    {
        if ($this->from === null || $this->to === []) {
            $this->say('503 MAIL and RCPT first');
            return true;
        }
        $this->say('354 Go on, end with a line that is a dot');
        $refused = null;
        $draft = null;
        try {
            $draft = begin_mail(['from' => $this->from, 'to' => $this->to, 'by' => 'smtp']);
        } catch (Refused $problem) {
            $refused = $problem;
        }
        $begins = true;
        while (($piece = @fgets($this->stream, 65536)) !== false) {
            if ($begins && ($piece === ".\r\n" || $piece === ".\n")) {
                $this->settle($draft, $refused);
                return true;
            }
            $text = $begins && $piece[0] === '.' ? substr($piece, 1) : $piece;
            $begins = substr($piece, -1) === "\n";
            try {
                if ($draft !== null && $refused === null) {
                    add_to_mail($draft, $text);
                }
            } catch (Refused $problem) {
                $refused = $problem;
            }
        }
        if ($draft !== null) {
            discard_mail($draft);
        }
        return false;
    }

    private function settle(?Draft $draft, ?Refused $refused): void
    {
        $this->forget();
        try {
            if ($draft === null || $refused !== null) {
                throw $refused ?? new Refused('The mail can\'t be kept');
            }
            $this->say('250 Caught as ' . keep_mail($draft));
        } catch (Refused $problem) {
            if ($draft !== null) {
                discard_mail($draft);
            }
            $this->say(($draft !== null && $draft->bytes > LONGEST_MAIL ? '552 ' : '452 ') . $problem->getMessage());
        }
    }

    private function forget(): void
    {
        $this->from = null;
        $this->to = [];
    }

    private function say(string $text): void
    {
        @fwrite($this->stream, "$text\r\n");
    }

    private function line(): ?string
    {
        $line = @fgets($this->stream, LONGEST_COMMAND);
        return $line === false ? null : $line;
    }
}
